"""`breachwatch assess --incident`, `duty` and `clocks`, as one types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import icalendar
import pytest

from breachwatch import incidents
from breachwatch.cli.app import main
from breachwatch.workspace import Workspace
from tests.unit.cli.test_assess import SHEET
from tests.unit.incidents.conftest import make_finding, make_scan

PEOPLE = """
[[people]]
login = "analyst"
name = "The Analyst"
roles = ["analyst"]
[[people]]
login = "counsel"
name = "The City Attorney"
roles = ["counsel"]
"""


@pytest.fixture
def city(make_ws: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch) -> Workspace:
    head = '[city]\nname = "T"\ntime_zone = "America/Chicago"\njurisdiction = "us-tx-city"\n'
    ws = make_ws(head + PEOPLE)
    incidents.record(ws, make_scan(make_finding()), "run-1")
    monkeypatch.chdir(ws.root)
    (ws.root / "facts.toml").write_text(SHEET, encoding="utf-8")
    return ws


def said(capsys: pytest.CaptureFixture[str], who: str, *words: str, code: int = 0) -> str:
    assert main(["--as", who, *words]) == code
    out, err = capsys.readouterr()
    return out + err


def test_from_facts_to_a_notice_that_was_sent(city: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    number = "INC-2026-0001"
    first = said(capsys, "analyst", "assess", "facts.toml", "--incident", number, "-r", "the mailbox was read")
    assert f"{number}: assessment 1." in first
    (city.root / "facts.toml").write_text(SHEET.replace("612", "240"), encoding="utf-8")
    again = said(capsys, "analyst", "assess", "facts.toml", "--incident", number, "-r", "counted again")
    assert "individuals: 612 -> 240" in again
    assert "tx-attorney-general: triggered -> not triggered" in again
    refused = said(capsys, "analyst", "duty", "decide", number, "tx-individuals", "required", "-r", "521.053", code=77)
    assert "The Analyst (analyst) may not decide as counsel" in refused
    said(capsys, "counsel", "duty", "decide", number, "tx-individuals", "required", "-r", "521.053(b)")
    assert "not approved" in said(
        capsys, "analyst", "duty", "step", number, "tx-individuals", "sent", "-r", "by mail", code=2
    )
    said(capsys, "counsel", "duty", "step", number, "tx-individuals", "approved", "-r", "letter of today")
    assert "tx-individuals" in said(capsys, "analyst", "clocks", "--json")
    said(
        capsys, "analyst", "duty", "step", number, "tx-individuals", "sent", "-r", "by mail", "--detail", "method=mail"
    )
    assert "tx-individuals" not in said(capsys, "analyst", "clocks", "--json")
    shown = said(capsys, "analyst", "duty", "list", number)
    for words in ("required, The City Attorney: 521.053(b)", "approved", "by mail", "confirm with counsel"):
        assert words in shown
    found = {item["obligation"]: item for item in json.loads(said(capsys, "analyst", "duty", "list", number, "--json"))}
    assert found["tx-individuals"]["clock"] == "met"


def test_the_board_and_its_calendar(city: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No clock is open." in said(capsys, "analyst", "clocks")
    said(capsys, "analyst", "assess", "facts.toml", "--incident", "1", "-r", "the mailbox was read")
    assert "tx-cyber-command" in said(capsys, "analyst", "clocks")
    said(capsys, "analyst", "clocks", "--calendar", "clocks.ics")
    made = icalendar.Calendar.from_ical(Path("clocks.ics").read_bytes())
    assert any("tx-cyber-command@" in str(item["uid"]) for item in made.walk("VEVENT"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["duty", "step", "1", "tx-individuals", "mailed", "-r", "x"], "no step is named 'mailed'"),
        (["duty", "step", "1", "tx-individuals", "drafted", "-r", "x", "--detail", "mail"], "NAME=VALUE"),
        (["duty", "list", "7"], "no incident is named 'INC-2026-0007'"),
        (["assess", "facts.toml", "--incident", "1"], "what the assessment rests on is missing"),
    ],
)
def test_what_cannot_be_is_refused(
    city: Workspace, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert told in said(capsys, "analyst", *words, code=2)
