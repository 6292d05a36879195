"""`breachwatch hunt`: from the command to the table, and to alerts with sealed evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from breachwatch import run
from breachwatch.cli import hunt as command
from breachwatch.detect import hunting
from breachwatch.evidence import create_key
from breachwatch.records import cases, catalog
from breachwatch.workspace import Workspace

Call = Callable[..., Any]
RULE = """
title: Root over SSH
id: 44444444-4444-4444-8444-444444444441
level: high
logsource: {product: linux, service: sshd}
detection: {s: {user: root, outcome: failure}, condition: s}
"""
LINES = "".join(
    f"Nov {day} 02:11:0{second} web01 sshd[77]: Failed password for root from 203.0.113.7 port 4{second} ssh2\n"
    for day in (18, 19, 20)
    for second in range(3)
)


@pytest.fixture
def city(make_ws: Callable[..., Workspace], tmp_path: Path) -> Workspace:
    """A workspace whose log was taken in and searched by other rules."""
    log = tmp_path / "auth.log"
    log.write_text(LINES)
    ws = make_ws(f'[detect]\nrules = ["none"]\n[[sources]]\nname = "auth"\npaths = ["{log}"]\nsettle_seconds = 0\n')
    (ws.root / "none").mkdir()
    create_key(ws.keys)
    run.run(ws)
    (tmp_path / "root.yml").write_text(RULE)
    return ws


def alerts(ws: Workspace) -> tuple[int, int]:
    with ws.database.read() as connection:
        counts = [connection.scalar(select(func.count()).select_from(table)) for table in (cases.alert, cases.evidence)]
    return counts[0] or 0, counts[1] or 0


def test_a_hunt_shows_findings_and_records_them_only_when_asked(call: Call, city: Workspace, tmp_path: Path) -> None:
    rule = tmp_path / "root.yml"
    ended = call("-w", city.root, "hunt", rule, "--since", "365d")
    assert ended.code == 0
    assert "Root over SSH" in ended.out
    assert "2026-11-18 02:11 CST" in ended.out
    assert "203.0.113.7" in ended.out
    assert "9 findings in 9 events" in ended.out
    assert "--open" in ended.out
    assert alerts(city) == (0, 0)
    found = json.loads(call("-w", city.root, "hunt", rule, "--since", "2026-11-20", "--json").out)
    assert (len(found["scan"]["findings"]), found["recorded"]) == (3, None)
    assert found["scan"]["findings"][0]["level"] == "high"

    ended = call("-w", city.root, "hunt", rule, "--open")
    assert ended.code == 0
    assert "9 new alerts" in ended.out
    recorded, sealed = alerts(city)
    assert recorded == 9
    assert sealed >= 1
    assert call("-w", city.root, "evidence", "verify", "--all").code == 0
    assert "Root over SSH" in call("-w", city.root, "queue").out
    again = call("-w", city.root, "hunt", rule, "--open", "--again")
    assert "0 new alerts, 9 were known" in again.out
    assert alerts(city) == (recorded, sealed)
    # The runs are those of the nights: a hunt does not look like one.
    with city.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(catalog.run)) == 1


def test_an_interrupted_hunt_says_how_far_it_is_and_goes_on(
    call: Call, city: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hunting, "PIECE_ROWS", 1)
    asked = ("-w", city.root, "hunt", tmp_path / "root.yml", "--until", "2026-11-22")
    real = hunting.search_past
    left = [2]

    def until_control_c(*args: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("Query interrupted")  # what DuckDB makes of Ctrl-C
        return real(*args)

    monkeypatch.setattr(hunting, "search_past", until_control_c)
    ended = call(*asked)
    assert ended.code == 130
    assert "2 of 3 parts are done and kept; the same command goes on from there" in ended.err
    assert "unexpected" not in ended.err
    left[0] = 1
    ended = call(*asked)
    assert (ended.code, left) == (0, [0])
    assert "2 of 3 parts were searched before" in ended.err
    assert "9 findings in 9 events" in ended.out


def test_what_cannot_be_asked_is_said(call: Call, city: Workspace, tmp_path: Path) -> None:
    for arguments, said in (
        (["nobody"], "no rule, file or folder is named 'nobody'"),
        ([tmp_path / "root.yml", "--since", "yesterday"], "is no time"),
        ([tmp_path / "root.yml", "--since", "1d", "--until", "2d"], "is not before"),
        ([], "Missing argument"),
    ):
        ended = call("-w", city.root, "hunt", *arguments)
        assert ended.code == 2
        assert said in ended.err
    (tmp_path / "broken.yml").write_text("title: [")
    ended = call("-w", city.root, "hunt", tmp_path / "broken.yml", tmp_path / "root.yml")
    assert ended.code == command.PARTIAL == 5
    assert "broken.yml: is not valid YAML" in ended.out
    assert "9 findings" in ended.out


def test_evidence_that_cannot_be_sealed_shows_in_the_exit_code(call: Call, city: Workspace, tmp_path: Path) -> None:
    (city.keys / "signing.key").unlink()
    ended = call("-w", city.root, "hunt", tmp_path / "root.yml", "--open")
    assert ended.code == 5
    assert "could not be sealed" in ended.out
