"""Rule tests: the log lines of `cases/` through parser, lake and scan (format: `detections/cases/README.md`).

Each case has an empty lake to itself where other lines could change what its rules find. Rules that judge each event by
itself are tried in a few lakes that hold the lines of many cases, which saves most of the time: of such a rule's
findings those count that lie in its own file's cases, each in its case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from breachwatch import lake
from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.cases import PLACES, Case, CaseFile, read_cases
from breachwatch.detect.engine import scan
from breachwatch.detect.rulepack import RulePack
from breachwatch.detect.trial import Trials, land, trials
from breachwatch.errors import DataError, UnknownNameError
from breachwatch.lake.places import write_places
from breachwatch.model.datasets import dataset
from breachwatch.model.finding import Outcome, Scan
from breachwatch.workspace import Workspace

_TOGETHER = 200  # cases that share a lake at most

_WRONG = (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, DataError)
"""What a file of cases that is not as it should be raises."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case of one rule file ended. `expected` and `findings` count findings; None means at least one."""

    file: str  # stem of the rule file
    case: str
    positive: bool
    expected: int | None
    findings: int
    problem: str = ""  # why it could not be tried, or what else went wrong

    @property
    def passed(self) -> bool:
        if self.problem:
            return False
        return self.findings >= 1 if self.expected is None else self.findings == self.expected


def test_rules(only: Iterable[str] = (), folder: Path | None = None) -> Iterator[CaseResult]:  # noqa: PT028 - no test
    """Run the cases of all rule files in `folder` (default: the rules that come with breachwatch), or of some, by stem.

    `folder` holds `rules/` and `cases/`. Raises UnknownNameError for a stem without cases.
    """
    folder = folder or builtin_folder()
    cases = {path.stem: path for path in sorted((folder / "cases").glob("*.yml"))}
    wanted = list(dict.fromkeys(only)) or list(cases)
    for stem in wanted:
        if stem not in cases:
            raise UnknownNameError("rule file with cases", stem, cases)
    waiting: dict[str, _Shared] = {}
    with trials() as room:
        for stem in wanted:
            try:
                file = read_cases(stem, folder / "rules" / f"{stem}.yml", cases[stem])
                yield from _file(room, file, waiting)
            except _WRONG as error:
                reason = f"{cases[stem].name} is not as cases/README.md says: {error!r}"
                yield CaseResult(stem, "", True, None, 0, reason)
        for shared in waiting.values():
            yield from shared.try_all(room)


test_rules.__test__ = False  # type: ignore[attr-defined] # pytest takes it for a test otherwise


def _file(room: Trials, file: CaseFile, waiting: dict[str, _Shared]) -> Iterator[CaseResult]:
    """The results of a file's cases; those that may share a lake are put aside until it is full."""
    shares = file.judges_events()
    for case in file.cases:
        kind = case.kind() if shares else ""
        if not kind:
            yield from _try(room, [(file, case)])
            continue
        shared = waiting.setdefault(kind, _Shared())
        if not shared.takes(file):
            yield from shared.try_all(room)
            shared = waiting[kind] = _Shared()
        shared.tried.append((file, case))


Tried = tuple[CaseFile, Case]


@dataclass
class _Shared:
    """Cases that will share a lake."""

    tried: list[Tried] = field(default_factory=list)

    def takes(self, file: CaseFile) -> bool:
        """Whether there is room, and no rule of another file has the same id."""
        others = {item.stem: item.pack for item, _ in self.tried if item.stem != file.stem}
        ids = {rule.id for pack in others.values() for rule in pack.rules}
        return len(self.tried) < _TOGETHER and ids.isdisjoint(rule.id for rule in file.pack.rules)

    def try_all(self, room: Trials) -> Iterator[CaseResult]:
        """The results of all; one by one if something is wrong with any, so that it spoils no other."""
        try:
            yield from list(_try(room, self.tried))
        except _WRONG:
            for file, case in self.tried:
                try:
                    yield from _try(room, [(file, case)])
                except _WRONG as error:
                    reason = f"{file.stem}.yml is not as cases/README.md says: {error!r}"
                    yield CaseResult(file.stem, case.name, case.positive, case.expected, 0, reason)


def _try(room: Trials, tried: Sequence[Tried]) -> Iterator[CaseResult]:
    """Cases in one lake."""
    first = tried[0][1]
    packs = {file.stem: file.pack for file, _ in tried}
    every = RulePack(
        [rule for pack in packs.values() for rule in pack.rules],
        [problem for pack in packs.values() for problem in pack.problems],
        [text for pack in packs.values() for text in pack.filters],
    )
    ws = room.workspace(first.settings())
    try:
        write_places(ws.root / PLACES, first.places)
        rejects = [
            sum(land(ws, log).rejects for log in case.logs(f"case{number}-")) for number, (_, case) in enumerate(tried)
        ]
        result = scan(ws, first.until, pack=every)
        found = _counted(ws, result, tried) if len(tried) > 1 else {0: len(result.findings)}
    finally:
        room.drop(ws)
    broken = {stem: _broken(pack, result) for stem, pack in packs.items()}
    for number, (file, case) in enumerate(tried):
        rejected = f"{rejects[number]} lines could not be parsed" if rejects[number] else ""
        problem = broken[file.stem] or rejected
        yield CaseResult(file.stem, case.name, case.positive, case.expected, found.get(number, 0), problem)


def _broken(pack: RulePack, result: Scan) -> str:
    """Why a rule of a pack could not run; empty where all could."""
    mine = {rule.id for rule in pack.rules} | {problem.rule_id for problem in pack.problems}
    reasons = (
        item.reason for item in result.outcomes if item.rule_id in mine and item.outcome is Outcome.COULD_NOT_RUN
    )
    return next(reasons, "")


def _counted(ws: Workspace, result: Scan, tried: Sequence[Tried]) -> Mapping[int, int]:
    """Findings by the number of the case whose log holds their event, of the rules of the case's own file."""
    case_of = dict.fromkeys((finding.event_ids[0] for finding in result.findings), 0)
    with closing(lake.connect(ws, empty_views=False)) as connection:
        for name in {finding.dataset for finding in result.findings}:
            rows = connection.execute(f'SELECT event_id, source FROM "{dataset(name).view}"').fetchall()
            case_of.update((event, int(source[4:].split("-")[0])) for event, source in rows if event in case_of)
    stem_of = {rule.id: file.stem for file, _ in tried for rule in file.pack.rules}
    pairs = ((case_of[finding.event_ids[0]], stem_of[finding.rule_id]) for finding in result.findings)
    return Counter(number for number, stem in pairs if tried[number][0].stem == stem)
