"""`breachwatch closure` and the export of the timeline: what they print, what they write, what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from breachwatch.cli.app import main
from breachwatch.incidents.casework import timeline
from breachwatch.workspace import Workspace
from tests.unit.incidents.casework.conftest import ANALYST, Desk
from tests.unit.incidents.conftest import make_finding, make_scan


@pytest.fixture
def desk(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("COLUMNS", "160")
    made = Desk(ws, make_finding, make_scan)
    made.open(make_finding(user="kdoe"))
    return made


def test_the_checklist_says_what_is_missing_and_how_to_mend_it(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    number = "INC-2026-0001"
    assert main(["-w", str(desk.ws.root), "closure", "show", number]) == 0
    shown = capsys.readouterr().out
    for word in ("[ ] it has a verdict", "incident verdict INC-2026-0001", "counsel decided about every obligation"):
        assert word in shown
    assert main(["-w", str(desk.ws.root), "closure", "show", number, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["ready"], found["number"], len(found["items"])) == (False, number, 9)


def test_the_report_and_the_timeline_are_written_once(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ws, number = desk.ws, "INC-2026-0001"
    entry = timeline.add(ws, number, ws.clock.now(), "<b>the owner</b> calls", by=ANALYST)
    hidden = timeline.add(ws, number, ws.clock.now(), "a mistake", by=ANALYST)
    timeline.curate(ws, number, hidden, timeline.Curation(shown=False), by=ANALYST, reason="of another case")
    timeline.curate(ws, number, entry, timeline.Curation(pinned=True), by=ANALYST)
    story = tmp_path / "story.html"
    assert main(["-w", str(ws.root), "incident", "timeline", "export", number, "--to", str(story)]) == 0
    text = story.read_text()
    assert text.count("&lt;b&gt;the owner&lt;/b&gt; calls") == 2  # among what matters most, and in its place
    assert "a mistake" not in text
    report = tmp_path / "report.docx"
    words = ["-w", str(ws.root), "closure", "report", number, "--to", str(report)]
    assert main(words) == 0
    assert report.read_bytes().startswith(b"PK")
    capsys.readouterr()
    assert main(words) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("closure", "report", "1"), ("incident", "timeline", "export", "1")])
def test_a_document_is_what_its_name_says(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    words = ["-w", str(desk.ws.root), *command, "--to"]
    for ending, begins in ((".html", b"<!DOCTYPE"), (".docx", b"PK"), (".PDF", b"%PDF")):
        file = tmp_path / f"a{ending}"
        assert main([*words, str(file)]) == 0
        assert file.read_bytes().startswith(begins)
    capsys.readouterr()
    for name, form, told in (("b.pdf", ["--form", "docx"], "leave --form out"), ("b", [], "ends in .docx, .pdf")):
        assert main([*words, str(tmp_path / name), *form]) == 2
        assert told in capsys.readouterr().err
        assert not (tmp_path / name).exists()
    assert main([*words, str(tmp_path / "c"), "--form", "html"]) == 0


def test_the_drafted_statement_is_written_by_the_command_that_is_named(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = ["-w", str(desk.ws.root)]
    assert main([*before, "closure", "statement", "1", "--reason", "for the director"]) == 0
    named = capsys.readouterr().err.split("`")[1].split()[1:]
    assert main([*before, *named]) == 0
    assert (tmp_path / "FILE.docx").read_bytes().startswith(b"PK")
