"""Rule tests: the log lines of `cases/` through parser, lake and scan (format: `detections/cases/README.md`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.engine import scan
from breachwatch.detect.loading import read_rules
from breachwatch.detect.rulepack import RulePack, pack_of
from breachwatch.detect.trial import AFTER_ALL, TrialLog, Trials, land, trials
from breachwatch.errors import DataError, UnknownNameError
from breachwatch.lake.places import write_places
from breachwatch.model.finding import Outcome
from breachwatch.model.formats import format_named
from breachwatch.settings import City, Detect, GeoIP, Settings

_FILE_TIME = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
_PLACES = "places.csv"
_CASE_KEYS = frozenset(
    {
        *("name", "format", "lines", "inputs", "host", "time_zone", "city_time_zone", "file_time", "findings"),
        *("working_hours", "working_days", "places"),
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
        for positive in (True, False):
            for case in listed["positive" if positive else "negative"]:
                yield _case(room, stem, pack, case, positive=positive)
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, DataError) as error:
        yield CaseResult(stem, "", True, None, 0, f"{cases.name} is not as cases/README.md says: {error!r}")


def _case(room: Trials, stem: str, pack: RulePack, case: Mapping[str, Any], *, positive: bool) -> CaseResult:
    unknown = set(case) - _CASE_KEYS
    if unknown:
        msg = f"unknown key {min(unknown)!r} in case {case.get('name')!r}"
        raise ValueError(msg)
    ws = room.workspace(_settings(case))
    try:
        write_places(ws.root / _PLACES, case.get("places", {}))
        rejects = sum(land(ws, log).rejects for log in _logs(case))
        result = scan(ws, AFTER_ALL, pack=pack)
    finally:
        room.drop(ws)
    broken = [item.reason for item in result.outcomes if item.outcome is Outcome.COULD_NOT_RUN]
    problem = broken[0] if broken else f"{rejects} lines could not be parsed" if rejects else ""
    expected = case.get("findings", None if positive else 0)
    return CaseResult(stem, str(case["name"]), positive, expected, len(result.findings), problem)


def _settings(case: Mapping[str, Any]) -> Settings:
    given = {key: tuple(case[key]) for key in ("working_hours", "working_days") if key in case}
    # A case's own lines are all the history there is, so nothing has to settle first.
    detect = Detect(learning_days=0, **given)
    geoip = GeoIP(places=_PLACES) if case.get("places") else GeoIP()
    return Settings(city=City(time_zone=case.get("city_time_zone", "UTC")), detect=detect, geoip=geoip)


def _logs(case: Mapping[str, Any]) -> Iterator[TrialLog]:
    for number, given in enumerate(case.get("inputs", [case]), 1):
        lines = [line for item in given["lines"] for line in _lines(item)]
        file_time = given.get("file_time", case.get("file_time", _FILE_TIME))
        if isinstance(file_time, str):
            file_time = datetime.fromisoformat(file_time)
        yield TrialLog(
            name=f"log{number}",
            format=format_named(given["format"]).name,
            data="".join(f"{line}\n" for line in lines).encode(),
            host=given.get("host", case.get("host", "")),
            time_zone=given.get("time_zone", case.get("time_zone", "UTC")),
            file_time=file_time if file_time.tzinfo else file_time.replace(tzinfo=UTC),
        )


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
