"""`breachwatch assess`, from a worksheet and by questions."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from breachwatch.cli.app import main

SHEET = """\
breach_confirmed = true
good_faith = false
data_elements = ["ssn"]
with_name = true
encrypted = false
public_information = false
individuals = 612

[residents]
TX = 612
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BREACHWATCH_WORKSPACE", raising=False)
    (tmp_path / "facts.toml").write_text(SHEET, encoding="utf-8")


def test_a_worksheet_gives_proposals_with_what_decides_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", "facts.toml", "--profile", "us-tx-city", "--on", "2026-11-23"]) == 0
    text = capsys.readouterr().out
    for words in ("Triggered", "Notify the Texas Attorney General", "250 or more residents of TX", "TX: 612"):
        assert words in text
    assert "find out: incident_type" in text
    assert main(["assess", "facts.toml", "--profile", "us-tx-city", "--json"]) == 0
    found = {item["obligation"]: item for item in json.loads(capsys.readouterr().out)}
    assert found["tx-individuals"]["outcome"] == "triggered"
    assert found["tx-cyber-command"]["outcome"] == "undetermined"


def test_questions_ask_for_what_decides_and_the_answers_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("maybe\n" + "\n" * 40))
    arguments = ["assess", "facts.toml", "--ask", "--save", "more.toml", "--profile", "us-tx-city"]
    assert main(arguments) == 0
    err = capsys.readouterr().err
    assert "answer yes, no, or ?" in err
    assert "612" in (tmp_path / "more.toml").read_text()
    assert main(["assess", "more.toml", "--save", "more.toml", "--profile", "us-tx-city"]) == 1
    assert "no earlier worksheet is lost" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["assess", "--profile", "us-tx-city"], 2, "breachwatch assess --ask"),
        (["assess", "facts.toml"], 2, "set city.jurisdiction"),
        (["assess", "facts.toml", "--profile", "us-tx-city", "--on", "soon"], 2, "write a date"),
        (["assess", "none.toml", "--profile", "us-tx-city"], 1, "cannot read the worksheet"),
    ],
)
def test_what_cannot_be_weighed_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert main(arguments) == code
    assert words in capsys.readouterr().err
