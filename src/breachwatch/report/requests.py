"""Requests for public records as tables: the queue of the records officer, one request, its items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.duties import ClockState
from breachwatch.report.tables import heading, indented, table
from breachwatch.report.text import visible
from breachwatch.respond.law.profile import CONFIRM
from breachwatch.respond.requests.clocks import RequestClock, RequestReading
from breachwatch.respond.requests.reading import Request
from breachwatch.respond.requests.redacting import Standing

_CLOCKS = {ClockState.OVERDUE: "bold red", ClockState.FOUR_FIFTHS: "red", ClockState.HALF: "yellow"}
_LONGEST = 300  # characters of a text in the list of items


def queue_page(found: Sequence[tuple[Request, tuple[RequestClock, ...]]], zone: ZoneInfo) -> RenderableType:
    """The requests with the next date of each, the most urgent first as they are given."""
    if not found:
        return Text("No request for public records waits.")
    rows = table("number", "safe", "state", "words", flexible="words")
    for request, clocks in found:
        due = [clock for clock in clocks if not clock.met]
        safe = min((clock.due.safe for clock in due if clock.due.safe), default=None)
        style = _CLOCKS.get(due[0].clock, "") if due else ""
        words = Text(visible(" ".join(request.words.split()))[:_LONGEST])
        words.append(f"\n{', '.join(request.incidents) or 'linked to no incident'}", "dim")
        for clock in clocks:
            if clock.warning:
                words.append(f"\n{clock.warning}", "bold red")
        rows.add_row(request.number, Text(_moment(safe, zone), style), request.state, words)
    return Group(rows, Text(CONFIRM, style="yellow"))


def request_page(
    request: Request, clocks: Sequence[RequestClock], readings: Sequence[RequestReading], zone: ZoneInfo
) -> RenderableType:
    """One request: what came, its clocks with how they were counted, and everything that was done."""
    head = Text(f"{request.number}: {request.state}", style="bold")
    parts: list[RenderableType] = [head, *(Text(clock.warning, style="bold red") for clock in clocks if clock.warning)]
    told = [
        ("received", f"{_moment(request.received_at, zone)}, by {request.channel}"),
        ("requester", " ".join(filter(None, (request.requester or "no name given", request.contact)))),
        ("incidents", ", ".join(request.incidents) or "none yet"),
        ("evidence", request.evidence),
        ("law", f"{request.law.id} of {request.law_of}"),
    ]
    parts += [indented(_lines(told)), heading("The request"), indented(Text(visible(request.words)))]
    parts.append(heading("Clocks"))
    parts += [indented(_clock(clock, readings, zone)) for clock in clocks]
    parts.append(heading("What was done"))
    for step in request.steps:
        line = Text(f"{step.seq:>4}  {_moment(step.at, zone)}  {step.step.value.replace('_', ' ')}", style="bold")
        line.append(f"  {visible(step.recorded_by)}", "dim")
        line.append(f"\n      {visible(step.reason)}")
        parts.append(indented(line))
    return Group(*parts, Text(f"\n{CONFIRM}", style="yellow"))


def items_page(found: Sequence[Standing]) -> RenderableType:
    """The items of a request with what is decided or proposed; text that may be cleared is shown to be read."""
    if not found:
        return Text("The records hold nothing about this request. Is it linked to an incident?")
    rows = table("item", "decided", "what", flexible="what")
    for standing in found:
        decision = standing.decision
        what = Text(standing.item.title)
        if standing.item.text:
            what.append(f"\n{visible(standing.item.text)[:_LONGEST]}", "cyan")
        if decision is None:
            proposed = standing.proposed.id if standing.proposed else "-"
            decided = Text("open again" if standing.fallen else "open", "yellow") + Text(
                f"\nproposed {proposed}", "dim"
            )
            what.append(f"\n{standing.because}", "dim")
        else:
            decided = Text(decision.exemption or decision.disposition.value)
            what.append(f"\n{visible(decision.decided_by)}: {visible(decision.reason)}", "dim")
        rows.add_row(standing.item.id, decided, what)
    return rows


def clocks_page(found: Sequence[RequestClock], zone: ZoneInfo) -> RenderableType:
    """The open clocks of requests, for the board of clocks."""
    rows = table("safe", "clock", "request", "obligation", flexible="obligation")
    for item in found:
        style = _CLOCKS.get(item.clock, "")
        what = Text(item.obligation.title) + Text(f"  {item.obligation.id}", "dim")
        if item.warning:
            what.append(f"\n{item.warning}", "bold red")
        latest = Text(f"\nlatest {_moment(item.due.latest, zone)}", "dim")
        rows.add_row(
            Text(_moment(item.due.safe, zone), style) + latest, Text(item.clock.value, style), item.request, what
        )
    return Group(heading("Requests for public records"), rows)


def plain_clock(clock: RequestClock) -> dict[str, object]:
    """A clock for scripts: flat, times with their zone."""
    return {
        "request": clock.request,
        "incidents": clock.incidents,
        "obligation": clock.obligation.id,
        "title": clock.obligation.title,
        "clock": clock.clock,
        "met": clock.met,
        "warning": clock.warning,
        "due": clock.due,
    }


def plain_request(request: Request, clocks: Sequence[RequestClock]) -> dict[str, object]:
    """A request for scripts, without the whole law."""
    names = ("number", "received_at", "zone", "channel", "requester", "contact", "language", "words", "evidence")
    values: dict[str, object] = {name: getattr(request, name) for name in names}
    more = {"state": request.state, "incidents": request.incidents, "law": request.law.id, "law_of": request.law_of}
    return values | more | {"clocks": [plain_clock(clock) for clock in clocks], "steps": request.steps}


def _clock(clock: RequestClock, readings: Sequence[RequestReading], zone: ZoneInfo) -> Text:
    shown = Text(clock.obligation.title, style="bold")
    shown.append(f"  {clock.obligation.id}  ", "dim")
    shown.append(clock.met or clock.clock.value, "green" if clock.met else _CLOCKS.get(clock.clock, ""))
    lines = [
        ("due", clock.due.words),
        ("safe", _moment(clock.due.safe, zone)),
        ("latest", _moment(clock.due.latest, zone)),
        *(("counted", step) for step in clock.due.steps),
    ]
    own = (item for item in readings if item.obligation == clock.obligation.id)
    lines += [
        ("was", f"{_moment(item.latest, zone)}, computed {_moment(item.computed_at, zone)}: {item.because}")
        for item in own
        if (item.safe, item.latest) != (clock.due.safe, clock.due.latest)
    ]
    lines.append(("law", "; ".join(clock.obligation.citation)))
    shown.append("\n")
    return shown + _lines(lines)


def _lines(told: Sequence[tuple[str, str]]) -> Text:
    shown = Text()
    for number, (name, value) in enumerate(told):
        shown.append("\n" if number else "")
        shown.append(f"  {name:<10} ", "dim")
        shown.append(visible(value))
    return shown


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M %Z}" if moment is not None else "-"
