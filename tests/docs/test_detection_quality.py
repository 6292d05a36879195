"""The document about the rules' quality says what its command finds: some rows of each table are made again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.labelled import crowdsec, fail2ban, ini, panther, techniques
from benchmarks.labelled.trying import rules
from benchmarks.quality import document
from breachwatch.detect.trial import Trials, trials

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "detection-quality.md"


@pytest.fixture(scope="module")
def room() -> Iterator[Trials]:
    with trials() as opened:
        yield opened


def rows() -> set[str]:
    """The rows of all tables, without the blanks around their cells."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    return {line.strip() for line in lines if line.startswith("|")}


def written(row: tuple[object, ...]) -> str:
    return f"| {' | '.join(map(str, row))} |"


def test_it_speaks_of_the_rules_there_are() -> None:
    stems = {Path(rule.source.origin).stem for rule in rules().rules}
    assert f" {len(stems)} rule files of ours" in " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    assert document([]).startswith("# How good the rules are")


def test_rules_that_answer_theirs_exist() -> None:
    stems = {Path(rule.source.origin).stem for rule in rules().rules}
    assert {rule.stem for rule in panther.answers().values()} <= stems
    assert all(meaning for meaning in ini.meanings().values())


def test_lines(room: Trials, shared_logs: Path) -> None:
    for found in fail2ban.run(room, shared_logs, ("pam-generic",)):
        assert written(found.row) in rows()
    for line in ini.run(room, shared_logs, ("sudo.ini",)):
        assert written(line.row) in rows()


def test_scenarios(room: Trials, shared_logs: Path) -> None:
    (found,) = crowdsec.run(room, shared_logs, ("ssh-slow-bf",))
    assert written(found.row) in rows()


def test_events(room: Trials, shared_logs: Path) -> None:
    found = panther.run(room, shared_logs, ("okta_rules",))
    assert len(found.answered) >= 5
    assert {written(item.row) for item in found.answered} <= rows()


def test_recordings(room: Trials, shared_logs: Path) -> None:
    only = ("aws.persistence.iam-backdoor-user",)
    (found,) = techniques.run(room, shared_logs, techniques.CLOUD, only)
    assert written(found.row) in rows()
