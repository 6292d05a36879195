"""One rule on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.detect.viewing import RuleView
from breachwatch.model.finding import RuleOutcome
from breachwatch.report.quantities import counted
from breachwatch.report.tables import heading, indented, level_text, table
from breachwatch.report.text import safe, visible


def rule_page(rule: RuleView, ended: RuleOutcome | None) -> RenderableType:
    """A rule with where it came from, what to do when it fires, its SQL, and how it ended the last run."""
    return Group(*_page(rule, ended))


def _page(rule: RuleView, ended: RuleOutcome | None) -> Iterator[RenderableType]:
    yield Text.assemble((visible(rule.title, 200), "bold"), "  ", level_text(rule.level))
    if rule.description:
        yield safe(" ".join(rule.description.split()), longest=2000)
    shown = table("", "", flexible="")
    shown.show_header = False
    for name, value in _facts(rule, ended):
        if value:
            shown.add_row(Text(name, "dim"), Text(value))
    yield indented(shown)
    if rule.problem:
        yield safe(f"It cannot run: {rule.problem}", "bold red", 1000)
    yield from _listed("What to do when it fires", rule.guide, numbered=True)
    yield from _listed("False positives", rule.falsepositives)
    yield from _listed("References", rule.references)
    for query in rule.queries:
        yield heading(f"SQL over {visible(query.dataset, 200)}")
        for line in query.sql.splitlines():
            yield indented(safe(line, longest=4000))
    if not rule.queries and not rule.problem:
        yield heading("SQL")
        yield indented(Text(f"none: no dataset is mapped to its log source ({visible(rule.logsource, 200)})"))


def _facts(rule: RuleView, ended: RuleOutcome | None) -> Iterator[tuple[str, str]]:
    yield "id", visible(rule.rule_id)
    yield "author", visible(rule.author, 400) or "not stated"
    told_by = f", as {visible(rule.licence_from, 200)} says" if rule.licence_from else ""
    yield "licence", f"{visible(rule.licence, 80)}{told_by}"
    yield "read from", visible(rule.origin, 300)
    if rule.pack:
        yield "pack", f"{visible(rule.pack)} {visible(rule.pack_version, 60)}, from {visible(rule.pack_origin, 300)}"
        yield "pack's hash", f"SHA-256 {visible(rule.pack_sha256)} over its rule files"
    dates = (rule.date and f"written {rule.date}", rule.modified and f"changed {rule.modified}")
    yield "status", visible(", ".join(part for part in (rule.status, *dates) if part), 200)
    yield "log source", visible(rule.logsource, 300)
    yield "ATT&CK", visible(", ".join(rule.tags), 400)
    yield "over", visible("; ".join(rule.over), 600)
    yield "filters", visible("; ".join(rule.filters), 600)
    if not rule.reports:
        yield "reports", "nothing itself; it serves correlations"
    yield "last run", _ended(ended)
    yield "revision", f"SHA-256 of its text {rule.revision}"


def _ended(ended: RuleOutcome | None) -> str:
    if ended is None:
        return "not run yet"
    found = f", {counted(ended.findings, 'finding')}" if ended.findings else ""
    reason = f": {visible(ended.reason, 300)}" if ended.reason else ""
    unknown = f"; no event had {visible(', '.join(ended.unknown_fields), 200)}" if ended.unknown_fields else ""
    return f"{ended.outcome}{found}{reason}{unknown}"


def _listed(title: str, lines: Sequence[str], *, numbered: bool = False) -> Iterator[RenderableType]:
    if lines:
        yield heading(title)
        for number, line in enumerate(lines, 1):
            yield indented(Text(f"{number}. {visible(line, 400)}" if numbered else visible(line, 400)))
