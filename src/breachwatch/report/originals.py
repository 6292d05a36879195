"""The original records of an incident's alerts on a terminal, with what their rules matched marked in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.finding import Match
from breachwatch.model.incident import AlertRecord
from breachwatch.report.marking import Marked, marked
from breachwatch.report.quantities import counted, number
from breachwatch.report.tables import heading, indented, level_text
from breachwatch.report.text import visible

_AROUND = 160  # bytes shown on each side of a mark in a long record
_WHOLE = 1200  # bytes up to which a record is shown whole
_TESTS_SHOWN = 8
_MARK_STYLE = "bold reverse"


@dataclass(frozen=True, slots=True)
class Original:
    """An event of an alert: its record with marks, or why there is none."""

    event_id: str
    record: Marked | None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class AlertOriginals:
    """An alert with the records of so many of its events."""

    alert: AlertRecord
    events: tuple[Original, ...]

    @property
    def left_out(self) -> int:
        return len(self.alert.event_ids) - len(self.events)


def explained_first(alert: AlertRecord) -> list[str]:
    """The events of an alert: of each rule in turn those whose matches are recorded, then all others."""
    with_matches = dict.fromkeys(match.event_id for match in alert.matched if match.event_id in alert.event_ids)
    return list(dict.fromkeys((*with_matches, *alert.event_ids)))


def matches_of(alert: AlertRecord, event_id: str) -> list[Match]:
    """What an event matched; where that was not recorded, what the same rule matched in others of its events.

    A correlation's alert tells of some events of each rule only. The others matched the same tests: where the same
    text stands in them, it is marked.
    """
    own = [match for match in alert.matched if match.event_id == event_id]
    if own:
        return own
    rules = {part.rule_id for part in alert.parts if event_id in part.event_ids}
    alike = [match for match in alert.matched if match.rule_id in rules and match.found]
    return list(
        {
            (match.rule_id, match.selection, match.field, match.found.casefold()): Match(
                *(match.rule_id, event_id, match.selection, match.field, match.test, match.pattern),
                value=match.found,
                found=match.found,
            )
            for match in alike
        }.values()
    )


def with_marks(alert: AlertRecord, event_id: str, data: bytes) -> Original:
    """An event's record with its marks."""
    found = marked(data, matches_of(alert, event_id))
    own = tuple(match for match in found.elsewhere if match in alert.matched)
    return Original(event_id, Marked(found.data, found.marks, own))


def originals_page(number_of_incident: str, alerts: Sequence[AlertOriginals]) -> RenderableType:
    """Every record with its marks in bold, and below it what each marks, for terminals without colours as well."""
    return Group(*_page(number_of_incident, alerts))


def _page(number_of_incident: str, alerts: Sequence[AlertOriginals]) -> Iterator[RenderableType]:
    yield Text.assemble((visible(number_of_incident), "bold"), ": original records, with what the rules matched")
    for item in alerts:
        alert = item.alert
        yield heading(visible(alert.rule_title, 200))
        yield indented(Text.assemble(level_text(alert.level), f"  alert {alert.key}"))
        for event in item.events:
            yield from _event(event)
        if item.left_out:
            yield indented(Text(f"and {counted(item.left_out, 'more event')}; --events shows more", style="dim"))


def _event(event: Original) -> Iterator[RenderableType]:
    if event.record is None:
        yield indented(Text(f"{event.event_id}: {visible(event.missing, 400)}", style="yellow"))
        return
    record = event.record
    yield indented(Text(f"event {event.event_id}, {counted(len(record.data), 'byte')}", style="dim"))
    yield indented(indented(_shown(record)))
    for mark in record.marks[:_TESTS_SHOWN]:
        said = visible(str(mark.match), 200)
        yield indented(indented(Text(f"bytes {number(mark.start)} to {number(mark.end)}: {said}", style="dim")))
    for match in record.elsewhere[: max(_TESTS_SHOWN - len(record.marks), 2)]:
        held = f", it is {visible(match.value, 80)}" if match.value else ""
        said = f"not in these words in the record: {visible(str(match), 200)}{held}"
        yield indented(indented(Text(said, style="dim")))


def _shown(record: Marked) -> Text:
    """The record's text with its marks; of a long one what is around them, of a binary one the marked text alone."""
    spans = record.spans()
    if b"\0" in record.data[:4096]:
        words = [_binary(record.data[start:end]) for start, end in spans]
        text = Text("a binary record")
        for word in words:
            text.append(", it holds ").append(word, _MARK_STYLE)
        return text
    text, at = Text(), 0
    for start, end in _windows(record, spans):
        text.append(f" … {number(start - at)} bytes … " if start > at else "", "dim")
        cursor = start
        for left, right in ((left, right) for left, right in spans if start <= left and right <= end):
            text.append(_text(record.data[cursor:left])).append(_text(record.data[left:right]), _MARK_STYLE)
            cursor = right
        text.append(_text(record.data[cursor:end]))
        at = end
    rest = len(record.data) - at
    return text.append(f" … {number(rest)} bytes" if rest > 0 else "", "dim")


def _windows(record: Marked, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of a record that are shown, each mark whole inside one of them."""
    size = len(record.data)
    if size <= _WHOLE:
        return [(0, size)]
    windows: list[tuple[int, int]] = []
    for start, end in spans or [(0, _AROUND)]:
        left, right = max(start - _AROUND, 0), min(end + _AROUND, size)
        if windows and left <= windows[-1][1]:
            windows[-1] = windows[-1][0], right
        else:
            windows.append((left, right))
    return windows


def _text(data: bytes) -> str:
    return visible(data.decode("utf-8", "surrogateescape"))


def _binary(data: bytes) -> str:
    wide = len(data) % 2 == 0 and b"\0" in data
    return visible(data.decode("utf-16-le" if wide else "utf-8", "replace"), 200)
