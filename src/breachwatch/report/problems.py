"""What went wrong in a run, in plain words; the same list for terminal and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from breachwatch.model.finding import Outcome
from breachwatch.model.segment import Problem
from breachwatch.model.summary import RunSummary, SourceReport
from breachwatch.report.quantities import counted


@dataclass(frozen=True, slots=True)
class Trouble:
    """One problem: about what, what happened, and whether something was left out because of it."""

    about: str
    text: str
    serious: bool


def troubles(summary: RunSummary) -> list[Trouble]:
    """All problems of a run, the serious ones first."""
    found = [
        Trouble(
            failure.incident, f"its evidence could not be sealed: {failure.reason}. The next run tries again.", True
        )
        for failure in summary.failures
    ]
    for report in summary.sources:
        found.extend(_of_source(report))
    broken = sum(outcome.outcome is Outcome.COULD_NOT_RUN for outcome in summary.outcomes)
    if broken:
        found.append(
            Trouble("rules", f"{counted(broken, 'rule')} could not run; `breachwatch rules list` says why.", False)
        )
    found += [Trouble("lake", problem, True) for problem in summary.upkeep.problems]
    found += [Trouble("evidence", problem, True) for problem in summary.vouched.problems]
    return sorted(found, key=lambda item: not item.serious)


def _of_source(report: SourceReport) -> Iterator[Trouble]:
    if report.failed is not None:
        yield Trouble(report.source, report.failed, True)
    for problem in report.problems:
        if any(_covers(other, problem) for other in report.problems):
            continue
        where = f"{problem.where}: " if problem.where and problem.where not in problem.what else ""
        yield Trouble(report.source, f"{where}{problem.what}", problem.lost_data)
    if report.rejects:
        kept = (
            f"{counted(report.rejects, 'record')} could not be parsed and {'is' if report.rejects == 1 else 'are'} kept"
        )
        yield Trouble(report.source, f"{kept} byte for byte in the view `rejects`.", False)


def _covers(other: Problem, problem: Problem) -> bool:
    """Whether another problem says it already: about the same place and more, as of one pattern of a source's paths."""
    wider = problem.where in other.where.split(", ") and problem.where != other.where
    return bool(problem.where) and wider and other.lost_data >= problem.lost_data
