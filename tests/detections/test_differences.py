"""Every rule, public and ours, three times over the same events: as a night searches, by itself, by another engine.

A night searches all rules in one scan that drops what cannot match; by itself, a rule's SQL runs over whole tables.
`docs/detection-differences.md` names all differences from the other engine. Searched are all logs of the development
data that our parsers read, labelled lines and the cases of our rules among them, and events made up from the rules.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from breachwatch import lake
from breachwatch.detect import running
from breachwatch.detect.compiling import Compiler, RuleError
from breachwatch.detect.engine import scan
from breachwatch.detect.mapping import AUTHENTICATION, load_mappings
from breachwatch.detect.rulepack import Rule, RulePack, load_pack
from breachwatch.detect.starting import compiler_for
from breachwatch.detect.trial import AFTER_ALL, land, trials
from breachwatch.model.finding import Outcome
from breachwatch.settings import Detect, Settings
from breachwatch.workspace import Workspace
from tests.detections.everything import everything
from tests.detections.invented import invented
from tests.detections.oracle import Oracle, Refused, fields_of
from tests.detections.together import Ended, Filled, by_rule, single_events
from tests.unit.detect import making

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "detection-differences.md"
ROUTES = ROOT / "detections" / "mappings" / "README.md"
pytestmark = [pytest.mark.slow, pytest.mark.shared, pytest.mark.timeout(1800)]


@dataclass
class Compared:
    """What was found, by rule; those that an engine did not take are in `refused`, with its reasons."""

    night: dict[str, Ended]  # all rules in one scan, pruned
    unknown: dict[str, tuple[str, ...]]  # fields that no event has, of rules that some event is for
    ours: dict[str, set[str]]  # each rule's SQL by itself over whole tables
    theirs: dict[str, set[str]]
    refused: dict[str, dict[str, str]]  # who refuses, rule id, reason
    titles: dict[str, str]
    mapped: int = 0  # rules for whose log source there is a filled table
    unrouted: list[str] = field(default_factory=list)  # the log sources of public rules for which there is no dataset

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
        ws = room.workspace(Settings(detect=Detect(max_findings_per_rule=1_000_000)))
        for log in everything(shared_logs):
            land(ws, log)
        public = load_pack([str(shared / "sigmahq-rules.zip")], Path("/"))
        assert len(public.rules) == 3780
        yield _compare(ws, single_events([*public.rules, *load_pack(["builtin"], Path("/")).rules]))


def _compare(ws: Workspace, rules: list[Rule]) -> Compared:
    pack = RulePack(rules)
    mappings = load_mappings()
    for dataset, rows in invented(rules, mappings).items():
        making.land(ws, dataset, rows, f"invented-{dataset}")
    with pytest.MonkeyPatch.context() as patch:
        # Why an event matched is another question (`test_why`), and takes longer than to find it.
        patch.setattr(running, "explained", lambda window, compiler, rule, findings: findings)
        night = by_rule(scan(ws, AFTER_ALL, pack=pack))
    compiler, _ = compiler_for(ws, pack, AFTER_ALL)  # has what the scan compiled
    found = Compared(night, {}, defaultdict(set), {}, defaultdict(dict), {rule.id: rule.title for rule in rules})
    with lake.connect(ws) as connection:
        names = {dataset: fields for dataset, fields in fields_of(rules, mappings).items() if dataset in _filled(ws)}
        connection.execute("CREATE SCHEMA tables")
        for dataset in names:
            view = mappings.tables[dataset].sql
            connection.execute(f"CREATE TABLE tables.{view} AS SELECT * FROM main.{view}")
        connection.execute("SET search_path = 'tables'")
        oracle = Oracle(connection, mappings)
        oracle.load(names)
        filled = Filled(connection, compiler, names)
        for rule in rules:
            if not compiler.routes(rule):
                found.unrouted.append(rule.logsource)
            try:
                found.ours[rule.id] = _ours(connection, compiler, rule, names)
                found.unknown |= filled.unknown(rule)
                found.mapped += bool(compiler.searches(rule))
            except RuleError as error:
                found.refused["ours"][rule.id] = str(error)
            try:
                found.theirs[rule.id] = oracle.matches(rule)
            except Refused as error:
                found.refused["theirs"][rule.id] = str(error)
    return found


def _filled(ws: Workspace) -> set[str]:
    return {AUTHENTICATION, *(file.dataset for file in lake.files(ws))}


def _ours(connection: duckdb.DuckDBPyConnection, compiler: Compiler, rule: Rule, names: dict[str, object]) -> set[str]:
    searches = [search for search in compiler.searches(rule) if search.dataset in names]
    rows = [connection.execute(f"SELECT event_id FROM (\n{search.sql}\n)").fetchall() for search in searches]
    return {event for found in rows for (event,) in found}


def test_a_night_finds_what_each_rule_finds_by_itself(compared: Compared) -> None:
    """What a scan drops beforehand cannot match: no rule finds an event more or less, and each says why it is quiet."""
    assert {rule: compared.night[rule].events for rule in compared.ours} == compared.ours
    for rule, ended in compared.night.items():
        if rule in compared.refused["ours"]:
            assert ended.outcome is Outcome.COULD_NOT_RUN, compared.titles[rule]
        elif compared.ours[rule]:
            assert ended.outcome is Outcome.MATCHED, compared.titles[rule]
        else:
            quiet = Outcome.NO_MATCH if rule in compared.unknown else Outcome.NOT_APPLICABLE
            assert ended.outcome is quiet, compared.titles[rule]
    assert {rule: compared.night[rule].unknown_fields for rule in compared.unknown} == compared.unknown


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
    """Without values for placeholders neither runs the rules that need some; all others run."""
    assert compared.refused["theirs"].keys() == compared.refused["ours"].keys()
    assert [reason for reason in compared.refused["ours"].values() if "placeholder" not in reason] == []
    assert compared.mapped >= 3150


def test_the_documents_list_the_rules_without_a_route(compared: Compared) -> None:
    listed = re.findall(r"^\| ([a-z_ ]+) \| (\d+) \|", ROUTES.read_text(encoding="utf-8"), re.MULTILINE)
    counts = {name: int(count) for name, count in listed}
    found = Counter(
        next((name for name in counts if set(name.split()) <= set(re.findall(r"\w+", source))), source)
        for source in compared.unrouted
    )
    assert found == counts


def test_the_comparison_is_worth_something(compared: Compared) -> None:
    matched = [rule for rule, events in compared.ours.items() if events]
    by_logs = [rule for rule, events in compared.ours.items() if any(not _is_invented(event) for event in events)]
    print(f"{len(compared.ours)} rules, {len(matched)} match, {len(by_logs)} of them in real logs")
    assert len(compared.ours) > 3900
    assert len(matched) > 3300
    assert len(by_logs) > 200


def _is_invented(event: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{32}", event) is None
