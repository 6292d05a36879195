"""`breachwatch report`, as one types it: by options, by questions on a terminal, from an e-mail, to an incident."""

from __future__ import annotations

import json
import os
import pty
import select
import sys
from pathlib import Path

import pytest

from breachwatch.evidence import create_key
from breachwatch.workspace import Workspace
from tests.unit.cli.conftest import HOSTILE, Call


@pytest.fixture
def town(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    create_key(ws.keys)
    monkeypatch.chdir(ws.root)
    return ws


def test_from_the_telephone_to_an_incident(town: Workspace, call: Call) -> None:
    (town.root / "shot.png").write_bytes(b"PNG")
    options = ["--from", "employee", "--account", "bclerk", "--system", "mail01", "--contact", "4411"]
    done = call("report", "add", f"odd rules {HOSTILE}", *options, "--attach", "shot.png", "--acknowledgement", "a.pdf")
    assert done.code == 0, done.err
    assert "R-" in done.err
    assert "Sealed in EV-" in done.err
    assert "a.pdf is the acknowledgement, kept as sent. Now send it." in done.err
    assert "report acknowledge" not in done.err  # that was just done
    assert Path("a.pdf").read_bytes().startswith(b"%PDF")
    listed = call("report", "list")
    assert "odd rules" in listed.out
    assert "\x1b" not in listed.out
    opened = call("report", "triage", "1", "--open", "--level", "high", "-r", "rules that nobody made", "--json")
    assert json.loads(opened.out)["incident"].endswith("-0001")
    shown = call("report", "show", "1")
    assert "opened an incident" in shown.out
    assert "\x1b]0;" not in shown.out
    assert json.loads(call("report", "show", "1", "--json").out)["state"] == "opened an incident"
    assert call("report", "follow-up", "1", "two rules", "--channel", "telephone").code == 0
    assert call("report", "correct", "1", "people=612", "accounts=", "-r", "counted").code == 0
    said = json.loads(call("report", "show", "1", "--json").out)
    assert (said["said"]["people"], said["said"]["accounts"], said["corrected"]) == (612, [], True)
    assert call("report", "reply", "1", "we work on it", "-o", "b.pdf").code == 0
    assert call("report", "acknowledge", "1", "-o", "b.pdf").code == 2  # never overwrites
    assert "No report waits" in call("report", "list").out
    assert len(json.loads(call("report", "list", "--incident", "1", "--json").out)) == 1
    assert call("report", "due", "1", "-r", "it is over").code == 0


def test_from_an_e_mail(town: Workspace, call: Call) -> None:
    (town.root / "m.eml").write_bytes(b"From: rosa@example.org\r\nSubject: Signed in?\r\n\r\nNot me.\r\n")
    assert call("report", "add", "--eml", "m.eml", "--from", "resident").code == 0
    [found] = json.loads(call("report", "list", "--json").out)
    assert (found["said"]["relation"], found["said"]["contact"]) == ("resident", "rosa@example.org")
    assert call("report", "add", "--eml", "missing.eml").code == 2


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["add"], 2, "says nothing"),
        (["add", "x", "--noticed", "2099-01-01"], 2, "cannot have been noticed"),
        (["add", "x", "--people", "many"], 2, "no number of people"),
        (["add", "x", "--from", "stranger"], 2, "no relation to the city"),
        (["add", "x", "--attach", "missing"], 2, "no plain file"),
        (["show", "9"], 2, "no report is named"),
        (["triage", "1", "-r", "x"], 2, "say one of"),
        (["correct", "1", "colour=red", "-r", "x"], 2, "NAME is one of"),
    ],
)
def test_what_cannot_be_is_refused(town: Workspace, call: Call, words: list[str], code: int, told: str) -> None:
    ended = call("report", *words)
    assert (ended.code, told in ended.err) == (code, True), ended.err


ANSWERS = (
    ("Who reports", "robot"),
    ("no relation to the city", "vendor"),
    ("complaint", ""),
    ("What was seen", "a leak in the portal"),
    ("noticed", "1h"),
    ("begin", "2d"),
    ("end", ""),
    ("accounts", "svc-portal"),
    ("systems", "portal01, db02"),
    ("Records", "permits"),
    ("How many", "40"),
    ("discovered", "our own logs"),
    ("Name", "Vera"),
    ("company", "Portal Ltd"),
    ("contract", "C-2026-17"),
    ("reached", "vera@portal.example"),
    ("Language", "es"),
)


def test_questions_on_a_terminal_in_the_order_of_the_guides(town: Workspace, call: Call) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "breachwatch.cli.app", "report", "add", "--ask"])
    seen = ""
    for question, answer in ANSWERS:
        seen = _until(terminal, question, seen)
        os.write(terminal, answer.encode() + b"\n")
    _until(terminal, "was received", seen)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)
    [found] = json.loads(call("report", "list", "--json").out)
    said = found["said"]
    assert (said["relation"], said["contract"], said["language"]) == ("vendor", "C-2026-17", "es")
    assert (said["systems"], said["people"], said["name"]) == (["portal01", "db02"], 40, "Vera")


def _until(terminal: int, words: str, seen: str) -> str:
    """Read what the terminal shows until these words came; what came after them."""
    while words not in seen:
        ready, _, _ = select.select([terminal], [], [], 120)
        assert ready, f"waited for {words!r}; seen: {seen!r}"
        try:
            seen += os.read(terminal, 4096).decode(errors="replace")
        except OSError as error:  # the other end is closed
            raise AssertionError(seen) from error
    return seen.partition(words)[2]
