"""Reminders of clocks: at half of the time, four fifths, and when they are due; then the next ones up are told.

Each is told once for each clock, step and date: a clock that moved reminds anew, a paused one is quiet. Of steps that
passed while nothing ran, only the last is told. Without channels the digest and `breachwatch clocks` show them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from breachwatch.model.finding import Level
from breachwatch.model.people import Role, program
from breachwatch.notify import outbox, reminder_texts
from breachwatch.notify.channels import channels_for
from breachwatch.notify.outbox import Kind, Message
from breachwatch.notify.planning import after_quiet
from breachwatch.respond.reminders.running import Of, Running, Step, running
from breachwatch.workspace import Workspace

_SEVERITY = {
    Step.HALF: Level.MEDIUM,
    Step.FOUR_FIFTHS: Level.HIGH,
    Step.DUE: Level.CRITICAL,
    Step.ESCALATED: Level.CRITICAL,
}
_STAGE = {step: stage for stage, step in enumerate(Step)}

Due = tuple[Running, Step]
"""A clock, and the step that it has come to."""


def plan_reminders(ws: Workspace, secrets: frozenset[str]) -> int:
    """Enter the reminders whose time has come into the outbox; how many messages that are. See `planning.plan`."""
    if not ws.settings.notify.channels:
        return 0
    wanted = [message for item in due_now(ws) for message in _messages(ws, item)]
    known = _known(ws, (message.key for message in wanted))
    new = _folded(ws, [message for message in wanted if message.key not in known])
    if not new:
        return 0
    with ws.database.write() as connection:
        return len(outbox.enter(connection, new, secrets))


def due_now(ws: Workspace) -> list[Due]:
    """The clocks that have come to a step, the next safe date first."""
    now, after = ws.clock.now(), timedelta(minutes=ws.settings.notify.clocks.escalate_minutes)
    found = [(clock, clock.step(now, after)) for clock in running(ws, by=program())]
    return [(clock, step) for clock, step in found if step is not None]


def still_wanted(ws: Workspace) -> frozenset[str]:
    """The keys of the reminders that fit the clocks as they are now."""
    return frozenset(message.key for item in due_now(ws) for message in _messages(ws, item))


def roles_for(ws: Workspace, of: Of, step: Step) -> tuple[Role, ...]:
    """Who is reminded of a clock at a step; where nobody is reached when it is due, the next ones up are at once."""
    clocks = ws.settings.notify.clocks
    first = {
        Of.INCIDENT: clocks.incident,
        Of.REQUEST: clocks.request,
        Of.REPORT: (Role.HELPDESK,),
        Of.COMPLAINT: (Role.HELPDESK, Role.RECORDS_OFFICER),
    }[of]
    if step is Step.ESCALATED or (step is Step.DUE and not channels_for(ws, first)):
        return clocks.escalate
    return first


def _messages(ws: Workspace, item: Due) -> Iterable[Message]:
    clock, step = item
    now, city = ws.clock.now(), ws.settings.city
    for channel, reached in channels_for(ws, roles_for(ws, clock.of, step)).items():
        yield Message(
            key=_key(clock, step, channel),
            kind=Kind.CLOCK,
            subject=clock.subject,
            severity=_SEVERITY[step],
            stage=_STAGE[step],
            roles=reached,
            channel=channel,
            title=reminder_texts.title(clock, step, city.zone),
            body=reminder_texts.body(clock, step, city.name, city.zone),
            created_at=now,
            not_before=after_quiet(ws, now, _SEVERITY[step], reached),
        )


def _key(clock: Running, step: Step, channel: str) -> str:
    return f"clock/{clock.subject}/{clock.about}/{step.value}/{clock.reading}/{clock.safe:%Y%m%dT%H%M}/{channel}"[:255]


def _known(ws: Workspace, keys: Iterable[str]) -> set[str]:
    with ws.database.read() as connection:
        return outbox.known_keys(connection, keys)


def _folded(ws: Workspace, new: Sequence[Message]) -> list[Message]:
    """The messages, those of a channel made one where they are too many; the single ones stay on record."""
    by_channel: dict[str, list[Message]] = defaultdict(list)
    for message in new:
        by_channel[message.channel].append(message)
    made: list[Message] = []
    for channel, many in by_channel.items():
        if len(many) <= ws.settings.notify.most_at_once:
            made += many
            continue
        now = ws.clock.now()
        highest = max(message.severity for message in many)
        roles = tuple(dict.fromkeys(role for message in many for role in message.roles))
        made += outbox.as_folded(many)
        made.append(
            Message(
                key=f"clocks/{now.isoformat()}/{channel}",
                kind=Kind.SEVERAL,
                subject=f"{len(many)} deadlines",
                severity=highest,
                stage=0,
                roles=roles,
                channel=channel,
                title=reminder_texts.several_title(len(many)),
                body=reminder_texts.several_body([message.title for message in many], ws.settings.city.name),
                created_at=now,
                not_before=after_quiet(ws, now, highest, roles),
            )
        )
    return made
