"""Coverage of ATT&CK on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.detect.coverage import Coverage, Missing, RuleCoverage, State, TechniqueCoverage
from breachwatch.report.quantities import counted, number
from breachwatch.report.tables import heading, indented, table
from breachwatch.report.text import safe, visible

_MISSING_SHOWN = 12
_TITLES_SHOWN = 3


def coverage_page(found: Coverage, *, tactic: str = "", gaps: bool = False) -> RenderableType:
    """The tactics in sum; the techniques (of one `tactic`; with `gaps`, those without logs); what is missing."""
    return Group(*_page(found, tactic, gaps=gaps))


def _page(found: Coverage, tactic: str, *, gaps: bool) -> Iterator[RenderableType]:
    if not tactic and not gaps:
        yield _tactics(found)
    chosen = [item for item in found.techniques if tactic in {"", *item.tactics}]
    if gaps:
        chosen = [item for item in chosen if not item.count(State.DATA)]
    yield heading(_title(found, tactic, gaps=gaps))
    yield indented(_techniques(chosen)) if chosen else indented(Text("none"))
    if not tactic and found.missing:
        yield heading("Logs that rules ask for and the lake has none of")
        yield indented(_missing(found.missing))
    yield _end(found)
    if not found.attack_version:
        note = "No ATT&CK file is given ([detect] attack_data, or --attack-data): ids stand without names"
        yield Text(f"{note}, and tactics are those that the rules name.", "dim")


def _title(found: Coverage, tactic: str, *, gaps: bool) -> str:
    name = f" of {visible(found.tactics.get(tactic, tactic), 60)}" if tactic else ""
    return f"Techniques{name} without data" if gaps else f"Techniques{name}"


def _tactics(found: Coverage) -> RenderableType:
    columns = ("with data", "without data", "in ATT&CK") if found.known else ("with data", "without data")
    shown = table("tactic", *columns, right=columns, flexible="tactic")
    for short, name in found.tactics.items():
        items = found.of(short)
        with_data = sum(item.count(State.DATA) > 0 for item in items)
        cells = [number(with_data), number(len(items) - with_data)]
        if found.known:
            cells.append(number(found.known.get(short, 0)))
        shown.add_row(safe(name, longest=200), *cells)
    return shown


def _techniques(items: Sequence[TechniqueCoverage]) -> RenderableType:
    numbers = ("with data", "without", "found")
    shown = table("technique", *numbers, "name and rules", right=numbers, flexible="name and rules")
    for item in items:
        with_data, total = item.count(State.DATA), len(item.rules)
        style = "bold" if with_data else "dim"
        name = Text.assemble(safe(item.name, style, 200), safe(f"  {item.note}" if item.note else "", "yellow", 200))
        best = sorted(item.rules, key=_rank)
        titles = "; ".join(visible(rule.title, 200) for rule in best[:_TITLES_SHOWN])
        more = f" and {number(total - _TITLES_SHOWN)} more" if total > _TITLES_SHOWN else ""
        text = Text.assemble(name, "\n" if name.plain else "", (f"{titles}{more}", "" if with_data else "dim"))
        shown.add_row(
            Text(item.technique, style),
            number(with_data) if with_data else "",
            number(total - with_data) if total > with_data else "",
            Text(number(item.findings) if item.findings else "", "bold"),
            text,
        )
    return shown


def _rank(rule: RuleCoverage) -> tuple[int, int, int, str]:
    """What found something comes first, then what could."""
    found = rule.last_run.findings if rule.last_run else 0
    return (-min(found, 1), list(State).index(rule.state), -rule.level, rule.title)


def _missing(items: Sequence[Missing]) -> RenderableType:
    numbers = ("rules", "new techniques")
    shown = table("log source", *numbers, "dataset", right=numbers, flexible="dataset")
    for item in items[:_MISSING_SHOWN]:
        datasets = ", ".join(item.datasets) or "none is mapped to it yet"
        shown.add_row(safe(item.logsource, longest=200), number(item.rules), number(item.techniques), safe(datasets))
    if len(items) <= _MISSING_SHOWN:
        return shown
    return Group(shown, Text(f"and {number(len(items) - _MISSING_SHOWN)} more; --json names them", "dim"))


def _end(found: Coverage) -> Text:
    with_data = [item for item in found.techniques if item.count(State.DATA)]
    states = [f"{number(sum(rule.state is state for rule in found.rules))} {state}" for state in State]
    untagged = sum(not rule.techniques for rule in found.rules)
    told = f"\n{counted(len(with_data), 'technique')} with data of {number(len(found.techniques))} that rules are for; "
    told += f"{counted(len(found.rules), 'active rule')}: {', '.join(states)}"
    return Text(told + (f"; {number(untagged)} name no technique" if untagged else ""), "bold")
