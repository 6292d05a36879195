"""Taking ledgers out of the house: by mail and to locked storage, each night and by command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from breachwatch.errors import BreachwatchError, UsageError
from breachwatch.evidence.ledger import locked, mail
from breachwatch.evidence.ledger.reading import Entry, entries
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import trust
from breachwatch.workspace import Workspace

_AT_ONCE = 14  # ledgers a channel is sent in one go, after it was away


@dataclass(frozen=True, slots=True)
class Sent:
    """What went out: `channel: name`, and what did not, in words."""

    done: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def send(ws: Workspace, *, by: Actor, names: Sequence[str] = ()) -> Sent:
    """Send each channel of the settings the ledgers that it lacks, or those that are named, again if need be.

    A channel that never got one gets the newest only, which speaks for all before it. A channel that refuses is told
    and stops nothing else. Raises NotPermittedError, UsageError where there is no channel, UnknownNameError.
    """
    require(by, Permission.ADMINISTER)
    settings = ws.settings.evidence.ledger
    channels: list[tuple[str, str, Callable[[Workspace, Entry], str]]] = []
    if settings.mail_to:
        channels.append(("mail", ", ".join(settings.mail_to), mail.send))
    if settings.store is not None:
        channels.append(("store", settings.store.url, locked.put))
    if not channels:
        msg = "the settings name nobody to send to: give mail_to, or a store, in [evidence.ledger]."
        raise UsageError(msg)
    done: list[str] = []
    problems: list[str] = []
    with ws.lock("ledger-sending"):
        for channel, recipient, deliver in channels:
            for item in _due(entries(ws), f"{channel}: {recipient}", names):
                try:
                    detail = deliver(ws, item)
                except (BreachwatchError, OSError) as error:
                    problems.append(f"ledger {item.name}, {channel}: {error}")
                    break
                _record(ws, item, channel, recipient, detail)
                done.append(f"{channel}: {item.name}")
    return Sent(tuple(done), tuple(problems))


def _due(found: Sequence[Entry], where: str, names: Sequence[str]) -> Sequence[Entry]:
    if names:
        return [item for item in found if item.name in names]
    got = [item.number for item in found if where in item.sent]
    if not got:
        return found[-1:]
    return [item for item in found if item.number > max(got)][-_AT_ONCE:]


def _record(ws: Workspace, item: Entry, channel: str, recipient: str, detail: str) -> None:
    with ws.database.write() as connection:
        connection.execute(
            trust.ledger_delivery.insert().values(
                ledger=item.number, channel=channel, recipient=recipient, at=ws.clock.now(), detail=detail
            )
        )
