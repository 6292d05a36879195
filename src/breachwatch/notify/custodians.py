"""Notices and reminders to the custodians of holds, by the channels that reach them; who has none is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from breachwatch.errors import UsageError
from breachwatch.evidence import holds
from breachwatch.evidence.holds import Custodian, HoldRecord
from breachwatch.model.finding import Level
from breachwatch.model.people import Actor, Permission
from breachwatch.notify import outbox
from breachwatch.notify.outbox import Kind, Message
from breachwatch.notify.secrets import known_secrets
from breachwatch.notify.wording import outgoing
from breachwatch.people import require
from breachwatch.report.letters import as_text
from breachwatch.report.preservation import preservation_notice
from breachwatch.workspace import Workspace

_LONGEST_REASON = 600


@dataclass(frozen=True, slots=True)
class Reminded:
    """A custodian who has not acknowledged, and how they are told: by these channels, by hand where there is none."""

    hold: str
    person: str
    kind: str  # notice, reminder
    channels: tuple[str, ...]


def remind(ws: Workspace, number: str = "", *, by: Actor) -> tuple[Reminded, ...]:
    """Tell whoever has not acknowledged a hold in force (all of them without `number`), at most once a day.

    The first time it is the notice, then a reminder. The next `send` sends it. Who is reached by no channel is returned
    without one: write the letter and hand it over. Raises NotPermittedError, UnknownNameError, UsageError.
    """
    require(by, Permission.PLACE_HOLD)
    wanted = [holds.record(ws, number, by=by)] if number else list(holds.records(ws, by=by))
    if number and wanted[0].hold.released_at is not None:
        msg = f"{number} was released: nobody needs to be reminded."
        raise UsageError(msg)
    secrets = known_secrets(ws)
    missing = [(record, person) for record in wanted for person in record.unacknowledged]
    return tuple(_remind(ws, record, person, by, secrets) for record, person in missing)


def _remind(ws: Workspace, record: HoldRecord, person: Custodian, by: Actor, secrets: frozenset[str]) -> Reminded:
    kind = "reminder" if person.told else "notice"
    channels = tuple(channel.name for channel in ws.settings.notify.channels if person.person in channel.people)
    messages = list(_messages(ws, record, person, kind, channels))
    if messages:
        now = ws.clock.now()
        with ws.database.write() as connection:
            for message in outbox.enter(connection, messages, secrets):
                holds.enter_told(
                    connection,
                    record.hold.number,
                    person.person,
                    kind=kind,
                    how=f"channel {message.channel}",
                    text=message.body,
                    by=by,
                    at=now,
                )
    return Reminded(record.hold.number, person.person, kind, channels)


def _messages(
    ws: Workspace, record: HoldRecord, person: Custodian, kind: str, channels: tuple[str, ...]
) -> Iterator[Message]:
    now, city = ws.clock.now(), ws.settings.city
    harmless = _harmless(record)
    named = Custodian(person.person, outgoing(person.name), outgoing(person.title), outgoing(person.contact))
    letter = preservation_notice(harmless, named, outgoing(city.name), city.zone, reminder=kind == "reminder")
    for channel in channels:
        yield Message(
            key=f"{record.hold.number}/{now.astimezone(city.zone):%Y-%m-%d}/{person.person}/{channel}"[:255],
            kind=Kind.HOLD,
            subject=record.hold.number,
            severity=Level.HIGH,
            stage=0,
            roles=(),
            channel=channel,
            title=letter.title,
            body=as_text(letter),
            created_at=now,
            not_before=now,
        )


def _harmless(record: HoldRecord) -> HoldRecord:
    """The hold with values as they may leave the house."""
    hold = record.hold
    said = replace(
        hold,
        reason=outgoing(hold.reason, _LONGEST_REASON),
        authority=outgoing(hold.authority, _LONGEST_REASON),
        placed_by=outgoing(hold.placed_by),
        items=tuple((kind, outgoing(value)) for kind, value in hold.items),
    )
    return replace(record, hold=said)
