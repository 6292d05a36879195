"""Test lines of OSSEC and Wazuh: `log N pass = LINE`, then the number and level (0 to 15) of the rule that must fire.

Which of their rules tell of a refused sign-in, or a refused change to another account, is in `ini_rules.tsv`: number,
meaning. Levels from 5 on stand for something to look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from benchmarks.labelled.table import paragraph, share, table
from benchmarks.labelled.trying import of_lines, tried
from breachwatch.detect.trial import Trials

LEAST = 5
_LOG = re.compile(r"log \d+ pass *= *(.*)")
_VALUE = re.compile(r"(rule|alert) *= *(\d+)")


@dataclass(frozen=True)
class Line:
    """A log line, and the rule and level it must give there."""

    text: str
    rule: int
    level: int


@dataclass(frozen=True)
class FileResult:
    """How one file fared."""

    name: str
    refused: int  # lines of level 5 or more whose rule tells of a refused sign-in
    found: int  # of them, events with outcome failure here
    attempts: int  # of those, rows of `authentication`
    missed: tuple[int, ...]  # numbers of the rules of the rest
    quiet: int  # lines below level 5
    counted: int  # of them, failed sign-ins here

    @property
    def row(self) -> tuple[object, ...]:
        """The file's row of the table."""
        missed = ", ".join(f"{rule} ({meanings()[rule]})" for rule in sorted(set(self.missed)))
        return (self.name, self.refused, self.found, self.attempts, self.quiet, self.counted, missed or "-")


@lru_cache(maxsize=1)
def meanings() -> dict[int, str]:
    """Rule number to meaning."""
    lines = (Path(__file__).parent / "ini_rules.tsv").read_text(encoding="utf-8").splitlines()
    return {int(number): meaning for number, meaning in (line.split("\t") for line in lines if line)}


def labelled(path: Path) -> Iterator[Line]:
    """The lines of a file whose rule and level are given."""
    texts: list[str] = []
    rule = 0
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        log, value = _LOG.match(line), _VALUE.match(line)
        if line.startswith("["):
            texts = []
        elif log and log[1]:
            texts.append(log[1])
        elif value and value[1] == "rule":
            rule = int(value[2])
        elif value:
            yield from (Line(text, rule, int(value[2])) for text in texts)


def run(room: Trials, logs: Path, only: tuple[str, ...] = ()) -> list[FileResult]:
    """Every file with lines about sign-ins, or those named."""
    results = []
    for path in sorted((*logs.glob("*/ossec/*.ini"), *logs.glob("*/wazuh-ruleset/*.ini"))):
        lines = list(labelled(path))
        if any(_refused(line) for line in lines) and (not only or path.name in only):
            results.append(_file(room, path.name, lines))
    return results


def _refused(line: Line) -> bool:
    return line.level >= LEAST and line.rule in meanings()


def _file(room: Trials, name: str, lines: list[Line]) -> FileResult:
    logs, index_of = of_lines(name, [line.text for line in lines])
    events = {index_of[place]: event for place, event in tried(room, logs, None).events.items() if place in index_of}
    failed = {index for index, event in events.items() if event.outcome == "failure"}
    attempts = {index for index in failed if events[index].attempt}
    refused = [index for index, line in enumerate(lines) if _refused(line)]
    quiet = [index for index, line in enumerate(lines) if line.level < LEAST]
    return FileResult(
        name,
        len(refused),
        len(failed.intersection(refused)),
        len(attempts.intersection(refused)),
        tuple(lines[index].rule for index in refused if index not in failed),
        len(quiet),
        len(attempts.intersection(quiet)),
    )


def section(results: list[FileResult]) -> str:
    """The part of the document."""
    refused, found = sum(item.refused for item in results), sum(item.found for item in results)
    quiet, counted = sum(item.quiet for item in results), sum(item.counted for item in results)
    head = ("file", "refused", "found", "as a sign-in", "quiet lines", "counted", "missed, by their rule")
    about = paragraph(
        f"Lines for which their rules raise a level of {LEAST} or more because somebody was refused. Found: the",
        f'event has the outcome `failure` here, {share(found, refused)}. "As a sign-in": it is a row of',
        "`authentication`; su, sudo and doas are no sign-ins, and of the several lines that one refused sign-in",
        f"writes only one is counted. Of their quiet lines (below {LEAST}) {share(counted, quiet)} are failed",
        "sign-ins here.",
    )
    rows = table(head, [item.row for item in results])
    return f"## OSSEC and Wazuh: refused sign-ins, su and sudo\n\n{about}\n\n{rows}\n"
