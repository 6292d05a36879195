"""Logs in a lake for a moment: what the view `authentication` and our rules make of them, record by record."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from breachwatch import lake
from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.engine import scan
from breachwatch.detect.loading import read_rules
from breachwatch.detect.rulepack import RulePack, pack_of
from breachwatch.detect.trial import AFTER_ALL, TrialLog, Trials, land
from breachwatch.model.datasets import DATASETS
from breachwatch.model.finding import Level, Outcome
from breachwatch.model.formats import HEAD_BYTES, recognise
from breachwatch.settings import Detect, Settings
from breachwatch.workspace import Workspace

Place = tuple[str, int]
"""The name of a log and the number of a record in it, counted from 1."""


@dataclass(frozen=True)
class Event:
    """What a record became: the attempt to sign in that it tells of has `attempt` True."""

    dataset: str
    outcome: str
    source_ip: str
    attempt: bool


@dataclass(frozen=True)
class Hit:
    """One finding: its rule and the records it rests on."""

    rule: str  # title
    stem: str  # of the rule's file
    level: Level
    places: frozenset[Place]
    entities: frozenset[str]


@dataclass
class Tried:
    """What became of the logs."""

    records: int = 0
    rejects: int = 0
    events: dict[Place, Event] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # rules that could not run, and why


@cache
def rules(pattern: str = "*") -> RulePack:
    """Our rules in files whose stem matches the pattern (several with blanks between)."""
    folder = builtin_folder() / "rules"
    paths = sorted({path for one in pattern.split() for path in folder.glob(f"{one}.yml")})
    return pack_of(text for path in paths for text in read_rules(str(path), folder))


def form_of(data: bytes) -> str | None:
    """The format that bytes look like, by name."""
    found = recognise(data[:HEAD_BYTES])
    return found.name if found else None


def of_lines(name: str, lines: Sequence[str]) -> tuple[list[TrialLog], dict[Place, int]]:
    """Lines of whatever formats as logs, and which line each record is (from 0); unknown formats are left out."""
    by_form: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        form = form_of(line.encode() + b"\n")
        if form is not None:
            by_form.setdefault(form, []).append(index)
    logs, index_of = [], {}
    for form, indexes in by_form.items():
        log = TrialLog(f"{name} as {form}", form, b"".join(lines[index].encode() + b"\n" for index in indexes))
        logs.append(log)
        index_of.update({(log.name, number): index for number, index in enumerate(indexes, 1)})
    return logs, index_of


def tried(room: Trials, logs: Sequence[TrialLog], pack: RulePack | None, *, learning: bool = True) -> Tried:
    """Land the logs and search them. `learning` False: first-seen rules take everything for news, as in rule tests."""
    ws = room.workspace(Settings() if learning else Settings(detect=Detect(learning_days=0)))
    try:
        result = Tried()
        for log in logs:
            landed = land(ws, log)
            result.records += landed.records
            result.rejects += landed.rejects
        place_of = _events(ws, result)
        if pack is not None:
            _search(ws, pack, place_of, result)
        return result
    finally:
        room.drop(ws)


def _events(ws: Workspace, result: Tried) -> dict[str, Place]:
    place_of: dict[str, Place] = {}
    with closing(lake.connect(ws)) as connection:
        attempts = {row[0] for row in connection.execute("SELECT event_id FROM authentication").fetchall()}
        for dataset in DATASETS.values():
            query = f'SELECT event_id, source, record_number, outcome, source_ip FROM "{dataset.view}"'
            for event_id, source, number, outcome, address in connection.execute(query).fetchall():
                place_of[event_id] = (source, number)
                result.events[source, number] = Event(dataset.name, outcome or "", address or "", event_id in attempts)
    return place_of


def _search(ws: Workspace, pack: RulePack, place_of: dict[str, Place], result: Tried) -> None:
    found = scan(ws, AFTER_ALL, pack=pack)
    stems = {rule.id: Path(rule.source.origin).stem for rule in pack.rules}
    for finding in found.findings:
        result.hits.append(
            Hit(
                finding.rule_title,
                stems[finding.rule_id],
                finding.level,
                frozenset(place_of[event_id] for event_id in finding.event_ids if event_id in place_of),
                frozenset(entity.value for entity in finding.entities),
            )
        )
    result.broken += [
        f"{item.title}: {item.reason}" for item in found.outcomes if item.outcome is Outcome.COULD_NOT_RUN
    ]
