"""Every rule, public and ours, against another engine, event by event.

`docs/detection-differences.md` names all differences. Searched are the shared logs that our parsers read, and events
made up from the rules themselves.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from breachwatch import lake
from breachwatch.detect.compiling import Compiler, RuleError
from breachwatch.detect.filtering import load_filters
from breachwatch.detect.mapping import load_mappings
from breachwatch.detect.rulepack import Rule, load_pack
from breachwatch.detect.trial import TrialLog, land, trials
from breachwatch.model.formats import recognise
from breachwatch.settings import Settings
from breachwatch.workspace import Workspace
from tests.detections.invented import invented
from tests.detections.oracle import Oracle, Refused, fields_of
from tests.unit.detect import making

TABLE = Path(__file__).parents[2] / "docs" / "detection-differences.md"
FOLDERS = (
    *("sigma-regression", "windows-evtx", "windows-json", "linux-auditd", "linux-auth", "aws-cloudtrail"),
    *("entra-azure", "m365", "okta", "google-workspace", "firewall-vpn"),
)
TEXT_BYTES = 100_000  # of a text log; a rule sees nothing new in the lines after
_NO_LOGS = (".yml", ".yaml")

pytestmark = [pytest.mark.slow, pytest.mark.shared, pytest.mark.timeout(900)]


@dataclass
class Compared:
    """What both engines found, by rule; rules that one of them did not take are in `refused`."""

    ours: dict[str, set[str]]
    theirs: dict[str, set[str]]
    refused: set[tuple[str, str]]  # who refuses, rule id
    titles: dict[str, str]

    def differences(self) -> dict[str, str]:
        """Rule id to how many events only one of the two found, and an example."""
        found = {}
        for rule in self.ours.keys() & self.theirs.keys():
            mine, other = self.ours[rule] - self.theirs[rule], self.theirs[rule] - self.ours[rule]
            if mine or other:
                example = f"{sorted(mine)[:2]} {sorted(other)[:2]}"
                found[rule] = f"{self.titles[rule]}: only ours {len(mine)}, only theirs {len(other)} {example}"
        return found


@pytest.fixture(scope="module")
def compared(shared: Path, shared_logs: Path) -> Iterator[Compared]:
    with trials() as room:
        ws = room.workspace(Settings())
        _land(ws, shared_logs)
        pack = load_pack([str(shared / "sigmahq-rules.zip"), "builtin"], Path("/"))
        yield _compare(ws, [rule for rule in pack.rules if not rule.is_correlation])


def _land(ws: Workspace, logs: Path) -> None:
    for folder in FOLDERS:
        for path in sorted((logs / folder).rglob("*")):
            data = path.read_bytes() if path.is_file() and path.suffix not in _NO_LOGS else b""
            known = recognise(data[:65536]) if data else None
            # SigmaHQ's JSON holds the events of the EVTX beside it.
            if known is not None and (folder, path.suffix) != ("sigma-regression", ".json"):
                text = known.name == "syslog"
                name = path.relative_to(logs).as_posix()
                land(ws, TrialLog(name, known.name, data[: TEXT_BYTES if text else None]))


def _compare(ws: Workspace, rules: list[Rule]) -> Compared:
    mappings = load_mappings()
    for dataset, rows in invented(rules, mappings).items():
        making.land(ws, dataset, rows, f"invented-{dataset}")
    compiler = Compiler(mappings, load_filters([], datetime.now(UTC)))
    found = Compared(defaultdict(set), {}, set(), {rule.id: rule.title for rule in rules})
    with lake.connect(ws) as connection:
        names = {dataset: fields for dataset, fields in fields_of(rules, mappings).items() if dataset in _filled(ws)}
        connection.execute("CREATE SCHEMA tables")
        for dataset in names:
            view = mappings.tables[dataset].sql
            connection.execute(f"CREATE TABLE tables.{view} AS SELECT * FROM main.{view}")
        connection.execute("SET search_path = 'tables'")
        oracle = Oracle(connection, mappings)
        oracle.load(names)
        for rule in rules:
            try:
                found.ours[rule.id] = _ours(connection, compiler, rule, names)
            except RuleError:
                found.refused.add(("ours", rule.id))
            try:
                found.theirs[rule.id] = oracle.matches(rule)
            except Refused:
                found.refused.add(("theirs", rule.id))
    return found


def _filled(ws: Workspace) -> set[str]:
    return {file.dataset for file in lake.files(ws)}


def _ours(connection: duckdb.DuckDBPyConnection, compiler: Compiler, rule: Rule, names: dict[str, object]) -> set[str]:
    searches = [search for search in compiler.searches(rule) if search.dataset in names]
    rows = [connection.execute(f"SELECT event_id FROM (\n{search.sql}\n)").fetchall() for search in searches]
    return {event for found in rows for (event,) in found}


def explained() -> dict[str, str]:
    """Rule id to the line of the table in the documents."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return {found[1]: line for line in lines if (found := re.match(r"\| `([0-9a-f-]{36})`", line))}


def test_every_difference_is_explained_and_every_explanation_is_needed(compared: Compared) -> None:
    differences = compared.differences()
    for text in differences.values():
        print(text)
    assert set(differences) == set(explained())


def test_both_engines_run_the_same_rules(compared: Compared) -> None:
    """Without values for placeholders neither runs the rules that need some."""
    ours = {rule for who, rule in compared.refused if who == "ours"}
    theirs = {rule for who, rule in compared.refused if who == "theirs"}
    assert theirs == ours


def test_the_comparison_is_worth_something(compared: Compared) -> None:
    matched = [rule for rule, events in compared.ours.items() if events]
    by_logs = [rule for rule, events in compared.ours.items() if any(not _is_invented(event) for event in events)]
    print(f"{len(compared.ours)} rules, {len(matched)} match, {len(by_logs)} of them in real logs")
    assert len(compared.ours) > 3900
    assert len(matched) > 3300
    assert len(by_logs) > 200


def _is_invented(event: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{32}", event) is None
