"""The queue and one incident on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from breachwatch.incidents.joins import told
from breachwatch.model.finding import OUR_AUTHOR, Entity, Level
from breachwatch.model.incident import Advice, AlertRecord, Incident, IncidentLine, IncidentState
from breachwatch.report.evidence import verified_text
from breachwatch.report.next_steps import can_be_typed, command
from breachwatch.report.quantities import counted, day_and_time, length, number, short_span, size, span
from breachwatch.report.severity import severity_lines
from breachwatch.report.tables import heading, indented, level_text, table, typed
from breachwatch.report.text import safe, visible
from breachwatch.report.why import reasons

_KINDS = (("user", "accounts"), ("source_ip", "addresses"), ("host", "hosts"))
_NAMES_SHOWN = 12
_ALERTS_SHOWN = 40
_RELATED_SHOWN = 8
_ADVICE_SHOWN = 3
_WIDE = 140
"""From this width on the queue is a table; below, a list of short paragraphs."""

_STATES = {
    IncidentState.PRESERVING: ("its evidence is not sealed yet; the next run seals it", "bold yellow"),
}


def queue_page(
    lines: Sequence[IncidentLine], now: datetime, zone: ZoneInfo, *, waiting: int = 0, width: int = 100
) -> RenderableType:
    """The queue as a table; ages are since the incident was opened, times in `zone`."""
    parts: list[RenderableType] = []
    if not lines:
        parts.append(Text("The queue is empty: no incident waits for you."))
    elif width < _WIDE:
        parts.extend(_paragraphs(lines, now, zone))
    else:
        parts.append(_table(lines, now, zone))
    if waiting:
        verb = "is" if waiting == 1 else "are"
        note = (
            f"{counted(waiting, 'incident')} {verb} not shown: the evidence is not sealed yet. The next run seals it."
        )
        parts.append(Text(note, style="yellow"))
    return Group(*parts)


def _table(lines: Sequence[IncidentLine], now: datetime, zone: ZoneInfo) -> Table:
    columns = ("incident", "age", "level", "what, who and where", "alerts", "from, to", "evidence")
    shown = table(*columns, right=("age", "alerts"), flexible="what, who and where")
    for line in lines:
        shown.add_row(
            safe(line.number),
            Text(length(now - line.opened_at)),
            level_text(_weight(line)),
            _what(line),
            Text(number(line.alerts)),
            Text(short_span(line.first_time, line.last_time, now, zone)),
            _evidence(line),
        )
    return shown


def _paragraphs(lines: Sequence[IncidentLine], now: datetime, zone: ZoneInfo) -> Iterator[RenderableType]:
    for line in lines:
        age = f"  {length(now - line.opened_at)} old, {counted(line.alerts, 'alert')}  "
        yield Text.assemble((line.number, "bold"), "  ", level_text(_weight(line)), age, _evidence(line))
        yield indented(_what(line))
        yield indented(Text(short_span(line.first_time, line.last_time, now, zone), style="dim"))


def _what(line: IncidentLine) -> Text:
    """The title, and the entities that it does not name."""
    title = visible(line.title, 200)
    others = [value for value in line.entities if visible(value, 40).casefold() not in title.casefold()]
    named = [author for author in line.authors if author != OUR_AUTHOR]
    return Text.assemble(
        title,
        (f"\nmay touch {', '.join(category.words for category in line.data)}" if line.data else "", "yellow"),
        (f"\n{_some(others, 3)}" if others else "", "dim"),
        (f"\nrules by {'; '.join(visible(author, 80) for author in named[:3])}" if named else "", "dim"),
        (f" +{len(named) - 3}" if len(named) > 3 else "", "dim"),
    )


def _weight(line: IncidentLine) -> Level:
    """Its severity; of an incident that was never judged, the level of its rules."""
    return line.level if line.severity is None else line.severity


def _evidence(line: IncidentLine) -> Text:
    if line.failure:
        return Text("FAILED", style="bold red")
    if line.state.ended:
        return Text(line.state.value, style="dim")
    if not line.evidence:
        return Text("none", style="bold red")
    more = f" +{len(line.evidence) - 1}" if len(line.evidence) > 1 else ""
    return safe(line.evidence[0] + more, "green")


def _some(values: Sequence[str], most: int) -> str:
    shown = ", ".join(visible(value, 40) for value in values[:most])
    return shown + (f" +{number(len(values) - most)}" if len(values) > most else "")


def incident_page(
    incident: Incident, zone: ZoneInfo, workspace: Path, more: Iterable[RenderableType] = ()
) -> RenderableType:
    """One incident: what, who, every alert with its reason, the evidence, the history, and what to type next.

    `more` is what people added, as `casework.case_parts` shows it.
    """
    return Group(
        *_head(incident, zone),
        *severity_lines(incident.severity, zone),
        *_who(incident.entities),
        *_alerts(incident.alerts, zone),
        *_first_steps(incident.advice),
        *_snapshots(incident, zone),
        *_related(incident),
        *more,
        *_history(incident, zone),
        *_next(incident, workspace),
    )


def _head(incident: Incident, zone: ZoneInfo) -> Iterator[RenderableType]:
    state, style = _STATES.get(incident.state, (incident.state.value, "dim" if incident.state.ended else "bold"))
    level = incident.severity.level if incident.severity else incident.level
    yield Text.assemble((incident.number, "bold"), "  ", level_text(level), "  ", (state, style))
    yield safe(incident.title, "bold", longest=400)
    times = span(incident.first_time, incident.last_time, zone)
    opened = day_and_time(incident.opened_at, zone)
    yield Text(f"{times}, opened {opened} by {visible(incident.opened_by_run)}", style="dim")
    if incident.verdict:
        yield safe(f"{incident.verdict}: {incident.verdict_reason}", "bold", longest=400)
    yield from _standing(incident, zone)
    if incident.failure:
        yield Text("PRESERVATION FAILED", style="bold red")
        yield safe(f"The evidence could not be sealed: {incident.failure}", "bold red", longest=600)


def _standing(incident: Incident, zone: ZoneInfo) -> Iterator[RenderableType]:
    """Who works on it, and how it stands to other incidents and to others outside."""
    told = [f"led by {visible(incident.lead, 60)}"] if incident.lead else []
    if incident.closed_at:
        told.append(f"closed {day_and_time(incident.closed_at, zone)} by {visible(incident.closed_by, 60)}")
    if incident.merged_into:
        told.append(f"goes on in {incident.merged_into}")
    if incident.recurrence_of:
        told.append(f"recurrence of {incident.recurrence_of}")
    if incident.referred:
        told.append("referred")
    if told:
        yield Text(", ".join(told))


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
    alike: dict[object, list[AlertRecord]] = {}
    for alert in alerts:
        alike.setdefault((alert.rule_id, tuple(sorted(alert.why.items()))), []).append(alert)
    for group in list(alike.values())[:_ALERTS_SHOWN]:
        yield from _alert(group, zone)
    rest = sum(len(group) for group in list(alike.values())[_ALERTS_SHOWN:])
    if rest:
        yield indented(Text(f"and {counted(rest, 'more alert')}; --json shows all", style="dim"))


def _alert(alike: Sequence[AlertRecord], zone: ZoneInfo) -> Iterator[RenderableType]:
    """Alerts of one rule with the same reason, such as a job that runs every hour, as one."""
    alert = alike[0]
    times = span(alert.first_time, max(item.last_time for item in alike), zone)
    repeated = f"{number(len(alike))} alerts, " if len(alike) > 1 else ""
    events = counted(sum(item.event_count for item in alike), "event")
    held = sorted({name for item in alike for name in item.evidence})
    unsealed = sum(item.unsealed for item in alike)
    sealed = f", in {visible(', '.join(held))}" if held else ""
    waiting = f", {number(unsealed)} not sealed yet" if unsealed else ""
    head = Text.assemble(
        (f"{times}  ", "cyan"), level_text(alert.level), "  ", (visible(alert.rule_title, 200), "bold")
    )
    yield indented(head)
    why = ", ".join(f"{visible(key, 60)} = {visible(str(value), 160)}" for key, value in alert.why.items())
    if why:
        yield indented(indented(Text(f"why: {why}")))
    for reason in reasons(alert):
        yield indented(indented(reason))
    if alert.joined is not None:
        yield indented(indented(Text(f"here: {visible(told(alert.joined), 240)}")))
    yield indented(indented(Text(f"{repeated}{events}{sealed}{waiting}", style="dim")))
    tags = f"  {', '.join(alert.tags)}" if alert.tags else ""
    author = f" by {visible(alert.author, 200)}" if alert.author else ""
    licence = f", licence {visible(alert.licence, 80)}" if alert.licence and alert.author != OUR_AUTHOR else ""
    yield indented(indented(Text(f"rule {visible(alert.rule_id)}{author}{licence}{visible(tags)}", style="dim")))
    if alert.origins and alert.origins[-1].pack:
        pack = alert.origins[-1]
        named = f"{visible(pack.pack)} {visible(pack.pack_version, 60)}, from {visible(pack.pack_origin, 200)}"
        yield indented(indented(Text(f"rule pack {named}", style="dim")))


def _first_steps(given: Sequence[Advice]) -> Iterator[RenderableType]:
    """What the rules advise; that of lower rules only where no higher one says anything."""
    if not given:
        return
    yield heading("What to do first")
    for item in [item for item in given if item.level == given[0].level][:_ADVICE_SHOWN]:
        yield indented(Text(visible(item.rule_title, 200), style="bold"))
        for step_number, step in enumerate(item.steps, 1):
            yield indented(indented(Text(f"{step_number}. {visible(step, 400)}")))


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


def _related(incident: Incident) -> Iterator[RenderableType]:
    if not incident.related:
        return
    yield heading("Related incidents")
    shown = table("incident", "level", "what", "shares", flexible="what")
    for item in incident.related[:_RELATED_SHOWN]:
        shown.add_row(
            safe(item.number), level_text(item.level), safe(item.title, longest=200), safe(_some(item.shared, 2))
        )
    yield indented(shown)
    if len(incident.related) > _RELATED_SHOWN:
        yield indented(
            Text(f"and {number(len(incident.related) - _RELATED_SHOWN)} more; --json shows all", style="dim")
        )


def _history(incident: Incident, zone: ZoneInfo) -> Iterator[RenderableType]:
    """The changes of the incident; that alerts joined is told by the alerts themselves."""
    yield heading("History")
    changes = [row for row in incident.audit if not row.change.startswith("alert ")]
    shown = table("when", "who", "what", "why", flexible="why")
    for row in changes[-_ALERTS_SHOWN:]:
        when = Text(day_and_time(row.at, zone))
        shown.add_row(when, safe(row.actor, "dim", 48), safe(row.change, longest=60), safe(row.reason, longest=200))
    yield indented(shown)


def _next(incident: Incident, workspace: Path) -> Iterator[RenderableType]:
    steps = [command("incident", "advance", incident.number, workspace=workspace)]
    steps += [command("evidence", "verify", incident.number, workspace=workspace)]
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
