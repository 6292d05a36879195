"""SigmaHQ's regression cases through the whole of detection: how often each rule fires, on what, and what else does.

    python -m benchmarks.regression RULES CASES [--write FILE]

RULES is a folder or zip of Sigma rules, CASES a folder like SigmaHQ's `regression_data` (`info.yml` beside each log).
All logs are searched in one run with all rules, as in a night. Where a rule fires more or less often than its case
states, the events and what they matched are shown.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from breachwatch import lake
from breachwatch.detect import scan
from breachwatch.detect.mapping import load_mappings
from breachwatch.detect.rulepack import load_pack
from breachwatch.detect.trial import AFTER_ALL, TrialLog, land, trials
from breachwatch.model.finding import Finding
from breachwatch.report.text import markdown
from breachwatch.settings import Settings


@dataclass(frozen=True, slots=True)
class Case:
    """One case: the log, the rule that is to fire on it, and how often it is said to (None: at least once)."""

    name: str
    log: Path
    rule_id: str
    stated: int | None

    def agrees(self, found: int) -> bool:
        return found >= 1 if self.stated is None else found == self.stated


def cases(folder: Path) -> Iterator[Case]:
    """The cases of a folder, in order of their names."""
    for info in sorted(folder.rglob("info.yml")):
        said = yaml.load(info.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        (rule,) = said["rule_metadata"]
        for number, test in enumerate(said["regression_tests_info"], 1):
            log = info.parent / Path(test["path"]).name
            yield Case(f"{info.parent.name} {number}", log, str(rule["id"]), test.get("match_count"))


def findings(asked: Iterable[Case], rules: str) -> dict[str, list[Finding]]:
    """What all rules find in the logs of the cases, by the log's path."""
    found: dict[str, list[Finding]] = defaultdict(list)
    with trials() as room:
        ws = room.workspace(Settings())
        for log in sorted({case.log for case in asked}):
            land(ws, TrialLog(str(log), "evtx", log.read_bytes()))
        result = scan(ws, AFTER_ALL, pack=load_pack([rules], Path.cwd()))
        of_event = {}
        with lake.connect(ws) as connection:
            for table in load_mappings().tables.values():
                if table.name != "authentication":
                    of_event.update(connection.execute(f"SELECT event_id, source FROM {table.sql}").fetchall())
        for finding in result.findings:
            found[of_event[finding.event_ids[0]]].append(finding)
    return found


def page(asked: list[Case], found: dict[str, list[Finding]]) -> str:
    """The result as Markdown."""
    rows, differing = [], []
    for case in asked:
        here = found.get(str(case.log), [])
        mine = [finding for finding in here if finding.rule_id == case.rule_id]
        others = sorted({finding.rule_title for finding in here if finding.rule_id != case.rule_id})
        said = "at least 1" if case.stated is None else case.stated
        rows.append(f"| {markdown(case.name)} | {said} | {len(mine)} | {markdown('; '.join(others)) or '-'} |")
        if not case.agrees(len(mine)):
            differing += [f"\n### {markdown(case.name)}: stated {said}, found {len(mine)}\n", *map(_told, mine)]
    agreed = len(asked) - sum(line.startswith("\n###") for line in differing)
    head = [
        "# SigmaHQ's regression cases",
        "",
        f"{len(asked)} cases, {agreed} as stated. Made by `python -m benchmarks.regression`; rules and logs are",
        "SigmaHQ's (Detection Rule License 1.1) and do not come along.",
        "",
        "| case | stated | found | what else fires |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows, *(["\n## Where the count differs", *differing] if differing else [])]) + "\n"


def _told(finding: Finding) -> str:
    at = finding.first_time.isoformat()
    said = "; ".join(f'{match} in "{match.value}"' for match in finding.matched)
    return f"- {at} {markdown(finding.event_ids[0])}: {markdown(said)}"


def main(arguments: list[str] | None = None) -> int:
    """Print or write the page; 1 where a rule did not fire at all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules")
    parser.add_argument("cases", type=Path)
    parser.add_argument("--write", type=Path)
    given: Any = parser.parse_args(arguments)
    asked = list(cases(given.cases))
    found = findings(asked, given.rules)
    text = page(asked, found)
    if given.write is None:
        sys.stdout.write(text)
    else:
        given.write.write_text(text, encoding="utf-8")
    silent = [case for case in asked if not any(hit.rule_id == case.rule_id for hit in found.get(str(case.log), []))]
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
