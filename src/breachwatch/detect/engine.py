"""The scan: every rule over what no run has searched yet.

**Which events.** A night searches the events before `until` that lie in lake files which no run has searched whole:
those of new files, whatever time they tell, and those that the last run left because they came after its `until`.
Events without a time are searched once, when their file is new. A rule that is new or changed is not run over the past:
`search_past` does that, for hunts.

New events that lie far apart, or that are very many, are searched in *pieces* (see `pieces`), each like a night of its
own. A single-event rule reads the new events of the piece and nothing else.

**What correlations read.** An episode is reported if an event that takes part in it is new; of the others a run before
has told. With S the longest time from the first to the last event of one of the correlation's windows (inner
correlations included) and the piece's new events from a to b, all events from a - R to b + R are read, R being at least
2 S, whether searched before or not; if none of the rules that the correlation is over matches a new event, nothing is.

**The same finding has the same key in every run.** A single-event rule's is the rule and the event. An episode's is the
rule, the group's values and its *first event*, so an episode must never be cut at the start of what was read:

- Of the episodes those are reported that begin at a - R + S or later. Such an episode has its true first event: an
  earlier one of it would lie in a window that overlaps, whose anchor lies after the episode's first event, so all of
  that window was read.
- Nothing is lost. A window that holds a new event begins at a - S or later. If its episode began before a - R + S, the
  piece reads again with R as long as `detect.lookback_days` allow, so that an attack that goes on keeps its key and its
  finding grows. If it began still earlier, the episode's first window lies wholly before everything new: the run that
  first searched its events has reported it under the same first event.
- A window that looks ahead (see `correlation`) may be judged after its events were searched: it is left to the first
  run whose `until` lies after its end. It begins at most S before the latest event L that runs before have searched,
  so the last piece of a night reads such correlations from L - 2 S on, new events or none, and reports what begins at
  L - S or later.

Late events can make an episode begin earlier, which makes it a new finding: it *is* another one. They are read with
what happened up to R after them; what takes part still later in an episode that a late event joins is in its finding of
before.

**Rules that ask how long ago something was seen** read all events of the piece's time and as far back as they say; they
report new events only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from breachwatch.detect import garbage
from breachwatch.detect.analytics import ImpossibleTravel, analytic_of
from breachwatch.detect.compiling import Compiler, RuleError
from breachwatch.detect.gathering import gathered
from breachwatch.detect.health.examining import examine, not_examined
from breachwatch.detect.health.kinds import is_about_logs
from breachwatch.detect.pieces import Piece, pieces_of
from breachwatch.detect.rulepack import Rule, RulePack
from breachwatch.detect.running import Runner
from breachwatch.detect.sources import Spans
from breachwatch.detect.starting import compiler_for, load_rules
from breachwatch.detect.window import open_window
from breachwatch.lake import files
from breachwatch.model.datasets import REJECTS_DATASET
from breachwatch.model.finding import CompiledRule, Finding, RuleOutcome, Scan, Window
from breachwatch.workspace import Workspace

Progress = Callable[[str, int, int], None]


def _quiet(what: str, done: int, total: int) -> None:
    """A `Progress` that says nothing."""


def scan(ws: Workspace, until: datetime, progress: Progress = _quiet, pack: RulePack | None = None) -> Scan:
    """Search the events before `until` (aware) that no run has searched yet, with every rule.

    Changes nothing in the lake or the records.
    """
    pack = load_rules(ws) if pack is None else pack
    end = until.astimezone(UTC)
    listed = [file for file in files(ws) if file.dataset != REJECTS_DATASET.name]
    new = [file for file in listed if file.scanned_at is None]
    pieces = pieces_of(listed, end)
    searched = tuple(file.path for file in new if file.max_time is None or file.max_time < end)
    found = _search(ws, pack, pieces, Window(pieces[0].window.start, end), progress, night=True)
    return replace(found, scanned_files=searched)


def search_past(ws: Workspace, pack: RulePack, window: Window, progress: Progress = _quiet) -> Scan:
    """Search the events of [window.start, window.end) (aware) with these rules, whether a run has searched them or not.

    Correlations and first-seen rules read what they need before the window, so that a long time may be searched piece
    by piece, in order: a finding has the same key whatever piece finds it. Events without a time belong to no window.
    `scanned_files` of the result is empty. Changes nothing in the lake or the records.
    """
    return _search(ws, pack, [Piece(window, window.end)], window, progress)


def reach_of(ws: Workspace, pack: RulePack, until: datetime) -> timedelta:
    """How far before a window its rules read."""
    compiler, _ = compiler_for(ws, pack, until)
    learning = timedelta(days=ws.settings.detect.learning_days)
    return max(_reach_back(ws, compiler, pack), _history(pack, learning))


def _search(
    ws: Workspace,
    pack: RulePack,
    pieces: Sequence[Piece],
    window: Window,
    progress: Progress,
    *,
    night: bool = False,
) -> Scan:
    about_logs = [rule for rule in pack.rules if is_about_logs(rule.custom)]
    pack = replace(pack, rules=[rule for rule in pack.rules if rule not in about_logs])
    compiler, filter_problems = compiler_for(ws, pack, window.end)
    learning = timedelta(days=ws.settings.detect.learning_days)
    back, history = _reach_back(ws, compiler, pack), _history(pack, learning)
    scans = []
    for number, piece in enumerate(pieces):
        spans = Spans(piece.window, back, history)
        steps = _Steps(progress, number * len(pack.rules), len(pieces) * len(pack.rules))
        scans.append(_search_piece(ws, compiler, pack, spans, piece, steps))
    # Rules about the logs themselves look at all that came in at once, whatever time it tells.
    scans.append(examine(ws, compiler, about_logs, window) if night else not_examined(about_logs, window))
    compiler.save()
    found = gathered(window, scans)
    return replace(found, outcomes=(*pack.problems, *filter_problems, *found.outcomes))


def _search_piece(ws: Workspace, compiler: Compiler, pack: RulePack, spans: Spans, piece: Piece, steps: _Steps) -> Scan:
    findings: list[Finding] = []
    outcomes: list[RuleOutcome] = []
    compiled: list[CompiledRule] = []
    with garbage.set_aside(), open_window(ws, spans, compiler.mappings, piece) as opened:
        runner = Runner(ws, opened, compiler, pack.rules)
        runner.prepare()
        for rule in pack.rules:
            ran = runner.run(rule)
            outcomes.append(ran.outcome)
            findings += ran.findings
            compiled += [ran.compiled] if ran.compiled else []
            steps.step()
        events = opened.events()
    return Scan(piece.window, tuple(findings), tuple(outcomes), tuple(compiled), events)


class _Steps:
    """Counts rules over all pieces."""

    def __init__(self, progress: Progress, done: int, total: int) -> None:
        self._progress = progress
        self._done = done
        self._total = total

    def step(self) -> None:
        self._done += 1
        self._progress("rules", self._done, self._total)


def _reach_back(ws: Workspace, compiler: Compiler, pack: RulePack) -> timedelta:
    """How far before a piece correlations may read: to follow an episode that goes on back to where it began."""
    span = _correlation_span(compiler, pack)
    return max(2 * span, timedelta(days=ws.settings.detect.lookback_days)) if span else span


def _correlation_span(compiler: Compiler, pack: RulePack) -> timedelta:
    """The longest span of a correlation in the pack, or of a rule whose findings are episodes like a correlation's."""
    seconds = [_seconds(compiler, rule) for rule in pack.rules]
    return timedelta(seconds=max(seconds, default=0))


def _seconds(compiler: Compiler, rule: Rule) -> int:
    try:
        if rule.is_correlation:
            return compiler.correlation(rule).seconds
        analytic = analytic_of(rule.custom)
    except (RuleError, ValueError):
        return 0  # its outcome will say so
    return analytic.seconds if isinstance(analytic, ImpossibleTravel) else 0


def _history(pack: RulePack, learning: timedelta) -> timedelta:
    """The longest history of a rule that asks how long ago something was seen, and the learning time before it."""
    longest = timedelta()
    for rule in pack.rules:
        try:
            asked = analytic_of(rule.custom)
        except ValueError:
            continue  # its outcome will say so
        if asked is not None and not isinstance(asked, ImpossibleTravel):
            longest = max(longest, asked.reach(learning))
    return longest
