"""Rule packs: where they came from, what is in them, and what an update changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.detect.packs import Manifest, Pack, PackFault, PackProblem
from breachwatch.detect.packs.comparing import Comparison, Kind, RuleChange
from breachwatch.detect.packs.licence import Licence
from breachwatch.report.quantities import counted, number
from breachwatch.report.tables import heading, indented, level_text, table
from breachwatch.report.text import safe, visible

_SHOWN = 40
_PROBLEMS_SHOWN = 20
_STYLES = {Kind.ADDED: "green", Kind.REMOVED: "red", Kind.CHANGED: "yellow", Kind.NEW_ID: "cyan"}


def packs_page(found: Sequence[Pack | PackFault], faults: Mapping[str, str]) -> RenderableType:
    """The installed packs; `faults` says by name why one cannot be used."""
    if not found:
        return Text("No rule pack is installed. `breachwatch rules add FILE|DIR|ZIP` installs one.")
    numbers = ("rules", "selected", "left out")
    shown = table("pack", "version", "licence", *numbers, "origin", right=numbers, flexible="origin")
    for item in found:
        if isinstance(item, PackFault):
            shown.add_row(safe(item.origin, "bold red"), "", "", "", "", "", safe(item.reason, "bold red", 300))
            continue
        known = item.manifest
        origin = safe(known.origin, longest=200)
        if item.name in faults:
            origin = Text.assemble(origin, "\n", safe(faults[item.name], "bold red", 300))
        shown.add_row(
            safe(known.name, "bold"),
            safe(known.version),
            safe(known.licence),
            Text(number(known.rules)),
            Text(number(known.selected)),
            Text(number(known.could_not_load) if known.could_not_load else "", "yellow"),
            origin,
        )
    return Group(shown, Text("`breachwatch rules packs NAME` shows one whole.", style="dim"))


def pack_page(known: Manifest, problems: Sequence[PackProblem] | None = None) -> RenderableType:
    """One pack whole; `problems` are all of them where the manifest names only the first."""
    return Group(*_pack(known, known.problems if problems is None else problems))


def _pack(known: Manifest, problems: Sequence[PackProblem]) -> Iterator[RenderableType]:
    yield Text.assemble((visible(known.name), "bold"), "  version ", (visible(known.version), "bold"))
    facts = [
        ("origin", visible(known.origin, 300)),
        ("version", f"{visible(known.version)} ({visible(known.version_from, 120)})"),
        ("licence", f"{visible(known.licence, 80)} ({visible(known.licence_from, 120)}){_demand(known)}"),
        ("contents", f"SHA-256 {known.sha256}"),
        ("archive", f"{known.archive}, SHA-256 {known.archive_sha256}"),
        ("selection", visible(str(known.selection), 200)),
        ("rules", f"{number(known.selected)} selected of {number(known.rules)}"),
        ("by level", _counts(known.by_level)),
        ("by status", _counts(known.by_status)),
        ("by product", _counts(known.by_product)),
    ]
    if known.filters:
        told = counted(known.filters, "filter of the pack is", "filters of the pack are")
        facts.append(("filters", f"{told} not applied; copy what you want into a folder of detect.filters"))
    facts += [
        ("before", f"{visible(item.version)}, {item.archive}, until {item.replaced_at:%Y-%m-%d}")
        for item in known.former
    ]
    shown = table("", "", flexible="")
    shown.show_header = False
    for name, value in facts:
        shown.add_row(Text(name, "dim"), Text(value))
    yield indented(shown)
    yield from problems_list(problems, known.could_not_load, "could not be loaded")


def problems_list(problems: Sequence[PackProblem], total: int, what: str) -> Iterator[RenderableType]:
    """File and reason of each, the first of many."""
    if not total:
        return
    yield heading(f"{counted(total, 'rule or file', 'rules and files')} {what}")
    for item in problems[:_PROBLEMS_SHOWN]:
        yield indented(Text.assemble(safe(item.origin, "bold", 200), "\n  ", safe(item.reason, longest=300)))
    if total > _PROBLEMS_SHOWN:
        yield indented(Text(f"and {number(total - _PROBLEMS_SHOWN)} more; --json names them", style="dim"))


def comparison_page(found: Comparison, *, text: bool = False) -> RenderableType:
    """What changes from one set of rules to another; with the YAML's difference where `text` asks for it."""
    return Group(*_comparison(found, text=text))


def _comparison(found: Comparison, *, text: bool) -> Iterator[RenderableType]:
    yield Text.assemble("from ", (visible(found.old, 200), "bold"), " to ", (visible(found.new, 200), "bold"))
    if text:
        for change in found.changes:
            yield from _text(change)
    elif found.changes:
        yield _table(found)
    if found.stopping:
        yield heading(f"{counted(len(found.stopping), 'rule')} cannot run as the new version has it")
        for change in found.stopping[:_SHOWN]:
            yield indented(Text.assemble(safe(change.title, "bold", 120), "  ", safe(change.where, "dim", 200)))
            yield indented(indented(safe(change.stops, "bold red", 300)))
    yield from problems_list(found.unreadable, len(found.unreadable), "of the new version cannot be read")
    told = [f"{number(len(found.of(kind)))} {kind}" for kind in Kind if found.of(kind)]
    rest = f"{number(found.worded)} changed in words only, {number(found.same)} as they were"
    yield Text(f"{', '.join([*told, rest])}", style="bold" if told else "")


def _table(found: Comparison) -> RenderableType:
    shown = table("", "level", "rule", "what", flexible="rule")
    order = sorted(found.changes, key=lambda item: (list(Kind).index(item.kind), -item.level, item.title))
    listed = [change for kind in Kind for change in [one for one in order if one.kind is kind][:_SHOWN]]
    for change in listed:
        title = Text.assemble(safe(change.title, longest=160), "\n", safe(_id(change), "dim"))
        if change.author:
            title = Text.assemble(title, safe(f"  by {change.author}", "dim", 120))
        what = Text("\n".join(visible(item, 60) for item in change.what))
        shown.add_row(Text(change.kind.value, _STYLES[change.kind]), level_text(change.level), title, what)
    more = len(found.changes) - len(listed)
    return Group(shown, Text(f"and {number(more)} more; --json names them", style="dim")) if more else shown


def _id(change: RuleChange) -> str:
    return f"{change.old_id} -> {change.rule_id}" if change.old_id else change.rule_id


def _text(change: RuleChange) -> Iterator[RenderableType]:
    mark = Text(f"\n{change.kind.value}", _STYLES[change.kind])
    yield Text.assemble(mark, "  ", safe(change.title, "bold", 160), "  ", safe(_id(change), "dim"))
    for line in change.text:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        yield safe(line, style, 400)


def _demand(known: Manifest) -> str:
    return ": the authors of its rules stay visible" if Licence(known.licence, "").wants_authors else ""


def _counts(counts: Mapping[str, int]) -> str:
    shown = [f"{visible(name, 40)} {number(count)}" for name, count in list(counts.items())[:12]]
    return ", ".join(shown) + (f" and {len(counts) - 12} more" if len(counts) > 12 else "")
