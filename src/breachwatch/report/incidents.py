"""The queue and one incident on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from breachwatch.model.finding import Entity
from breachwatch.model.incident import AlertRecord, Incident, IncidentLine, IncidentState
from breachwatch.report.evidence import verified_text
from breachwatch.report.next_steps import can_be_typed, command
from breachwatch.report.quantities import counted, day_and_time, length, number, size, span
from breachwatch.report.tables import heading, indented, level_text, table, typed
from breachwatch.report.text import safe, visible

_KINDS = (("user", "accounts"), ("source_ip", "addresses"), ("host", "hosts"))
_NAMES_SHOWN = 12
_ALERTS_SHOWN = 40
_NARROW, _WIDE = 110, 150
"""Below the first width the queue is a list of short paragraphs; from the second on it shows entities beside titles."""

_WHO_WIDTH = 36  # of the column with entities: the title, which names them too, needs the room more

_STATES = {
    IncidentState.PRESERVING: ("its evidence is not sealed yet; the next run seals it", "bold yellow"),
    IncidentState.OPEN: ("open", "bold"),
    IncidentState.PRESERVATION_FAILED: ("PRESERVATION FAILED", "bold red"),
    IncidentState.CLOSED: ("closed", "dim"),
}


def queue_page(
    lines: Sequence[IncidentLine], now: datetime, zone: ZoneInfo, *, waiting: int = 0, width: int = 100
) -> RenderableType:
    """The queue as a table; ages are since the incident was opened, times in `zone`."""
    parts: list[RenderableType] = []
    if not lines:
        parts.append(Text("The queue is empty: no incident waits for you."))
    elif width < _NARROW:
        parts.extend(_paragraphs(lines, now, zone))
    else:
        parts.append(_table(lines, now, zone, with_entities=width >= _WIDE))
    if waiting:
        verb = "is" if waiting == 1 else "are"
        note = (
            f"{counted(waiting, 'incident')} {verb} not shown: the evidence is not sealed yet. The next run seals it."
        )
        parts.append(Text(note, style="yellow"))
    return Group(*parts)


def _table(lines: Sequence[IncidentLine], now: datetime, zone: ZoneInfo, *, with_entities: bool) -> Table:
    who = ["who and where"] if with_entities else []
    columns = ("incident", "age", "level", "what", *who, "alerts", "from, to", "evidence")
    shown = table(*columns, right=("age", "alerts"), flexible="what")
    for line in lines:
        names = [safe(_some(line.entities, 2), longest=_WHO_WIDTH)] if with_entities else []
        shown.add_row(
            safe(line.number),
            Text(length(now - line.opened_at)),
            level_text(line.level),
            safe(line.title, longest=200),
            *names,
            Text(number(line.alerts)),
            Text(span(line.first_time, line.last_time, zone)),
            _evidence(line),
        )
    return shown


def _paragraphs(lines: Sequence[IncidentLine], now: datetime, zone: ZoneInfo) -> Iterator[RenderableType]:
    for line in lines:
        age = f"  {length(now - line.opened_at)} old, {counted(line.alerts, 'alert')}  "
        yield Text.assemble((line.number, "bold"), "  ", level_text(line.level), age, _evidence(line))
        yield indented(safe(line.title, longest=200))
        yield indented(Text(span(line.first_time, line.last_time, zone), style="dim"))


def _evidence(line: IncidentLine) -> Text:
    if line.state is IncidentState.PRESERVATION_FAILED:
        return Text("FAILED", style="bold red")
    if line.state is IncidentState.CLOSED:
        return Text("closed", style="dim")
    if not line.evidence:
        return Text("none", style="bold red")
    more = f" +{len(line.evidence) - 1}" if len(line.evidence) > 1 else ""
    return safe(line.evidence[0] + more, "green")


def _some(values: Sequence[str], most: int) -> str:
    shown = ", ".join(visible(value, 40) for value in values[:most])
    return shown + (f" +{number(len(values) - most)}" if len(values) > most else "")


def incident_page(incident: Incident, zone: ZoneInfo, workspace: Path) -> RenderableType:
    """One incident: what, who, every alert with its reason, the evidence, the history, and what to type next."""
    return Group(
        *_head(incident, zone),
        *_who(incident.entities),
        *_alerts(incident.alerts, zone),
        *_snapshots(incident, zone),
        *_history(incident, zone),
        *_next(incident, workspace),
    )


def _head(incident: Incident, zone: ZoneInfo) -> Iterator[RenderableType]:
    state, style = _STATES[incident.state]
    yield Text.assemble((incident.number, "bold"), "  ", level_text(incident.level), "  ", (state, style))
    yield safe(incident.title, "bold", longest=400)
    times = span(incident.first_time, incident.last_time, zone)
    opened = day_and_time(incident.opened_at, zone)
    yield Text(f"{times}, opened {opened} by {visible(incident.opened_by_run)}", style="dim")
    if incident.failure:
        yield safe(f"The evidence could not be sealed: {incident.failure}", "bold red", longest=600)


def _who(entities: Sequence[Entity]) -> Iterator[RenderableType]:
    yield heading("Who and where")
    shown = table("", "", flexible="")
    shown.show_header = False
    for kind, plural in _KINDS:
        values = [entity.value for entity in entities if entity.kind == kind]
        if values:
            shown.add_row(Text(plural, style="dim"), Text(_some(values, _NAMES_SHOWN)))
    yield indented(shown) if shown.row_count else indented(Text("the alerts name nobody"))


def _alerts(alerts: Sequence[AlertRecord], zone: ZoneInfo) -> Iterator[RenderableType]:
    yield heading(f"What happened: {counted(len(alerts), 'alert')}, in order of time")
    for alert in alerts[:_ALERTS_SHOWN]:
        unsealed = f", {number(alert.unsealed)} not sealed yet" if alert.unsealed else ""
        held = f", in {', '.join(alert.evidence)}" if alert.evidence else ""
        yield indented(
            Text.assemble(
                (f"{span(alert.first_time, alert.last_time, zone)}  ", "cyan"),
                level_text(alert.level),
                "  ",
                (visible(alert.rule_title, 200), "bold"),
                (f"  {counted(alert.event_count, 'event')}{visible(held)}{unsealed}", "dim"),
            )
        )
        why = ", ".join(f"{visible(key, 60)} = {visible(str(value), 160)}" for key, value in alert.why.items())
        if why:
            yield indented(indented_text(f"why: {why}"))
        tags = f"  {', '.join(alert.tags)}" if alert.tags else ""
        yield indented(indented_text(f"rule {visible(alert.rule_id)}{visible(tags)}", "dim"))
    if len(alerts) > _ALERTS_SHOWN:
        rest = counted(len(alerts) - _ALERTS_SHOWN, "more alert")
        yield indented(Text(f"and {rest}; --json shows all", style="dim"))


def indented_text(text: str, style: str = "") -> Text:
    """A line that belongs to the one above it."""
    return Text(f"  {text}", style=style)


def _snapshots(incident: Incident, zone: ZoneInfo) -> Iterator[RenderableType]:
    yield heading("Evidence")
    if not incident.evidence:
        yield indented(Text("no snapshot is sealed yet", style="bold yellow"))
        return
    shown = table("snapshot", "sealed", "events", "size", "verified", right=("events", "size"))
    for item in incident.evidence:
        sealed = day_and_time(item.sealed_at, zone)
        shown.add_row(
            safe(item.number),
            Text(sealed),
            Text(number(item.events)),
            Text(size(item.bytes)),
            verified_text(item, zone),
        )
    yield indented(shown)


def _history(incident: Incident, zone: ZoneInfo) -> Iterator[RenderableType]:
    yield heading("History")
    shown = table("when", "who", "what", "why", flexible="why")
    for row in incident.audit[-_ALERTS_SHOWN:]:
        when = Text(day_and_time(row.at, zone))
        shown.add_row(when, safe(row.actor, "dim", 48), safe(row.change, longest=60), safe(row.reason, longest=200))
    yield indented(shown)


def _next(incident: Incident, workspace: Path) -> Iterator[RenderableType]:
    steps = [command("evidence", "verify", incident.number, workspace=workspace)]
    if incident.evidence:
        steps.append(command("evidence", "export", incident.number, f"./{incident.number}", workspace=workspace))
    for kind, column in (("user", "user"), ("source_ip", "source_ip")):
        value = next((item.value for item in incident.entities if item.kind == kind and can_be_typed(item.value)), None)
        if value is not None:
            where = f"lower({column}) = '{value.split('@')[0] if kind == 'user' else value}'"
            query = f"FROM authentication WHERE {where} ORDER BY time"
            steps.append(command("sql", query, workspace=workspace))
    yield heading("What to type next")
    for step in steps:
        yield typed(visible(step))
