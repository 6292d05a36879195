"""SigmaHQ's rules and regression cases, where the development data is at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from breachwatch.detect import scan
from breachwatch.detect.compiling import Compiler, RuleError
from breachwatch.detect.filtering import load_filters
from breachwatch.detect.mapping import load_mappings
from breachwatch.detect.rulepack import RulePack, load_pack
from breachwatch.detect.trial import AFTER_ALL, TrialLog, Trials, land, trials
from breachwatch.settings import Settings

# SigmaHQ states one match where its file holds more events that the rule's text describes.
MORE_THAN_STATED = {
    "0b9ad457-2554-44c1-82c2-d56a99c42377": 3,  # three events: user.conf.new twice and a temporary copy of it
    "8fbf3271-1ef6-4e94-8210-03c2317947f6": 3,  # procdump.exe, procdump64.exe and procdump64a.exe
}


@pytest.fixture(scope="module")
def room() -> Iterator[Trials]:
    with trials() as made:
        yield made


@pytest.fixture(scope="module")
def public(shared: Path) -> RulePack:
    return load_pack([str(shared / "sigmahq-rules.zip")], Path("/"))


@pytest.mark.slow
def test_every_public_rule_compiles_or_says_why(public: RulePack) -> None:
    compiler = Compiler(load_mappings(), load_filters([], datetime.now(UTC)))
    reasons: Counter[str] = Counter()
    compiled = 0
    for rule in public.rules:
        try:
            compiled += bool(compiler.searches(rule))
        except RuleError as error:
            reasons[str(error)] += 1
    print(f"{compiled} compiled, {sum(reasons.values())} could not run: {reasons}")
    assert len(public.rules) == 3780
    assert compiled >= 2950
    # Only placeholders, which the site has to fill in, keep a rule from compiling.
    assert [reason for reason in reasons if "placeholder" not in reason] == []


@pytest.mark.slow
def test_regression_cases_fire_as_often_as_stated(room: Trials, shared_logs: Path) -> None:
    folder = shared_logs / "sigma-regression" / "SigmaHQ"
    pack = load_pack([str(folder / "_rules")], Path("/"))
    tried, wrong = 0, []
    for info in sorted(folder.rglob("info.yml")):
        for case in yaml.safe_load(info.read_text(encoding="utf-8"))["regression_tests_info"]:
            log = next(info.parent.glob(f"{Path(case['path']).stem}.evtx"))
            ws = room.workspace(Settings())
            land(ws, TrialLog(log.name, "evtx", log.read_bytes()))
            found = Counter(item.rule_id for item in scan(ws, AFTER_ALL, pack=pack).findings)[log.stem]
            expected = MORE_THAN_STATED.get(log.stem, case.get("match_count"))
            tried += 1
            if found != expected if expected is not None else found < 1:
                wrong.append((info.parent.name, expected, found))
            room.drop(ws)
    assert tried == 49
    assert wrong == []
