"""Which techniques the active rules are for, and whether those rules have anything to search.

A rule *has data* where the lake holds at least one event that one of its routes picks: a rule for Sysmon without Sysmon
covers nothing, whatever its tags say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import duckdb

from breachwatch import lake
from breachwatch.detect.compiling import Compiler, RuleError
from breachwatch.detect.coverage.attack import Attack
from breachwatch.detect.mapping import Route
from breachwatch.detect.outcomes import last_outcomes
from breachwatch.detect.rulepack import Rule
from breachwatch.detect.starting import compiler_for, load_rules
from breachwatch.model.finding import Level, RuleOutcome
from breachwatch.workspace import Workspace

Progress = Callable[[str, int, int], None]

_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)
_NO_TACTIC = re.compile(r"[tgsm]\d{4}.*|ds\d{4}", re.IGNORECASE)
_NEEDS_ALL = frozenset({"temporal", "temporal_ordered"})


class State(StrEnum):
    """Whether an active rule can find anything here."""

    DATA = "with data"
    NO_DATA = "without data"
    CANNOT_RUN = "cannot run"


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """An active rule: what it is for, whether its logs are in the lake, and how it ended the last run."""

    rule_id: str
    title: str
    level: Level
    author: str
    state: State
    reason: str  # why it cannot run
    logsource: str
    datasets: tuple[str, ...]  # those that its log source leads to
    techniques: tuple[str, ...]
    tactics: tuple[str, ...]
    last_run: RuleOutcome | None


@dataclass(frozen=True, slots=True)
class TechniqueCoverage:
    """A technique with its rules. `name` is empty without an ATT&CK file."""

    technique: str
    name: str
    tactics: tuple[str, ...]
    rules: tuple[RuleCoverage, ...]
    note: str = ""  # revoked, deprecated, unknown

    def count(self, state: State) -> int:
        return sum(rule.state is state for rule in self.rules)

    @property
    def findings(self) -> int:
        """Of the last run, by all of its rules."""
        return sum(rule.last_run.findings for rule in self.rules if rule.last_run)


@dataclass(frozen=True, slots=True)
class Missing:
    """A log source that rules ask for and the lake has nothing of; what its logs would bring."""

    logsource: str
    datasets: tuple[str, ...]
    rules: int
    techniques: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Techniques in the order of their ids. `attack_version` is empty without an ATT&CK file."""

    techniques: tuple[TechniqueCoverage, ...]
    rules: tuple[RuleCoverage, ...]
    missing: tuple[Missing, ...]
    tactics: Mapping[str, str]  # short name to name, in order; the name is the short name without an ATT&CK file
    attack_version: str
    known: Mapping[str, int]  # techniques of each tactic in ATT&CK (sub-techniques, too); empty without a file

    def of(self, tactic: str) -> tuple[TechniqueCoverage, ...]:
        return tuple(item for item in self.techniques if tactic in item.tactics)


def measure(ws: Workspace, attack: Attack | None, progress: Progress, days: float | None = None) -> Coverage:
    """What the rules of the settings cover, by the logs of the last `days` (None: whatever the lake holds)."""
    pack = load_rules(ws)
    compiler, _ = compiler_for(ws, pack, ws.clock.now())
    since = ws.clock.now() - timedelta(days=days) if days is not None else None
    last = last_outcomes(ws)
    active = [rule for rule in pack.rules if rule.reports or rule.problem]
    found: list[RuleCoverage] = []
    connection = lake.connect(ws, since=since, until=ws.clock.now() if since else None)
    try:
        presence = _Presence(connection, compiler)
        for number, rule in enumerate(active, 1):
            found.append(_rule(rule, compiler, presence, last.get(rule.id)))
            progress("rules", number, len(active))
    finally:
        connection.close()
    compiler.save()
    return _coverage(found, attack)


class _Presence:
    """Whether the lake holds what a route picks; each route is asked for once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, compiler: Compiler) -> None:
        self._connection = connection
        self._compiler = compiler
        self._known: dict[tuple[str, str], bool] = {}

    def has(self, route: Route) -> bool:
        picks = self._compiler.picks(route)
        key = (route.view, picks)
        if key not in self._known:
            whole = (route.view, "")
            if whole not in self._known:
                self._known[whole] = self._some(route.view, "")
            self._known[key] = self._known[whole] and (not picks or self._some(*key))
        return self._known[key]

    def _some(self, view: str, picks: str) -> bool:
        where = f" WHERE {picks}" if picks else ""
        return self._connection.execute(f"SELECT 1 FROM {view}{where} LIMIT 1").fetchone() is not None


def _rule(rule: Rule, compiler: Compiler, presence: _Presence, ended: RuleOutcome | None) -> RuleCoverage:
    bases = rule.bases() if rule.is_correlation else [rule]
    reason = ""
    try:
        if rule.is_correlation:
            compiler.correlation(rule)
        else:
            compiler.searches(rule)
    except (RuleError, ValueError) as error:
        reason = str(error)
    routes = [compiler.routes(base) for base in bases]
    filled = [any(presence.has(route) for route in of_base) for of_base in routes]
    enough = all(filled) if _needs_all(rule) else any(filled)
    state = State.CANNOT_RUN if reason else State.DATA if enough and filled else State.NO_DATA
    tags = rule.tags or tuple(tag for base in bases for tag in base.tags)
    return RuleCoverage(
        rule_id=rule.id,
        title=rule.title,
        level=rule.level,
        author=rule.author,
        state=state,
        reason=reason,
        logsource="; ".join(dict.fromkeys(base.logsource for base in bases)),
        datasets=tuple(dict.fromkeys(route.dataset for of_base in routes for route in of_base)),
        techniques=_techniques(tags),
        tactics=_tactics(tags),
        last_run=ended,
    )


def _needs_all(rule: Rule) -> bool:
    """A sequence needs each of its rules; a count needs one."""
    asked = rule.head.said.get("correlation")
    return isinstance(asked, dict) and asked.get("type") in _NEEDS_ALL


def _techniques(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found[1].upper() for tag in tags if (found := _TECHNIQUE.fullmatch(tag))))


def _tactics(tags: Iterable[str]) -> tuple[str, ...]:
    names = (tag.lower().removeprefix("attack.") for tag in tags if tag.lower().startswith("attack."))
    return tuple(dict.fromkeys(name.replace("_", "-") for name in names if not _NO_TACTIC.fullmatch(name)))


def _coverage(rules: list[RuleCoverage], attack: Attack | None) -> Coverage:
    by_technique: dict[str, list[RuleCoverage]] = defaultdict(list)
    for rule in rules:
        for technique in rule.techniques:
            by_technique[technique].append(rule)
    techniques = tuple(_technique(name, by_technique[name], attack) for name in sorted(by_technique))
    tactics = dict(attack.tactics) if attack else {}
    tactics |= {name: name for name in sorted({name for item in techniques for name in item.tactics} - set(tactics))}
    known: dict[str, int] = defaultdict(int)
    for one in attack.techniques.values() if attack else ():
        for tactic in one.tactics if not one.gone else ():
            known[tactic] += 1
    return Coverage(techniques, tuple(rules), _missing(rules), tactics, attack.version if attack else "", dict(known))


def _technique(name: str, rules: list[RuleCoverage], attack: Attack | None) -> TechniqueCoverage:
    said = tuple(dict.fromkeys(tactic for rule in rules for tactic in rule.tactics))
    if attack is None:
        return TechniqueCoverage(name, "", said, tuple(rules))
    known = attack.techniques.get(name)
    if known is None:
        return TechniqueCoverage(name, "", said, tuple(rules), f"not in ATT&CK {attack.version}")
    return TechniqueCoverage(name, known.name, known.tactics or said, tuple(rules), known.gone)


def _missing(rules: Iterable[RuleCoverage]) -> tuple[Missing, ...]:
    """Log sources without data, those that would bring the most rules first."""
    covered = {technique for rule in rules if rule.state is State.DATA for technique in rule.techniques}
    lacking: dict[tuple[str, tuple[str, ...]], list[RuleCoverage]] = defaultdict(list)
    for rule in rules:
        if rule.state is State.NO_DATA:
            lacking[rule.logsource, rule.datasets].append(rule)
    found = [
        Missing(logsource, datasets, len(listed), len({one for rule in listed for one in rule.techniques} - covered))
        for (logsource, datasets), listed in lacking.items()
    ]
    return tuple(sorted(found, key=lambda item: (-item.rules, item.logsource)))
