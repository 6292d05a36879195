"""SigmaHQ's regression cases, where the development data is at hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import yaml

from breachwatch import lake
from breachwatch.detect import scan
from breachwatch.detect.rulepack import load_pack
from breachwatch.detect.trial import AFTER_ALL, TrialLog, land, trials
from breachwatch.model.datasets import dataset
from breachwatch.settings import Settings

# SigmaHQ states one match where its file holds more events that the rule's text describes.
MORE_THAN_STATED = {
    "0b9ad457-2554-44c1-82c2-d56a99c42377": 3,  # three events: user.conf.new twice and a temporary copy of it
    "8fbf3271-1ef6-4e94-8210-03c2317947f6": 3,  # procdump.exe, procdump64.exe and procdump64a.exe
}


def test_regression_cases_fire_as_often_as_stated(shared_logs: Path) -> None:
    """In one lake, because rules over single events look at each by itself; what counts is the rule's own file."""
    folder = shared_logs / "sigma-regression" / "SigmaHQ"
    pack = load_pack([str(folder / "_rules")], Path("/"))
    assert not [rule.title for rule in pack.rules if rule.is_correlation]
    expected: dict[str, int | None] = {}
    with trials() as room:
        ws = room.workspace(Settings())
        for info in sorted(folder.rglob("info.yml")):
            for case in yaml.safe_load(info.read_text(encoding="utf-8"))["regression_tests_info"]:
                log = next(info.parent.glob(f"{Path(case['path']).stem}.evtx"))
                expected[log.stem] = MORE_THAN_STATED.get(log.stem, case.get("match_count"))
                land(ws, TrialLog(log.stem, "evtx", log.read_bytes()))
        findings = scan(ws, AFTER_ALL, pack=pack).findings
        with lake.connect(ws, empty_views=False) as connection:
            named = sorted({item.dataset for item in findings})
            both = " UNION ALL ".join(f'SELECT event_id, source FROM "{dataset(name).view}"' for name in named)
            source_of = dict(connection.execute(both).fetchall())
    found = Counter(item.rule_id for item in findings if source_of[item.event_ids[0]] == item.rule_id)
    wrong = {
        rule: (count, found[rule])
        for rule, count in expected.items()
        if (found[rule] != count if count is not None else not found[rule])
    }
    assert len(expected) == 49
    assert wrong == {}
