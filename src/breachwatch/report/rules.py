"""Rules, what is wrong with them, and how their tests ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.detect import CaseResult, RuleProblem, Severity
from breachwatch.model.finding import Level, Outcome
from breachwatch.report.quantities import counted, number
from breachwatch.report.tables import indented, level_text, table
from breachwatch.report.text import safe

_OUTCOME_STYLES = {
    Outcome.MATCHED: "bold",
    Outcome.NO_MATCH: "",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.COULD_NOT_RUN: "bold yellow",
}


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


def rules_page(lines: Sequence[RuleLine], *, shown_of: int | None = None) -> RenderableType:
    """Rules with how they ended the last run."""
    if not lines:
        return Text("No rule fits. `breachwatch rules list` shows all.")
    shown = table("level", "rule", "last run", "findings", "id", right=("findings",), flexible="rule")
    for line in lines:
        title = safe(line.title, longest=200)
        if line.author:
            title = Text.assemble(title, "\n", safe(f"by {line.author}", "dim", 200))
        if line.reason:
            title = Text.assemble(title, "\n", safe(line.reason, "dim", 300))
        ended = (
            Text("not run yet", "dim")
            if line.outcome is None
            else Text(str(line.outcome), _OUTCOME_STYLES[line.outcome])
        )
        findings = Text(number(line.findings) if line.findings else "", "bold")
        shown.add_row(level_text(line.level), title, ended, findings, safe(line.rule_id, "dim"))
    counts = Counter(line.outcome for line in lines)
    told = ", ".join(f"{number(counts[outcome])} {outcome}" for outcome in Outcome if counts[outcome])
    total = f"{counted(len(lines), 'rule')}{f' of {number(shown_of)}' if shown_of and shown_of != len(lines) else ''}"
    return Group(shown, Text(f"{total}{f': {told}' if told else ''}", style="dim"))


def rule_problems_page(problems: Sequence[RuleProblem], rules: int) -> RenderableType:
    """What is wrong with rules: errors keep a rule from running."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    end = Text(
        f"{counted(rules, 'rule')}: {counted(errors, 'error')}, {counted(warnings, 'warning')}",
        style="bold red" if errors else "bold green",
    )
    told: list[RenderableType] = []
    for problem in sorted(problems, key=lambda item: item.severity is not Severity.ERROR):
        mark = Text(problem.severity.value, "bold red" if problem.severity is Severity.ERROR else "yellow")
        told.append(Text.assemble(mark, "  ", safe(problem.title, "bold", 120), "  ", safe(problem.origin, "dim", 200)))
        told.append(indented(safe(problem.message, longest=1000)))
    return Group(*told, end)


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
            safe(result.case, longest=60),
            Text(number(result.findings)),
            Text(wanted),
            safe(result.problem),
        )
    return Group(shown, end)
