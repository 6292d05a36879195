"""The desk of the City Clerk on the command line: from receipt to closing, with JSON, warnings and exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import icalendar
import pytest

from breachwatch import incidents
from breachwatch.cli.app import main
from breachwatch.evidence import create_key
from breachwatch.workspace import Workspace
from tests.unit.incidents.conftest import make_finding, make_scan

PEOPLE = """
[city]
name = "Testville"
time_zone = "America/Los_Angeles"
jurisdiction = "us-ca-city"

[[people]]
login = "rio"
name = "Rio Clerk"
roles = ["records_officer"]

[[people]]
login = "cole"
name = "Cole Counsel"
roles = ["counsel"]
"""


@pytest.fixture
def said(
    make_ws: Callable[..., Workspace], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run a command as somebody, with the workspace's clock; exit code, standard output and error."""
    ws = make_ws(PEOPLE)
    create_key(ws.keys)
    incidents.record(ws, make_scan(make_finding()), "run-1")
    monkeypatch.setattr("breachwatch.workspace.SystemClock", lambda: ws.clock)
    monkeypatch.setenv("COLUMNS", "160")

    def run(login: str, *arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--as", login, "-w", str(ws.root), *arguments])
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def test_a_request_from_receipt_to_closing(said: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("All records of INC-2026-0001, please.\x1b[31m", encoding="utf-8")
    received = ("--received", "2026-11-18T16:30", "--channel", "mail", "--file", str(letter), "--json")
    code, out, _ = said("rio", "request", "receive", "All records of the incident.", *received)
    assert code == 0
    made = json.loads(out)
    assert (made["number"], made["state"], made["received_at"]) == (
        "PR-2026-0001", "received", "2026-11-19T00:30:00+00:00",
    )  # fmt: skip
    assert made["clocks"][0]["due"]["safe"].startswith("2026-11-28T23:59:59")
    assert said("cole", "request", "link", "1", "1", "-r", "it names it")[0] == 77
    assert said("rio", "request", "link", "1", "1", "-r", "it names it")[0] == 0
    assert said("rio", "request", "search", "1", "the register of incidents")[0] == 0
    listed = said("rio", "request", "list")[1]
    assert "PR-2026-0001" in listed
    assert "INC-2026-0001" in listed
    items = json.loads(said("rio", "request", "redact", "1", "--json")[1])
    assert {item["item"]["id"] for item in items} >= {"incident:INC-2026-0001/title"}
    folder = tmp_path / "preview"
    assert said("rio", "request", "preview", "1", "--to", str(folder))[0] == 2  # items are open
    assert said("rio", "request", "redact", "1", "--proposed", "-r", "as proposed")[0] == 0
    assert said("rio", "request", "redact", "1", "--open", "--json")[1].strip() == "[]"
    code, out, _ = said("rio", "request", "preview", "1", "--to", str(folder), "--json")
    sha256 = json.loads(out)["sha256"]
    assert re.fullmatch(r"[0-9a-f]{64}", sha256)
    assert said("rio", "request", "sign", "1", sha256, "-r", "read")[0] == 77
    assert said("cole", "request", "sign", "1", sha256, "-r", "read")[0] == 0
    assert said("rio", "request", "release", "1", "--to", str(tmp_path / "out"), "-r", "by mail")[0] == 0
    assert (tmp_path / "out" / "records.pdf").read_bytes() == (folder / "records.pdf").read_bytes()
    proof = ("--proof", str(letter))
    assert said("rio", "request", "step", "1", "delivered", "-r", "certified mail", *proof)[0] == 0
    assert said("rio", "request", "close", "1", "-r", "answered")[0] == 0
    code, out, _ = said("rio", "request", "appeal", "1", "incident:INC-2026-0001/title", "-r", "it is public", "--json")
    appeal = str(json.loads(out)["steps"][-1]["seq"])
    assert said("cole", "request", "review", "1", appeal, "changed", "-r", "it names nobody")[0] == 0
    shown = said("rio", "request", "show", "1")[1]
    assert "searched" in shown
    assert "\x1b[31m" not in shown


def test_clocks_of_requests_are_on_the_board_and_in_the_calendar(
    said: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    received = ("--received", "2026-11-18T16:30", "--channel", "portal", "--language", "es")
    assert said("rio", "request", "receive", "Quiero copias.", *received)[0] == 0
    assert "ca-records-determination" in said("cole", "clocks")[1]
    [clock] = json.loads(said("cole", "clocks", "--json")[1])
    assert (clock["request"], clock["clock"]) == ("PR-2026-0001", "running")
    assert said("cole", "clocks", "--calendar", str(tmp_path / "c.ics"))[0] == 0
    [event] = icalendar.Calendar.from_ical((tmp_path / "c.ics").read_bytes()).walk("VEVENT")
    assert str(event["uid"]) == "PR-2026-0001-ca-records-determination@breachwatch"
    assert said("rio", "request", "extend", "1", "unusual_circumstances", "-r", "two offices")[0] == 0
    [clock] = json.loads(said("cole", "clocks", "--json")[1])
    assert clock["due"]["safe"].startswith("2026-12-12")
    letters = ("records-acknowledgement", "records-extension", "records-response", "records-withheld-index")
    for letter in letters:
        code, _, err = said("rio", "request", "letter", "1", letter, "-r", "to the requester")
        assert (code, "P-2026-" in err) == (0, True)
    assert said("rio", "request", "correct", "1", "--received", "2026-11-17T09:00", "-r", "the stamp")[0] == 0
    assert said("rio", "request", "submit", "1", "tx-records-decision", "-r", "no")[0] == 2
    assert said("rio", "request", "ruling", "1", "-r", "no")[0] == 2
    assert said("rio", "request", "step", "1", "signed", "-r", "no")[0] == 2
