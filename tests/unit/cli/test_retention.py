"""Disposal of the file of an incident on the command line: two persons, and the certificate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from breachwatch import incidents
from breachwatch.cli.app import main
from breachwatch.evidence import create_key
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.unit.incidents.conftest import make_finding, make_scan

PEOPLE = """
[city]
name = "Testville"
time_zone = "America/Chicago"
jurisdiction = "us-tx-city"

[[people]]
login = "rio"
name = "Rio Clerk"
roles = ["records_officer"]

[[people]]
login = "dora"
name = "Dora Director"
roles = ["it_director"]
"""


def test_a_file_from_due_to_its_certificate(
    make_ws: Callable[..., Workspace],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    ws = make_ws(PEOPLE)
    create_key(ws.keys)
    incidents.record(ws, make_scan(make_finding()), "run-1")
    old = ws.clock.now().replace(year=2020)
    with ws.database.write() as connection:
        connection.execute(update(cases.incident).values(state="closed", closed_at=old, opened_at=old, first_time=old))
    monkeypatch.setattr("breachwatch.workspace.SystemClock", lambda: ws.clock)

    def run(login: str, *arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(["--as", login, "-w", str(ws.root), "retention", *arguments])
        return code, capsys.readouterr().out

    asked = ("ask", "1", "--authority", "resolution 2026-7", "-r", "the period is over", "--json")
    assert "not specified" in run("rio", "due")[1]
    assert run("rio", *asked)[0] == 2
    assert run("dora", "period", "5", "--source", "schedule, line 12")[0] == 77
    assert run("rio", "period", "5", "--source", "schedule, line 12")[0] == 0
    [due] = json.loads(run("dora", "due", "--json")[1])
    assert (due["incident"], due["kept_by"]) == ("INC-2026-0001", [])
    assert "INC-2026-0001" in run("dora", "due")[1]
    code, out = run("rio", *asked)
    assert (code, json.loads(out)["number"]) == (0, "RET-2026-0001")
    assert run("rio", "approve", "RET-2026-0001", "-r", "mine")[0] == 77
    code, out = run("dora", "approve", "ret-2026-0001", "-r", "checked", "--json")
    assert code == 0
    assert json.loads(out)["certificate"].startswith("EV-2026-")
    assert "disposed of" not in json.dumps(json.loads(run("dora", "list", "--json")[1])[0]["went"])
    assert "certificate" in run("dora", "list")[1]
    for name in ("c.pdf", "c.html"):
        assert run("dora", "certificate", "RET-2026-0001", "--to", str(tmp_path / name))[0] == 0
    assert "RET-2026-0001" in (tmp_path / "c.html").read_text(encoding="utf-8")
    assert run("dora", "certificate", "RET-2026-0001", "--to", str(tmp_path / "c.pdf"))[0] == 2
