"""What a check of the lake found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.lake.care import CheckReport, Difference, Kind
from breachwatch.report.quantities import counted, number, size
from breachwatch.report.tables import heading, indented, table
from breachwatch.report.text import safe

_SHOWN = 40


def check_page(report: CheckReport) -> RenderableType:
    """The whole report: what was read, each difference with its remedy, leftovers counted."""
    return Group(*_parts(report))


def _parts(report: CheckReport) -> Iterator[RenderableType]:
    read = f"{counted(report.files, 'lake file')} with {counted(report.rows, 'row')}, "
    read += f"{counted(report.segments, 'stored segment')}, {size(report.bytes)}"
    how = "sizes and footers" if report.quick else "every byte"
    differing = sum(count for kind, count in report.counts.items() if kind != Kind.LEFTOVER)
    result = Text("all agree", "bold green") if report.ok else Text(f"{counted(differing, 'difference')}", "bold red")
    yield Text.assemble(f"{read}: ", result, (f" ({how})", "dim"))
    if report.differences:
        yield heading("Differences")
        yield from _table(report.differences)
        if differing > min(len(report.differences), _SHOWN):
            yield Text(f"{number(differing - min(len(report.differences), _SHOWN))} more: see --json", style="dim")
    if report.leftovers:
        yield heading("Leftovers of processes that were killed, or are at work (harmless)")
        yield from _table(report.leftovers, remedies=False)


def _table(found: Sequence[Difference], *, remedies: bool = True) -> Iterator[RenderableType]:
    shown = table("", "where", "what", flexible="what")
    for item in found[:_SHOWN]:
        what = f"{item.what}. {item.remedy}" if remedies else item.what
        style = "dim" if item.kind is Kind.LEFTOVER else "bold red"
        shown.add_row(Text(item.kind.value, style), safe(item.path), safe(what, longest=600))
    yield indented(shown)
