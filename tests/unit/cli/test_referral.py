"""`breachwatch referral`, as one types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from breachwatch.workspace import Workspace
from tests.unit.cli.conftest import Call
from tests.unit.cli.test_report import town  # noqa: F401  a fixture


def test_from_making_to_outcome(town: Workspace, call: Call) -> None:  # noqa: F811
    assert call("report", "add", "odd rules", "--from", "employee").code == 0
    incident = json.loads(call("report", "triage", "1", "--open", "-r", "odd", "--json").out)["incident"]
    Path("out").mkdir()
    to = ["law-enforcement", "--to", "Desk", "--basis", "Penal Code 33.02"]
    package = ["--evidence", "ev-2026-000002", "--into", "out", "--letter", "letter.pdf"]
    made = call("referral", "make", incident, *to, *package, "--json")
    assert made.code == 0, made.err
    number = json.loads(made.out)["number"]
    assert Path("letter.pdf").read_bytes().startswith(b"%PDF")
    assert [path.name for path in Path("out").iterdir()] == [f"{number}-EV-2026-000002.tar.gz"]
    assert "handed over with" in call("referral", "package", number, "ev-2026-000002", "--into", "out").err
    assert call("referral", "receipt", number, "--person", "Sgt.", "--reference", "26-117").code == 0
    assert call("referral", "status", number, "investigating", "--person", "Det.").code == 0
    assert call("referral", "outcome", number, "charged", "--person", "Det.").code == 0
    shown = call("referral", "show", number)
    for words in ("26-117", "charged", "SHA-256", "TR-2026-000001"):
        assert words in shown.out
    assert number in call("referral", "list").out
    assert json.loads(call("referral", "list", incident, "--json").out)[0]["status"] == "closed"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["make", "9", "police", "--to", "x", "--basis", "x"], "no kind of referral"),
        (["make", "9", "insurer", "--to", "x", "--basis", "x"], "no incident"),
        (["show", "REF-2026-0009"], "no referral"),
    ],
)
def test_what_cannot_be_is_refused(town: Workspace, call: Call, words: list[str], told: str) -> None:  # noqa: F811
    ended = call("referral", *words)
    assert (ended.code, told in ended.err) == (2, True), ended.err
