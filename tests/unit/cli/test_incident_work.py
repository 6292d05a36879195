"""Working on a case from the command line: every command once, with --json, and what goes wrong in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from breachwatch import incidents
from breachwatch.cli.app import main
from breachwatch.evidence import create_key
from breachwatch.model.finding import Level
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY
from tests.unit.incidents.casework.conftest import Desk
from tests.unit.incidents.conftest import make_finding, make_scan

Run = Callable[..., Any]


@pytest.fixture
def desk(ws: Workspace) -> Desk:
    made = Desk(ws, make_finding, make_scan)
    made.open(make_finding(user="jmeyer"))
    made.open(make_finding(user="kdoe"))
    made.record(make_finding(rule="r-low", user="lowly", level=Level.LOW))
    return made


@pytest.fixture
def run(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; with `fails`, its exit code and message, else what its JSON says."""

    def call(*words: str, fails: bool = False) -> Any:
        code = main(["-w", str(desk.ws.root), *words, *(() if fails else ("--json",))])
        out, err = capsys.readouterr()
        if fails:
            return code, err
        assert code == 0, err
        return json.loads(out)

    return call


def test_a_case_from_the_queue_to_its_end(desk: Desk, run: Run) -> None:
    [way, *_] = run("incident", "advance", "1")
    assert (way["step"]["to"], way["missing"]) == ("triage", [])
    assert run("incident", "advance", "1", "--to", "triage")["state"] == "triage"
    tasks = run("incident", "task", "list", "1")
    assert "tell-insiders" in {task["step"] for task in tasks}
    first = str(tasks[0]["number"])
    run("incident", "task", "assign", "1", first, "ana")
    run("incident", "task", "block", "1", first, "-r", "the vault is offline")
    run("incident", "task", "reopen", "1", first, "-r", "it is back")
    run("incident", "task", "done", "1", first, "--result", "sealed and verified")
    run("incident", "task", "skip", "1", str(tasks[1]["number"]), "-r", "nothing to contain")
    run("incident", "task", "add", "1", "ask the vendor", "--role", "it-director", "--due", "2026-12-01")
    assert run("incident", "task", "plan", "1")["what"] == "0 tasks planned"
    code, told = run("incident", "advance", "1", "--to", "contained", fails=True)
    assert (code, "no containment action is done" in told) == (2, True)
    words = ("--done", "--by", "hal", "--ordered-by", "Dora Director", "--text", "off the network")
    run("incident", "action", "add", "1", "containment", "web01", *words)
    [measure] = run("incident", "action", "list", "1")
    assert (measure["ordered_by"], measure["implementer"]) == ("Dora Director", "hal")
    assert run("incident", "advance", "1", "--to", "contained")["state"] == "contained"
    run("incident", "action", "verify", "1", "1", "--finding", "no traffic")
    [action] = run("incident", "action", "list", "1")
    assert (action["implementer"], action["verification"]) == ("hal", "no traffic")
    run("incident", "decide", "1", "notified", "it_director", "-r", "by telephone", "--decided-by", "ana")
    run("incident", "anchor", "1", "occurred", "2026-11-22T01:30", "-r", "the owner's phone showed it")
    moments = {item["anchor"]: item for item in run("incident", "anchor", "1")}
    assert moments["occurred"]["at"].startswith("2026-11-22T07:30")
    assert moments["occurred"]["zone"] == "America/Chicago"
    run("incident", "affected", "1", "group", "utility customers", "--element", "ssn", "--count", "300", "--about",
        "--resident", "TX=280", "--resident", "OK", "-r", "the export of Monday")  # fmt: skip
    [group] = run("incident", "affected", "1")
    assert (group["count"], group["estimated"], group["states"]) == (300, True, [["OK", None], ["TX", 280]])
    run("incident", "note", "1", "the owner was in Lisbon")
    assert [item["text"] for item in run("incident", "note", "1")] == ["the owner was in Lisbon"]
    key = run("incident", "timeline", "add", "1", "2026-11-22T03:00", "the owner calls")["what"].split()[0]
    run("incident", "timeline", "pin", "1", key)
    run("incident", "timeline", "means", "1", key, "he knew before we did")
    run("incident", "timeline", "correct", "1", key, "--text", "the owner called", "-r", "grammar")
    [line] = run("incident", "timeline", "show", "1", "--pinned")
    assert (line["raw"], line["interpretation"]) == ("the owner called", "he knew before we did")
    run("incident", "timeline", "hide", "1", key, "-r", "not ours to tell")
    assert run("incident", "timeline", "show", "1", "--pinned") == []
    run("incident", "assign", "1", "ana")
    assert run("incident", "verdict", "1", "test", "-r", "a drill")["state"] == "closed"
    assert run("incident", "reopen", "1", "-r", "it was none")["state"] == "investigating"
    shown = run("incident", "show", "1")
    assert (shown["lead"], shown["case"]["notes"][0]["text"]) == ("ana", "the owner was in Lisbon")


def test_incidents_that_belong_together(desk: Desk, run: Run) -> None:
    run("incident", "link", "2", "1", "-r", "the same night")
    run("incident", "link", "2", "1", "-r", "not the same", "--undo")
    assert run("incident", "merge", "2", "1", "-r", "one intruder")["state"] == "merged"
    assert run("incident", "show", "1")["case"]["merged"] == ["INC-2026-0002"]
    assert run("incident", "unmerge", "2", "-r", "two intruders")["state"] == "new"
    [line, _] = run("queue")
    assert line["state"] == "new"


def test_alerts_that_stand_alone(desk: Desk, run: Run) -> None:
    [alert] = run("alert", "list")
    key = alert["key"][:8]
    assert run("alert", "ack", key)["what"] == "acknowledged"
    run("alert", "close", key, "--as", "benign-true-positive", "-r", "the backup job")
    assert run("alert", "list") == []
    [closed] = run("alert", "list", "--state", "closed")
    assert (closed["verdict"], closed["verdict_reason"]) == ("benign true positive", "the backup job")
    run("alert", "reopen", key, "-r", "it was no backup")
    run("alert", "link", key, "1", "-r", "same host")
    assert len(incidents.incident(desk.ws, "INC-2026-0001", by=SOMEBODY).alerts) == 2


def test_pages_for_people(
    desk: Desk, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    for words in (
        ("incident", "show", "1"),
        ("incident", "advance", "1"),
        ("incident", "advance", "--table"),
        ("incident", "anchor", "1", "--history"),
        ("incident", "timeline", "show", "1"),
        ("incident", "task", "list", "1"),
        ("incident", "action", "list", "1"),
        ("incident", "affected", "1"),
        ("incident", "note", "1"),
        ("alert", "list"),
    ):
        assert main(["-w", str(desk.ws.root), *words]) == 0
    told = capsys.readouterr().out
    assert "1. triage" in told
    assert "incident advance INC-2026-0001 --to triage" in told
    assert "verifying" in told
    assert "lowly" in told


def test_what_cannot_be_said_is_explained(desk: Desk, run: Run) -> None:
    assert (
        "no verdict is named 'fals-positive'. Did you mean false-positive"
        in run("incident", "verdict", "1", "fals-positive", "-r", "x", fails=True)[1]
    )
    assert (
        "the clocks change then. Say the offset"
        in run("incident", "anchor", "1", "occurred", "2026-11-01T01:30", "-r", "x", fails=True)[1]
    )
    assert (
        "'many' is no number"
        in run("incident", "affected", "1", "group", "g", "--resident", "TX=many", "-r", "x", fails=True)[1]
    )
    code, told = run("incident", "advance", "1", "--to", "triage", "--expect", "99", fails=True)
    assert (code, "was changed since you read it" in told) == (3, True)
    assert run("incident", "show", "77", fails=True)[0] == 2


def test_the_wizard_asks_for_what_is_missing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter(["1", "1", "", "1", "a log of last year", "9"])
    monkeypatch.setattr("typer.prompt", lambda *_a, **_k: next(answers))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    states = []
    for _ in range(4):
        assert main(["-w", str(desk.ws.root), "incident", "advance", "1"]) == 0
        states.append(desk.state("INC-2026-0001").value)
    # Into triage; then an empty answer changes nothing; then a reason sets the guard aside; then a number that is none.
    assert states == ["triage", "triage", "contained", "contained"]
    assert "missing: no containment action is done" in capsys.readouterr().out
    assert next(answers, None) is None
    changes = desk.audit("INC-2026-0001")
    assert "decided: waiver containment" in changes


def test_a_number_of_this_year_is_enough_wherever_an_incident_is_named(desk: Desk, run: Run, tmp_path: Path) -> None:
    (tmp_path / "shot.png").write_bytes(b"x")
    create_key(desk.ws.keys)
    added = run("evidence", "add", str(tmp_path / "shot.png"), "--from", "J", "--purpose", "mail", "--incident", "1")
    assert added["incident"] == "INC-2026-0001"
    placed = run("hold", "place", "--reason", "a claim", "--incident", "1")
    assert placed["hold"]["items"] == [["incident", "INC-2026-0001"]]
    assert run("incident", "severity", "1") == run("incident", "severity", "INC-2026-0001")
    assert run("incident", "lines", "1")
    assert run("notify", "list", "--about", "1") == []
    assert main(["-w", str(desk.ws.root), "notify", "acknowledge", "1"]) == 0


def test_roles_and_guards_are_understood_with_hyphens_and_underscores(run: Run) -> None:
    for word in ("it-director", "records_officer", "Counsel"):
        assert run("incident", "decide", "1", "notified", word, "-r", "by telephone")["what"].endswith("told")
    code, told = run("incident", "decide", "1", "notified", "mayor", "-r", "x", fails=True)
    assert (code, "no decision about notified is named 'mayor'" in told) == (2, True)
