"""New reports are told to those they are routed to: the helpdesk, the records officer for complaints, the analyst."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from breachwatch.model.finding import Level
from breachwatch.model.intake import ReportRecord, ReportState
from breachwatch.notify import outbox
from breachwatch.notify.channels import channels_for
from breachwatch.notify.outbox import Kind, Message
from breachwatch.notify.planning import after_quiet
from breachwatch.notify.wording import outgoing
from breachwatch.report.quantities import counted, day_and_time
from breachwatch.respond.intake.reading import waiting
from breachwatch.workspace import Workspace


def plan_reports(ws: Workspace, secrets: frozenset[str]) -> int:
    """Enter what is to be told about new reports into the outbox, each report once; many at once are one message."""
    if not ws.settings.notify.channels:
        return 0
    with ws.database.read() as connection:
        new = [item for item in waiting(connection) if item.state is ReportState.NEW]
        by_channel: dict[str, list[Message]] = defaultdict(list)
        for message in (message for item in new for message in _messages(ws, item)):
            by_channel[message.channel].append(message)
        keys = [message.key for many in by_channel.values() for message in many]
        known = outbox.known_keys(connection, keys)
    made: list[Message] = []
    for channel, many in by_channel.items():
        fresh = [message for message in many if message.key not in known]
        if len(fresh) <= ws.settings.notify.most_at_once:
            made += fresh
        else:
            made += [*outbox.as_folded(fresh), _several(ws, channel, fresh)]
    if not made:
        return 0
    with ws.database.write() as connection:
        return len(outbox.enter(connection, made, secrets))


def _messages(ws: Workspace, report: ReportRecord) -> Iterator[Message]:
    now, zone = ws.clock.now(), ws.settings.city.zone
    said = report.said
    lines = [
        f"{outgoing(ws.settings.city.name)}: a report waits for you.",
        "",
        f"Number: {report.number}",
        f"What it is: {said.kind.value}, from {said.relation.value}, by {said.channel.value}",
        f"Received: {day_and_time(report.received_at, zone)}",
    ]
    if ws.settings.notify.name_entities:
        first = next((line for line in said.what.splitlines() if line.strip()), "")
        lines.append(f"What was seen: {outgoing(first)}")
    if report.failure:
        lines.append("NOT ALL OF IT COULD BE SEALED. Look at it.")
    lines += ["", f"Look at it: breachwatch report show {report.number}"]
    for channel, roles in channels_for(ws, said.kind.routed_to).items():
        yield Message(
            key=f"report/{report.number}/{channel}",
            kind=Kind.REPORT,
            subject=report.number,
            severity=Level.MEDIUM,
            stage=0,
            roles=roles,
            channel=channel,
            title=f"{report.number}: a {said.kind.value} was reported",
            body="\n".join(lines) + "\n",
            created_at=now,
            not_before=after_quiet(ws, now, Level.MEDIUM, roles),
        )


def _several(ws: Workspace, channel: str, many: list[Message]) -> Message:
    now = ws.clock.now()
    roles = tuple(dict.fromkeys(role for message in many for role in message.roles))
    told = f"{counted(len(many), 'report')} wait for you"
    return Message(
        key=f"reports/{now.isoformat()}/{channel}",
        kind=Kind.SEVERAL,
        subject=f"{len(many)} reports",
        severity=Level.MEDIUM,
        stage=0,
        roles=roles,
        channel=channel,
        title=told,
        body=f"{outgoing(ws.settings.city.name)}: {told}.\n\nAll of them: breachwatch report list\n",
        created_at=now,
        not_before=after_quiet(ws, now, Level.MEDIUM, roles),
    )
