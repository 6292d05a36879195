"""What each command prints, for people and for scripts."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from breachwatch import evidence, simulate
from breachwatch import run as pipeline
from breachwatch.evidence.export import Destination
from breachwatch.model.evidence import Check, Exported, VerifyReport
from breachwatch.model.night import Night
from breachwatch.model.people import Actor
from breachwatch.model.summary import RunState, RunSummary
from breachwatch.workspace import Workspace, open_workspace

Call = Callable[..., Any]
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def test_init_lays_out_a_workspace_and_says_what_next(call: Call, tmp_path: Path) -> None:
    root = tmp_path / "ws"
    ended = call("init", root, "--name", "Odessa", "--time-zone", "America/Chicago", "--sources", "none")
    assert ended.code == 0
    assert ended.out == ""
    assert f"-w {root} run" in ended.err
    ws = open_workspace(root)
    assert (ws.settings.city.name, ws.settings.city.time_zone, ws.settings.sources) == ("Odessa", "America/Chicago", ())
    assert stat.S_IMODE((root / "keys" / "signing.key").stat().st_mode) == 0o600
    again = call("init", root)
    assert again.code == 2
    assert "Nothing was changed" in again.err


def test_init_takes_this_machine_s_logs_unless_told_otherwise(call: Call, tmp_path: Path) -> None:
    assert call("init", tmp_path / "a").code == 0
    names = {source.name for source in open_workspace(tmp_path / "a").settings.sources}
    assert names == {"journal", "auth", "syslog", "wtmp", "btmp"}
    (tmp_path / "city.toml").write_text('[[sources]]\nname = "x"\npaths = ["logs/*"]\n')
    assert call("-w", tmp_path / "b", "init", "--sources", tmp_path / "city.toml").code == 0
    assert open_workspace(tmp_path / "b").settings.source("x").paths == (f"{tmp_path}/logs/*",)
    assert call("init", tmp_path / "c", "--time-zone", "Mars").code == 2
    assert not (tmp_path / "c").exists()


def test_init_prints_no_secret(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREACHWATCH_DATABASE__URL", f"sqlite:///{tmp_path}/hunter2.db")
    ended = call("init", tmp_path / "ws", "--sources", "none")
    assert ended.code == 0
    assert "hunter2" not in ended.out + ended.err + (tmp_path / "ws" / "breachwatch.toml").read_text()


def test_the_workspace_may_be_named_before_or_after_the_command_or_in_the_environment(
    call: Call, busy_ws: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    before = call("--workspace", busy_ws.root, "queue", "--json")
    after = call("queue", "--json", "-w", busy_ws.root)
    assert call("-w", "/nowhere", "queue", "--json", "-w", busy_ws.root).out == before.out
    monkeypatch.setenv("BREACHWATCH_WORKSPACE", str(busy_ws.root))
    assert call("queue", "--json").out == before.out == after.out
    monkeypatch.delenv("BREACHWATCH_WORKSPACE")
    monkeypatch.chdir(busy_ws.root)
    assert call("queue", "--json").out == before.out


def test_queue(call: Call, busy_ws: Workspace) -> None:
    ended = call("-w", busy_ws.root, "queue")
    assert ended.code == 0
    assert ended.err == ""
    assert STEERING.search(ended.out) is None
    assert ended.out.index("critical") < ended.out.index("high")
    for told in ("INC-2026-0001", "FAILED", "EV-2026-000001", "jmeyer from", "203.0.113.7", "\\x1b]0;owned"):
        assert told in ended.out
    found = json.loads(call("-w", busy_ws.root, "queue", "--json").out)
    assert [row["level"] for row in found] == ["critical", "high"]
    assert found[1]["evidence"] == ["EV-2026-000001"]


def test_incident_show(call: Call, busy_ws: Workspace) -> None:
    listed = json.loads(call("-w", busy_ws.root, "queue", "--json").out)
    for row in listed:
        ended = call("incident", "show", row["number"].lower(), "-w", busy_ws.root)
        assert ended.code == 0
        assert STEERING.search(ended.out) is None
        assert "why: user = " in ended.out
        assert "none -> preserving" in ended.out
        as_json = json.loads(call("incident", "show", row["number"], "--json", "-w", busy_ws.root).out)
        assert as_json["alerts"][0]["event_count"] == 24
    ended = call("-w", busy_ws.root, "incident", "show", "INC-2026-0003")
    assert ended.code == 2
    assert "INC-2026-0001" in ended.err


def test_sources(call: Call, make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws(
        '[[sources]]\nname = "auth"\npaths = ["/x"]\noptional = true\n'
        '[[sources]]\nname = "old"\npaths = ["/y"]\nenabled = false\n'
    )
    shown = call("-w", ws.root, "sources").out
    for told in ("auth", "nothing collected yet, optional", "not enabled"):
        assert told in shown
    found = json.loads(call("-w", ws.root, "sources", "--json").out)
    assert [(row["name"], row["rows"], row["last_event"]) for row in found] == [("auth", 0, None), ("old", 0, None)]


def test_evidence_list_and_export(
    call: Call, busy_ws: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "EV-2026-000001" in call("-w", busy_ws.root, "evidence", "list").out
    assert json.loads(call("-w", busy_ws.root, "evidence", "list", "--json").out)[0]["events"] == 24
    asked: list[tuple[Any, ...]] = []

    def export(_ws: Workspace, number: str, target: Path, *, by: Actor, purpose: str, to: Destination) -> Exported:
        asked.append((number, target, purpose, to.recipient))
        return Exported(number, str(target / "x.tar.gz"), "cd" * 32, 100)

    monkeypatch.setattr(evidence, "export", export)
    (incident,) = [row["incident"] for row in json.loads(call("-w", busy_ws.root, "evidence", "list", "--json").out)]
    ended = call("-w", busy_ws.root, "evidence", "export", incident, tmp_path / "out", "--recipient", "Det. Lee")
    assert ended.code == 0
    assert f"{'cd' * 32}  {tmp_path}/out/x.tar.gz\n" in ended.out
    assert asked == [("EV-2026-000001", tmp_path / "out", "export", "Det. Lee")]
    assert (tmp_path / "out").is_dir()


def test_evidence_verify_ends_with_4_where_a_byte_changed(
    call: Call, busy_ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = VerifyReport("EV-2026-000001", "/v/EV-2026-000001", (Check("payload", True, "3 files"),), "SHA256:x")
    bad = VerifyReport("EV-2026-000001", "/v/EV-2026-000001", (Check("payload", False, "changed: data/raw/a"),))
    monkeypatch.setattr(evidence, "verify", lambda _ws, _name, **_by: good)
    ended = call("-w", busy_ws.root, "evidence", "verify", "EV-2026-000001")
    assert (ended.code, "good" in ended.out) == (0, True)
    monkeypatch.setattr(evidence, "verify_all", lambda _ws, **_by: [good, bad])
    ended = call("-w", busy_ws.root, "evidence", "verify", "--all")
    assert ended.code == 4
    assert "changed: data/raw/a" in ended.out
    found = json.loads(call("-w", busy_ws.root, "evidence", "verify", "--all", "--json").out)
    assert [row["ok"] for row in found] == [True, False]
    assert found[1]["checks"][0]["detail"] == "changed: data/raw/a"


def test_evidence_verify_takes_an_incident_for_all_its_snapshots(
    call: Call, busy_ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def verify(_ws: Workspace, name: str, **_by: object) -> VerifyReport:
        asked.append(name)
        return VerifyReport(name, "/v", ())

    monkeypatch.setattr(evidence, "verify", verify)
    listed = json.loads(call("-w", busy_ws.root, "queue", "--json").out)
    failed, sealed = (row["number"] for row in listed)
    assert call("-w", busy_ws.root, "evidence", "verify", sealed).code == 0
    assert asked == ["EV-2026-000001"]
    assert call("-w", busy_ws.root, "evidence", "verify", failed).code == 4
    assert call("-w", busy_ws.root, "evidence", "verify").code == 2
    assert call("-w", busy_ws.root, "evidence", "verify", sealed, "--all").code == 2


def test_evidence_verify_of_a_folder_needs_no_workspace(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bag").mkdir()
    seen = []

    def verify(ws: Workspace | None, name: str) -> VerifyReport:
        seen.append((ws, name))
        return VerifyReport("", name, (Check("structure", True, "a bag"),))

    monkeypatch.setattr(evidence, "verify", verify)
    assert call("evidence", "verify", "bag").code == 0
    assert seen == [(None, "bag")]
    assert call("evidence", "verify", "EV-2026-000001").code == 2
    assert "there is no folder ./none" in call("evidence", "verify", "./none").err


def test_custody_names_who_typed_evidence_verify(
    call: Call, busy_ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def verify(_ws: Workspace, name: str = "", *, by: Actor | None = None) -> VerifyReport:
        asked.append(by and by.name)
        return VerifyReport(name, "/v", ())

    monkeypatch.setattr(evidence, "verify", verify)
    monkeypatch.setattr(evidence, "verify_all", lambda ws, *, by=None: [verify(ws, by=by)])
    elsewhere = busy_ws.root / "handed-on"
    elsewhere.mkdir()
    for target in ("EV-2026-000001", "--all", str(elsewhere)):
        assert call("--as", "jdoe", "-w", busy_ws.root, "evidence", "verify", target).code == 0
    assert asked == ["jdoe", "jdoe", None]


def test_sql_for_people_and_scripts(call: Call, ws: Workspace) -> None:
    query = (
        "SELECT chr(27) || '[31m[bold]x' AS \"te\x1bxt\", 1.5 AS n, NULL AS nothing, '=1+1' AS formula, "
        "TIMESTAMP '2026-11-22' AS t"
    )
    ended = call("-w", ws.root, "sql", query)
    assert ended.code == 0
    assert STEERING.search(ended.out) is None
    assert "\\x1b[31m[bold]x" in ended.out
    assert "NULL" in ended.out
    assert ended.err == "1 row\n"
    (row,) = json.loads(call("-w", ws.root, "sql", "--json", query).out)
    assert row == {
        "te\x1bxt": "\x1b[31m[bold]x",
        "n": 1.5,
        "nothing": None,
        "formula": "=1+1",
        "t": "2026-11-22T00:00:00",
    }
    rows = list(csv.reader(io.StringIO(call("-w", ws.root, "sql", "--csv", query).out)))
    assert rows[1] == ["\\x1b[31m[bold]x", "1.5", "", "'=1+1", "2026-11-22 00:00:00"]


def test_sql_says_when_rows_are_left_out(call: Call, ws: Workspace) -> None:
    ended = call("-w", ws.root, "sql", "--json", "--limit", "3", "SELECT range AS n FROM range(10)")
    assert [row["n"] for row in json.loads(ended.out)] == [0, 1, 2]
    assert "only the first 3 rows" in ended.err
    whole = call("-w", ws.root, "sql", "--json", "--limit", "10", "SELECT range AS n FROM range(10)")
    assert len(json.loads(whole.out)) == 10
    assert whole.err == ""
    assert json.loads(call("-w", ws.root, "sql", "--json", "SELECT 1 AS a WHERE false").out) == []
    assert json.loads(call("-w", ws.root, "sql", "--json", "SELECT 1 AS a, 2 AS a").out) == [{"a": 1, "a_2": 2}]
    assert len(call("-w", ws.root, "sql", "--csv", "--limit", "0", "FROM range(3000)").out.splitlines()) == 3001


@pytest.mark.parametrize(
    "query",
    [
        "SELECT FROM x", "SELECT * FROM nothing", "CREATE TABLE x (a int)", "COPY (SELECT 1) TO 'x.csv'",
        "SELECT 1; SELECT 2",
        "FROM read_text('/etc/passwd')", "ATTACH 'x.db'", "SELECT 1/'a'", "", "INSTALL httpfs",
    ],
)  # fmt: skip
def test_sql_reads_the_lake_and_nothing_else(
    call: Call, ws: Workspace, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    ended = call("-w", ws.root, "sql", query)
    assert ended.code == 2
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert set(tmp_path.iterdir()) == before


def _summary(state: RunState, ws: Workspace) -> RunSummary:
    at = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
    return RunSummary("run-1", Night(at.date(), at), state, at, at, (), (), 0, 0, 0, (), (), (), (), str(ws.root), "/v")


@pytest.mark.parametrize(("state", "code"), [(RunState.COMPLETED, 0), (RunState.PARTIAL, 5)])
def test_run_ends_with_5_when_something_was_left_out(
    call: Call, ws: Workspace, monkeypatch: pytest.MonkeyPatch, state: RunState, code: int
) -> None:
    nights = []

    def run(ws: Workspace, night: Night | None, progress: Callable[[str, int, int], None]) -> RunSummary:
        nights.append(night)
        progress("auth", 1, 2)
        progress("auth", 2, 2)
        return _summary(state, ws)

    monkeypatch.setattr(pipeline, "run", run)
    ended = call("-w", ws.root, "run", "--night", "2026-11-22")
    assert ended.code == code
    assert ended.err == ""  # no terminal: no progress
    assert f"Night of Sun 2026-11-22: {state}" in ended.out
    assert nights[0].until == datetime(2026, 11, 22, 10, 15, tzinfo=UTC)  # 04:15 in Chicago
    found = json.loads(call("-w", ws.root, "run", "--json").out)
    assert (found["state"], nights[1]) == (state.value, None)


def test_simulate(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = call("simulate", tmp_path / "city", "--days", "1", "--scale", "0.1")
    assert ended.code == 0
    assert ended.out == ""
    assert "truth.json" in ended.err
    assert (tmp_path / "city" / "sources.toml").is_file()
    again = call("simulate", tmp_path / "city")
    assert again.code == 2
    assert simulate.DEFAULT_TIME_ZONE in ended.err


def test_schedule_becomes_prefect_s_side(call: Call, ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _program, arguments: started.append(arguments))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: object())
    assert call("-w", ws.root, "schedule", "--port", "4300").code == 0
    assert started[0][1:] == ["-m", "pipelines.serve", "--workspace", str(ws.root), "--port", "4300"]
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    ended = call("-w", ws.root, "schedule")
    assert ended.code == 3
    assert "pip install 'breachwatch[pipelines]'" in ended.err
    assert "breachwatch run" in ended.err
    assert len(started) == 1
