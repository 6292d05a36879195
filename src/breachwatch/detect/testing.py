"""Rule tests: the log lines of `cases/` through parser, lake and scan (format: `detections/cases/README.md`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from breachwatch import lake
from breachwatch.detect.analytics import analytic_of
from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.engine import scan
from breachwatch.detect.health.kinds import is_about_logs
from breachwatch.detect.loading import read_rules
from breachwatch.detect.mapping import AUTHENTICATION
from breachwatch.detect.rulepack import RulePack, pack_of
from breachwatch.detect.trial import AFTER_ALL, TrialLog, Trials, land, trials
from breachwatch.errors import DataError, UnknownNameError
from breachwatch.lake.places import write_places
from breachwatch.model.datasets import dataset
from breachwatch.model.finding import Outcome, Scan
from breachwatch.model.formats import format_named
from breachwatch.settings import City, Detect, GeoIP, Settings
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

_FILE_TIME = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
_PLACES = "places.csv"
_CASE_KEYS = frozenset(
    {
        *("name", "format", "lines", "inputs", "host", "time_zone", "city_time_zone", "file_time", "findings"),
        *("working_hours", "working_days", "places", "until"),
    }
)


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
    wanted = list(only) or list(cases)
    for stem in wanted:
        if stem not in cases:
            raise UnknownNameError("rule file with cases", stem, cases)
    with trials() as room:
        for stem in wanted:
            yield from _file(room, stem, folder / "rules" / f"{stem}.yml", cases[stem])


test_rules.__test__ = False  # type: ignore[attr-defined] # pytest takes it for a test otherwise


def _file(room: Trials, stem: str, rules: Path, cases: Path) -> Iterator[CaseResult]:
    try:
        listed = yaml.load(cases.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        pack = pack_of(read_rules(str(rules), rules.parent))
        every = [
            (case, positive) for positive in (True, False) for case in listed["positive" if positive else "negative"]
        ]
        for together in _together(pack, every):
            yield from _try(room, stem, pack, together)
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, DataError) as error:
        yield CaseResult(stem, "", True, None, 0, f"{cases.name} is not as cases/README.md says: {error!r}")


Case = tuple[Mapping[str, Any], bool]
"""A case, and whether it is a positive one."""


def _together(pack: RulePack, cases: Sequence[Case]) -> Iterator[list[Case]]:
    """Cases that may share a lake, because none can change what becomes of another: it saves most of the time.

    Rules that judge each event by itself let their cases share one, if the settings are the same; a correlation, a rule
    about the past, and the view of all sign-ins (which leaves out what another log tells) do not.
    """
    alone = not any(
        rule.is_correlation
        or analytic_of(rule.custom)
        or is_about_logs(rule.custom)
        or (rule.document.get("logsource") or {}).get("category") == AUTHENTICATION
        for rule in pack.rules
    )
    groups: dict[str, list[Case]] = {}
    for number, (case, positive) in enumerate(cases):
        same = repr((_settings(case), case.get("places"))) if alone else str(number)
        groups.setdefault(same, []).append((case, positive))
    yield from groups.values()


def _try(room: Trials, stem: str, pack: RulePack, cases: Sequence[Case]) -> Iterator[CaseResult]:
    for case, _ in cases:
        unknown = set(case) - _CASE_KEYS
        if unknown:
            msg = f"unknown key {min(unknown)!r} in case {case.get('name')!r}"
            raise ValueError(msg)
    ws = room.workspace(_settings(cases[0][0]))
    try:
        write_places(ws.root / _PLACES, cases[0][0].get("places", {}))
        rejects = [
            sum(land(ws, log).rejects for log in _logs(case, f"case{number}-"))
            for number, (case, _) in enumerate(cases)
        ]
        until = cases[0][0].get("until")
        result = scan(ws, _aware(until) if until else AFTER_ALL, pack=pack)
        of_case = _counted(ws, result) if len(cases) > 1 else {0: len(result.findings)}
    finally:
        room.drop(ws)
    broken = [item.reason for item in result.outcomes if item.outcome is Outcome.COULD_NOT_RUN]
    for number, (case, positive) in enumerate(cases):
        rejected = f"{rejects[number]} lines could not be parsed" if rejects[number] else ""
        problem = broken[0] if broken else rejected
        expected = case.get("findings", None if positive else 0)
        yield CaseResult(stem, str(case["name"]), positive, expected, of_case.get(number, 0), problem)


def _counted(ws: Workspace, result: Scan) -> Counter[int]:
    """Findings by the number of the case whose log holds their event."""
    wanted = {finding.event_ids[0]: 0 for finding in result.findings}
    with closing(lake.connect(ws)) as connection:
        for name in {finding.dataset for finding in result.findings}:
            rows = connection.execute(f'SELECT event_id, source FROM "{dataset(name).view}"').fetchall()
            wanted.update((event, int(source[4:].split("-")[0])) for event, source in rows if event in wanted)
    return Counter(wanted[finding.event_ids[0]] for finding in result.findings)


def _settings(case: Mapping[str, Any]) -> Settings:
    given = {key: tuple(case[key]) for key in ("working_hours", "working_days") if key in case}
    # A case's own lines are all the history there is, so nothing has to settle first.
    detect = Detect(learning_days=0, **given)
    geoip = GeoIP(places=_PLACES) if case.get("places") else GeoIP()
    named = dict.fromkeys(item["source"] for item in case.get("inputs", ()) if "source" in item)
    sources = tuple(Source(name=name, paths=("case",)) for name in named)
    city = City(time_zone=case.get("city_time_zone", "UTC"))
    return Settings(city=city, detect=detect, geoip=geoip, sources=sources)


def _logs(case: Mapping[str, Any], prefix: str) -> Iterator[TrialLog]:
    for number, given in enumerate(case.get("inputs", [case]), 1):
        lines = [line for item in given["lines"] for line in _lines(item)]
        yield TrialLog(
            name=given.get("source", f"{prefix}log{number}"),
            format=format_named(given["format"]).name,
            data="".join(f"{line}\n" for line in lines).encode(),
            host=given.get("host", case.get("host", "")),
            time_zone=given.get("time_zone", case.get("time_zone", "UTC")),
            file_time=_aware(given.get("file_time", case.get("file_time", _FILE_TIME))),
        )


def _aware(given: str | datetime) -> datetime:
    time = datetime.fromisoformat(given) if isinstance(given, str) else given
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _lines(item: str | Mapping[str, Any]) -> Iterator[str]:
    if isinstance(item, str):
        yield item
        return
    start = item["start"]
    start = datetime.fromisoformat(start) if isinstance(start, str) else start
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    for number in range(int(item["times"])):
        time = start.astimezone(UTC) + timedelta(seconds=number * float(item["step"]))
        said = time.replace(tzinfo=None).isoformat() + "Z"
        yield item["line"].replace("{time}", said).replace("{n}", str(number))
