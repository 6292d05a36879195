"""The document about the parsers' quality says what its command finds: the rows of some folders are made again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.labelled import line_labels
from benchmarks.labelled.log_files import log_files
from benchmarks.labelled.signins import Score, measured, total
from benchmarks.parsing import measure, signin_row, unknown_files
from breachwatch.detect.trial import Trials, trials

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "parsing-quality.md"
FOLDERS = ("okta", "utmp", "syslog-rfc5424", "google-workspace")
FILES = ("fail2ban/cyrus-imap", "fail2ban/proftpd", "fail2ban/mysqld-auth", "crowdsec-hub/sabnzbd-bf")


@pytest.fixture(scope="module")
def room() -> Iterator[Trials]:
    with trials() as opened:
        yield opened


@pytest.fixture(scope="module")
def rows() -> set[str]:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    return {line.strip() for line in lines if line.startswith("|")}


def written(row: tuple[object, ...]) -> str:
    return f"| {' | '.join(map(str, row))} |"


def test_folders(room: Trials, shared_logs: Path, rows: set[str]) -> None:
    by_folder: dict[str, list[Score]] = defaultdict(list)
    for (folder, _, _), score in measure(room, shared_logs, FOLDERS).items():
        by_folder[folder].append(score)
    assert set(by_folder) == set(FOLDERS)
    assert {written(signin_row(folder, total(parts))) for folder, parts in by_folder.items()} <= rows


def test_files_with_something_missing(room: Trials, shared_logs: Path, rows: set[str]) -> None:
    found = set()
    for case in (*line_labels.fail2ban_cases(shared_logs), *line_labels.crowdsec_cases(shared_logs)):
        if case.name in FILES:
            score = measured(room, case)
            assert score.rows + score.rejects == score.records
            found.add(written(signin_row(f"{case.folder}: {case.name}", score)))
    assert len(found) == len(FILES)
    assert all(row in rows or _complete(row) for row in found), found - rows


def _complete(row: str) -> bool:
    """Files of which nothing is missing have no row of their own."""
    cells = [cell.strip() for cell in row.strip("| ").split("|")]
    return cells[1] == cells[2]


def test_files_in_no_known_format(shared_logs: Path) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    names = unknown_files(shared_logs)
    assert f"Of {len(log_files(shared_logs))} logs {len(names)} are recognised as no format" in " ".join(text.split())
    assert all(f"- {name}" in text for name in names)
