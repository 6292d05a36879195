"""Sending: decide what is to be told, then hand each waiting message to its channel. One process at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select

from breachwatch.errors import BreachwatchError, BusyError, UnknownNameError
from breachwatch.incidents.casework.decisions import INSIDERS, decide, decisions
from breachwatch.model.casework import DecisionKind
from breachwatch.model.people import program
from breachwatch.notify import feed, outbox
from breachwatch.notify.answers import answered
from breachwatch.notify.channels import channel_named, deliver
from breachwatch.notify.outbox import Kind, Message, State
from breachwatch.notify.planning import plan
from breachwatch.notify.reminders import plan_reminders, still_wanted
from breachwatch.notify.reports import plan_reports
from breachwatch.notify.secrets import known_secrets
from breachwatch.notify.wording import outgoing
from breachwatch.records import cases
from breachwatch.workspace import Workspace

LOCK = "notify"
MOST = 200
"""Messages in one call; the next call sends the others."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What one call did. `errors` name channels and what went wrong with them, once each; they hold no secret."""

    planned: int = 0
    sent: int = 0
    dropped: int = 0
    later: int = 0  # did not go, is tried again
    failed: int = 0  # a day of tries: given up
    errors: tuple[str, ...] = ()
    busy: bool = False  # another process is sending


def send(ws: Workspace) -> Sent:
    """Tell whoever is to be told now. Doing it again tells nothing twice; a crash in the midst may repeat one."""
    try:
        with ws.lock(LOCK, wait_seconds=0):
            secrets = known_secrets(ws)
            planned = plan(ws, secrets) + plan_reports(ws, secrets) + plan_reminders(ws, secrets)
            calendar = feed.refresh(ws)
            sent = _deliver_all(ws, planned, secrets)
            return replace(sent, errors=(calendar, *sent.errors)) if calendar else sent
    except BusyError:
        return Sent(busy=True)


def send_test(ws: Workspace, name: str) -> str:
    """Send a message that says it is a test; why it did not go, or empty. Raises UnknownNameError."""
    city = outgoing(ws.settings.city.name)
    body = f"{city}: this is a test of channel {name}. There is nothing to do.\n"
    return deliver(ws, channel_named(ws, name), f"{city}: a test", body)


def _deliver_all(ws: Workspace, planned: int, secrets: frozenset[str]) -> Sent:
    counts = dict.fromkeys(State, 0)
    errors: dict[str, None] = {}
    silent: dict[str, str] = {}  # a channel that does not answer is not tried again for each of its messages
    due = outbox.due(ws, MOST)
    reminders = still_wanted(ws) if any(message.kind is Kind.CLOCK for message in due) else frozenset()
    for message in due:
        if _no_longer_needed(ws, message, reminders):
            outbox.mark_dropped(ws, message, "it is no longer needed: somebody has taken it on, or it changed")
            counts[State.DROPPED] += 1
            continue
        try:
            channel = channel_named(ws, message.channel)
        except UnknownNameError:
            outbox.mark_dropped(ws, message, "the channel is no longer in the settings")
            counts[State.DROPPED] += 1
            continue
        error = silent.get(channel.name) or deliver(ws, channel, message.title, message.body)
        if not error:
            outbox.mark_sent(ws, message)
            counts[State.SENT] += 1
            errors.update(dict.fromkeys(_note_told(ws, message)))
            continue
        silent[channel.name] = error
        errors[error] = None
        counts[outbox.mark_tried(ws, message, error, secrets)] += 1
    return Sent(
        planned=planned,
        sent=counts[State.SENT],
        dropped=counts[State.DROPPED],
        later=counts[State.WAITING],
        failed=counts[State.FAILED],
        errors=tuple(errors),
    )


def _note_told(ws: Workspace, message: Message) -> list[str]:
    """Note on the incident that the roles which the city guides ask to tell were told; what stands in the way of it."""
    if message.kind not in {Kind.INCIDENT, Kind.ESCALATION}:
        return []
    known = {item.subject for item in decisions(ws, message.subject) if item.kind is DecisionKind.NOTIFIED}
    try:
        for role in message.roles:
            if role in INSIDERS and role.value not in known:
                how = f"a message by channel {message.channel}"
                decide(ws, message.subject, DecisionKind.NOTIFIED, role.value, by=program(), reason=how)
    except BreachwatchError as error:  # it was closed or merged in this moment: the message is on record all the same
        return [f"{message.subject}: that somebody was told could not be noted: {error}"]
    return []


def _no_longer_needed(ws: Workspace, message: Message, reminders: frozenset[str]) -> bool:
    """Whether an incident was taken on meanwhile, or a clock was met, moved or paused, or came to its next step."""
    if message.kind is Kind.CLOCK:
        return message.key not in reminders
    if message.kind not in {Kind.INCIDENT, Kind.ESCALATION}:
        return False
    with ws.database.read() as connection:
        row = connection.execute(select(cases.incident).where(cases.incident.c.number == message.subject)).first()
        return row is None or answered(connection, row)
