"""Rules, what is wrong with them, and how their tests ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.detect import RuleProblem, Severity
from breachwatch.model.finding import OUR_AUTHOR, Level, Outcome
from breachwatch.report.quantities import counted, number
from breachwatch.report.tables import indented, level_text, table
from breachwatch.report.text import safe

if TYPE_CHECKING:
    from breachwatch.detect import CaseResult

_OUTCOME_STYLES = {
    Outcome.MATCHED: "bold",
    Outcome.NO_MATCH: "",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.COULD_NOT_RUN: "bold yellow",
}
_WIDE = 120
"""From this width on a rule's id has a column of its own."""

_SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule and how it ended the last run; `outcome` is None where it has not run yet."""

    rule_id: str
    title: str
    level: Level
    where: str  # the file it was read from, or the log source it needs
    outcome: Outcome | None
    findings: int
    reason: str
    author: str = ""
    pack: str = ""
    licence: str = ""
    unknown_fields: tuple[str, ...] = ()  # fields it names that no event of the last run had


def rules_page(lines: Sequence[RuleLine], *, shown_of: int | None = None, width: int = 160) -> RenderableType:
    """Rules with how they ended the last run; on a narrow terminal the id stands below the title."""
    if not lines:
        return Text("No rule fits. `breachwatch rules list` shows all.")
    apart = width >= _WIDE
    columns = ("level", "rule", "last run", "findings", *(["id"] if apart else []))
    shown = table(*columns, right=("findings",), flexible="rule")
    for line in lines:
        title = safe(line.title, longest=200)
        if line.author not in {"", OUR_AUTHOR}:
            licence = f" ({line.licence})" if line.licence else ""
            title = Text.assemble(title, "\n", safe(f"by {line.author}{licence}", "dim", 200))
        if line.reason:
            title = Text.assemble(title, "\n", safe(line.reason, "dim", 300))
        if line.unknown_fields:
            title = Text.assemble(title, "\n", safe(f"no event had {', '.join(line.unknown_fields)}", "yellow", 300))
        rule_id = safe(line.rule_id, "dim")
        ended = (
            Text("not run yet", "dim")
            if line.outcome is None
            else Text(str(line.outcome), _OUTCOME_STYLES[line.outcome])
        )
        findings = Text(number(line.findings) if line.findings else "", "bold")
        cells = [title, ended, findings, rule_id] if apart else [Text.assemble(title, "\n", rule_id), ended, findings]
        shown.add_row(level_text(line.level), *cells)
    counts = Counter(line.outcome for line in lines)
    told = ", ".join(f"{number(counts[outcome])} {outcome}" for outcome in Outcome if counts[outcome])
    total = f"{counted(len(lines), 'rule')}{f' of {number(shown_of)}' if shown_of and shown_of != len(lines) else ''}"
    return Group(shown, Text(f"{total}{f': {told}' if told else ''}", style="dim"))


def rule_problems_page(
    problems: Sequence[RuleProblem], rules: int, *, notes: bool = False, tags_checked: bool = True
) -> RenderableType:
    """What is wrong with rules: errors keep a rule from running. Without `notes` those are counted by kind."""
    counts = Counter(problem.severity for problem in problems)
    each = ", ".join(counted(counts[severity], severity.value) for severity in Severity)
    end = Text(f"{counted(rules, 'rule')}: {each}", style="bold red" if counts[Severity.ERROR] else "bold green")
    told: list[RenderableType] = []
    for problem in sorted(problems, key=lambda item: list(Severity).index(item.severity)):
        if problem.severity is Severity.NOTE and not notes:
            continue
        mark = Text(problem.severity.value, _SEVERITY_STYLES[problem.severity])
        told.append(Text.assemble(mark, "  ", safe(problem.title, "bold", 120), "  ", safe(problem.origin, "dim", 200)))
        check = f"  {problem.check}" if problem.check else ""
        told.append(indented(Text.assemble(safe(problem.message, longest=1000), safe(check, "dim"))))
    if counts[Severity.NOTE] and not notes:
        told.append(_notes(problems))
    if not tags_checked:
        told.append(
            Text("ATT&CK tags are not checked: no file is given ([detect] attack_data, or --attack-data).", "dim")
        )
    return Group(*told, end)


def _notes(problems: Sequence[RuleProblem]) -> RenderableType:
    """Notes by what says them; the words of the first stand for all."""
    kinds: dict[str, list[RuleProblem]] = {}
    for problem in problems:
        if problem.severity is Severity.NOTE:
            kinds.setdefault(problem.check, []).append(problem)
    shown = table("notes", "check", "such as", right=("notes",), flexible="such as")
    for check, listed in sorted(kinds.items(), key=lambda entry: -len(entry[1])):
        first = Text.assemble(safe(listed[0].message, longest=160), safe(f"  {listed[0].origin}", "dim", 120))
        shown.add_row(number(len(listed)), safe(check), first)
    return Group(shown, Text("--notes names each", "dim"))


def cases_page(results: Sequence[CaseResult]) -> RenderableType:
    """How the test events of rules ended: what failed, and the count of the rest."""
    failed = [result for result in results if not result.passed]
    files = len({result.file for result in results})
    told = f"{counted(len(results), 'case')} of {counted(files, 'rule file')}: "
    end = Text(told + (f"{counted(len(failed), 'fails', 'fail')}" if failed else "all pass"))
    end.stylize("bold red" if failed else "bold green")
    if not failed:
        return end
    shown = table("rule file", "case", "findings", "wanted", "why", right=("findings", "wanted"), flexible="why")
    for result in failed:
        wanted = "at least 1" if result.expected is None else number(result.expected)
        shown.add_row(
            safe(result.file),
            safe(result.case, longest=200),
            Text(number(result.findings)),
            Text(wanted),
            safe(result.problem),
        )
    return Group(shown, end)
