"""Rule cases as their files say them: `cases/<stem>.yml` beside `rules/<stem>.yml` (`detections/cases/README.md`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from breachwatch.detect.analytics import analytic_of
from breachwatch.detect.health.kinds import is_about_logs
from breachwatch.detect.loading import read_rules
from breachwatch.detect.mapping import AUTHENTICATION
from breachwatch.detect.nesting import refuse_deep
from breachwatch.detect.rulepack import RulePack, pack_of
from breachwatch.detect.trial import AFTER_ALL, TrialLog
from breachwatch.model.formats import format_named
from breachwatch.settings import City, Detect, GeoIP, Settings
from breachwatch.settings_sources import Source

PLACES = "places.csv"
"""Where the places of a case lie in its workspace."""

_FILE_TIME = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
_KEYS = frozenset(
    {
        *("name", "format", "lines", "inputs", "host", "time_zone", "city_time_zone", "file_time", "findings"),
        *("working_hours", "working_days", "places", "until"),
    }
)
_MOST_FINDINGS = 1_000_000  # of a rule, in a lake that many cases share


@dataclass(frozen=True, slots=True)
class Case:
    """One case: its keys as said, and whether the rule must find something."""

    said: Mapping[str, Any]
    positive: bool

    @property
    def name(self) -> str:
        return str(self.said["name"])

    @property
    def expected(self) -> int | None:
        """How many findings it must have; None where at least one will do."""
        found: int | None = self.said.get("findings", None if self.positive else 0)
        return found

    @property
    def places(self) -> Mapping[str, Any]:
        """Where addresses are."""
        found: Mapping[str, Any] = self.said.get("places", {})
        return found

    @property
    def until(self) -> datetime:
        """When the run took place (aware)."""
        return _aware(self.said["until"]) if self.said.get("until") else AFTER_ALL

    def settings(self) -> Settings:
        """The settings of its workspace."""
        given = {key: tuple(self.said[key]) for key in ("working_hours", "working_days") if key in self.said}
        # A case's own lines are all the history there is, so nothing has to settle first.
        detect = Detect(learning_days=0, max_findings_per_rule=_MOST_FINDINGS, **given)
        geoip = GeoIP(places=PLACES) if self.said.get("places") else GeoIP()
        sources = tuple(Source(name=name, paths=("case",)) for name in self._named())
        city = City(time_zone=self.said.get("city_time_zone", "UTC"))
        return Settings(city=city, detect=detect, geoip=geoip, sources=sources)

    def logs(self, prefix: str) -> Iterator[TrialLog]:
        """Its logs; what it names no source of gets a name with the prefix."""
        for number, given in enumerate(self.said.get("inputs", [self.said]), 1):
            lines = [line for item in given["lines"] for line in _lines(item)]
            yield TrialLog(
                name=given.get("source", f"{prefix}log{number}"),
                format=format_named(given["format"]).name,
                data="".join(f"{line}\n" for line in lines).encode(),
                host=given.get("host", self.said.get("host", "")),
                time_zone=given.get("time_zone", self.said.get("time_zone", "UTC")),
                file_time=_aware(given.get("file_time", self.said.get("file_time", _FILE_TIME))),
            )

    def kind(self) -> str:
        """The same for cases that may share a lake as far as their settings go; empty for one that may not at all."""
        return "" if self._named() or self.said.get("until") else repr((self.settings(), self.said.get("places")))

    def _named(self) -> dict[str, None]:
        return dict.fromkeys(item["source"] for item in self.said.get("inputs", ()) if "source" in item)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The rules of a file, and their cases."""

    stem: str
    pack: RulePack
    cases: tuple[Case, ...]

    def judges_events(self) -> bool:
        """Whether its rules judge each event by itself, so that no other event changes what they find.

        A correlation, a rule about the past or about the logs, and the view of all sign-ins (which leaves out what
        another log tells) do not.
        """
        return not any(
            rule.is_correlation
            or analytic_of(rule.custom)
            or is_about_logs(rule.custom)
            or (rule.head.said.get("logsource") or {}).get("category") == AUTHENTICATION
            for rule in self.pack.rules
        )


def read_cases(stem: str, rules: Path, cases: Path) -> CaseFile:
    """A file of cases with its rules. Raises OSError, YAMLError, KeyError, TypeError, AttributeError or ValueError."""
    text = cases.read_text(encoding="utf-8")
    refuse_deep(text)
    listed = yaml.load(text, Loader=yaml.CSafeLoader)
    found = tuple(Case(case, key == "positive") for key in ("positive", "negative") for case in listed[key])
    for case in found:
        unknown = set(case.said) - _KEYS
        if unknown:
            msg = f"unknown key {min(unknown)!r} in case {case.said.get('name')!r}"
            raise ValueError(msg)
    return CaseFile(stem, pack_of(read_rules(str(rules), rules.parent)), found)


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
