"""`breachwatch sources add|test|list`."""

from __future__ import annotations

import gzip
import json
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from breachwatch import run
from breachwatch.clock import FixedClock
from breachwatch.records import catalog
from breachwatch.settings_file import load_settings
from breachwatch.workspace import Workspace, open_workspace
from tests.conftest import NOW
from tests.unit.cli.conftest import HOSTILE, Call

LINE = "2026-11-20T02:13:01+00:00 web01 sshd[811]: Failed password for root from 203.0.113.9 port 40022 ssh2\n"
MakeWs = Callable[..., Workspace]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "auth.log"
    path.write_text(LINE * 15 + f"rubbish {HOSTILE}\n", encoding="utf-8")
    return path


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_dry_run_shows_ten_records_and_the_rejects_and_leaves_no_trace(
    call: Call, make_ws: MakeWs, log: Path
) -> None:
    ws = make_ws(f'[[sources]]\nname = "auth"\npaths = ["{log}"]\n')
    before = tree(ws.root)
    shown = call("-w", ws.root, "sources", "test", "auth")
    assert shown.code == 0
    assert shown.out.count("root from 203.0.113.9") == 10
    assert "neither a priority nor a time" in shown.out
    assert "\x1b" not in shown.out
    assert "\u202e" not in shown.out
    assert tree(ws.root) == before
    found = json.loads(call("-w", ws.root, "sources", "test", "auth", "--records", "3", "--json").out)
    assert (found["formats"], found["rows"], len(found["records"])) == (["syslog"], 15, 3)
    assert found["records"][0]["time"] == "2026-11-20T02:13:01+00:00"
    assert found["rejects"][0]["reason"]


def test_a_dry_run_moves_no_checkpoint(call: Call, make_ws: MakeWs, log: Path) -> None:
    ws = make_ws(f'[[sources]]\nname = "auth"\npaths = ["{log}"]\n')
    run.ingest(ws, "auth")
    with ws.database.read() as connection:
        before = connection.execute(catalog.log_file.select()).all(), connection.execute(catalog.segment.select()).all()
    log.write_text(log.read_text() + LINE)
    assert call("-w", ws.root, "sources", "test", "auth").code == 0
    with ws.database.read() as connection:
        after = connection.execute(catalog.log_file.select()).all(), connection.execute(catalog.segment.select()).all()
    assert before == after


def test_a_dry_run_looks_into_packed_and_large_files_only_so_far(call: Call, make_ws: MakeWs, tmp_path: Path) -> None:
    (tmp_path / "big.log.gz").write_bytes(gzip.compress(LINE.encode() * 30_000))
    ws = make_ws(f'[[sources]]\nname = "auth"\npaths = ["{tmp_path}/*.gz"]\n')
    found = json.loads(call("-w", ws.root, "sources", "test", "auth", "--json").out)
    assert 1000 < found["rows"] < 10_000
    assert (found["rejected"], found["problems"]) == (0, [])
    assert found["files"] == [str(tmp_path / "big.log.gz")]


def test_what_gives_nothing_ends_with_1_and_says_why(call: Call, make_ws: MakeWs, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("shopping list\n")
    ws = make_ws(
        f'[[sources]]\nname = "notes"\npaths = ["{tmp_path}/notes.txt"]\n'
        f'[[sources]]\nname = "gone"\npaths = ["{tmp_path}/gone.log"]\n'
    )
    notes = call("-w", ws.root, "sources", "test", "notes")
    assert (notes.code, "its format is not recognised" in notes.out) == (1, True)
    assert str(tmp_path / "notes.txt") in notes.out
    gone = call("-w", ws.root, "sources", "test", "gone")
    assert (gone.code, "gone.log" in gone.out) == (1, True)
    assert call("-w", ws.root, "sources", "test", "nobody").code == 2


def test_add_keeps_comments_order_and_mode(call: Call, make_ws: MakeWs, log: Path) -> None:
    ws = make_ws()
    settings = ws.root / "breachwatch.toml"
    text = '# ours\n[city]\nname = "X"   # the name\ntime_zone = "America/Chicago"\n\n[run]\n# parallel_sources = 2\n'
    settings.write_text(text)
    settings.chmod(0o640)
    ended = call(
        *("-w", ws.root, "sources", "add", "--name", "auth", "--path", log, "--time-zone", "America/Denver"),
        *("--set", "optional=true", "--set", "host=web09", "--yes"),
    )
    assert ended.code == 0, ended.err
    assert settings.read_text().startswith(text)
    assert "# added on 2026-" in settings.read_text()
    assert stat.S_IMODE(settings.stat().st_mode) == 0o640
    (source,) = load_settings(settings).sources
    assert (source.name, source.time_zone, source.optional, source.host) == ("auth", "America/Denver", True, "web09")
    assert "root from 203.0.113.9" in ended.out
    second = call("-w", ws.root, "sources", "add", "--name", "b", "--path", log, "--json")
    assert json.loads(second.out)["added"]["name"] == "b"
    assert [source.name for source in load_settings(settings).sources] == ["auth", "b"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--path", "/x"), "needs a name"),
        (("--name", "a"), "--path"),
        (("--name", "auth", "--path", "/x"), "already"),
        (("--name", "a", "--kind", "carrier-pigeon"), "Known: files"),
        (("--name", "a", "--path", "/x", "--set", "colour=red"), "colour"),
        (("--name", "a", "--path", "/x", "--set", "colour"), "KEY=VALUE"),
        (("--name", "a", "--path", "/x", "--time-zone", "Texas"), "Texas"),
    ],
)
def test_what_cannot_be_added_changes_nothing(
    call: Call, make_ws: MakeWs, arguments: tuple[str, ...], told: str
) -> None:
    ws = make_ws('[[sources]]\nname = "auth"\npaths = ["/x"]\n')
    before = (ws.root / "breachwatch.toml").read_text()
    ended = call("-w", ws.root, "sources", "add", *arguments, "--yes")
    assert (ended.code, told in ended.err) == (2, True), ended.err
    assert (ws.root / "breachwatch.toml").read_text() == before


def test_a_list_of_sources_is_not_edited(call: Call, make_ws: MakeWs) -> None:
    ws = make_ws()
    settings = ws.root / "breachwatch.toml"
    settings.write_text("sources = []\n" + settings.read_text())
    ended = call("-w", ws.root, "sources", "add", "--name", "a", "--path", "/x", "--yes")
    assert (ended.code, "[[sources]]" in ended.err) == (2, True)


def test_the_list_says_lag_and_state(call: Call, make_ws: MakeWs, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = make_ws(
        f'[[sources]]\nname = "auth"\npaths = ["{log}"]\nsilent_after_hours = 48\n'
        '[[sources]]\nname = "new"\npaths = ["/nowhere/*"]\n'
        '[[sources]]\nname = "old"\npaths = ["/y"]\nenabled = false\n'
    )
    run.ingest(ws, "auth")
    said = {}
    for days in (0, 1):
        clock = FixedClock(NOW - timedelta(days=1) + timedelta(days=days))
        monkeypatch.setattr(
            "breachwatch.workspace.open_workspace", lambda _root, _, clock=clock: open_workspace(ws.root, clock)
        )
        found = json.loads(call("-w", ws.root, "sources", "list", "--json").out)
        said[days] = {row["name"]: row["state"] for row in found}
        lag = {row["name"]: row["lag_seconds"] for row in found}
    assert said[0] == {"auth": "ok", "new": "empty", "old": "off"}
    assert said[1]["auth"] == "silent"
    assert lag["auth"] == 2 * 86400 + 8 * 3600 + 119
    assert "silent" in call("-w", ws.root, "sources").out
