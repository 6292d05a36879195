"""`evidence add`, `open`, `transfer`, `receipt`, `custody`, `reproduce` and `sweep` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from breachwatch.cli.app import app
from breachwatch.errors import UsageError
from breachwatch.evidence import create_key
from breachwatch.workspace import Workspace


@pytest.fixture
def typed(ws: Workspace) -> Any:
    create_key(ws.keys)
    (ws.root / "shot.png").write_bytes(b"\x89PNG")

    def run(*arguments: object, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["-w", str(ws.root), "evidence", *map(str, arguments)])
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    return run


def test_from_receipt_to_transfer_and_back(
    typed: Any, ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    added = json.loads(typed("add", ws.root / "shot.png", "--from", "J. Doe", "--purpose", "phishing", "--json"))
    number = added["number"]
    assert "data/files/001-shot.png" in typed("open", number.lower())
    typed("open", number, "data/files/001-shot.png", "--to", tmp_path / "copy.png", "--purpose", "look")
    assert (tmp_path / "copy.png").read_bytes() == b"\x89PNG"
    [archive] = json.loads(typed("export", number, tmp_path / "x.tar", "--recipient", "Det. Lee", "--json"))
    made = json.loads(
        typed("transfer", number, "--to", "Det. Lee", "--purpose", "case", "--archive", archive["path"], "--json")
    )
    assert "MISSING" in typed("transfers")
    typed("receipt", made["number"], "--by", "Det. Lee", "--at", "2026-11-23T09:00")
    typed("returned", made["number"], "--by", "Det. Lee")
    assert "MISSING" not in typed("transfers", number)
    page = typed("custody", number)
    for event in ("received", "sealed", "copied", "exported", "transferred", "returned"):
        assert event in page
    typed("custody", number, "--to", tmp_path / "form.pdf")
    assert (tmp_path / "form.pdf").read_bytes().startswith(b"%PDF-")
    assert json.loads(typed("sweep", "--json")) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("open", "EV-2026-000009"),
        ("lines", "EV-2026-000009", "--purpose", "x"),
        ("reproduce", "EV-2026-000009"),
        ("receipt", "TR-2026-000009", "--by", "x", "--at", "yesterday"),
        ("custody", "EV-2026-000009"),
    ],
)
def test_what_does_not_exist_is_an_error_of_use(ws: Workspace, arguments: tuple[str, ...]) -> None:
    create_key(ws.keys)
    done = CliRunner().invoke(app, ["-w", str(ws.root), "evidence", *arguments])
    assert isinstance(done.exception, UsageError)  # which the program's own entry point explains
