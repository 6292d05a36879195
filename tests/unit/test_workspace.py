"""Opening a workspace, finding it, its locks; and laying one out."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from breachwatch import layout, machine
from breachwatch.errors import BusyError, EnvironmentFault, SettingsError, UsageError
from breachwatch.evidence import keys
from breachwatch.settings import SETTINGS_NAME
from breachwatch.settings_sources import Source
from breachwatch.workspace import FOLDERS, Workspace, find_root, open_workspace
from tests.postgresql.choosing import SQLITE


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_nearest_folder_upwards_is_found(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BREACHWATCH_WORKSPACE", raising=False)
    inside = ws.root / "state" / "scratch"
    monkeypatch.chdir(inside)
    assert find_root() == ws.root
    monkeypatch.chdir(ws.root.parent)
    with pytest.raises(SettingsError, match="breachwatch init"):
        find_root()
    ws.root.rename(ws.root.parent / "workspace")
    assert find_root() == ws.root.parent / "workspace"
    monkeypatch.setenv("BREACHWATCH_WORKSPACE", "/named")
    assert find_root() == Path("/named")


@pytest.mark.parametrize("records_kind", [SQLITE])  # whose file it is about
def test_folders_are_for_their_owner_only(ws: Workspace) -> None:
    assert {mode(ws.root / name) for name in FOLDERS} == {0o700}
    _ = ws.database
    assert mode(ws.state / "records.db") == 0o600


def test_a_file_in_a_folder_s_place_is_explained(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_NAME).write_text("")
    (tmp_path / "lake").write_text("")
    with pytest.raises(EnvironmentFault, match="lake"):
        open_workspace(tmp_path)


def test_a_lock_held_by_another_is_waited_for_and_then_told(ws: Workspace) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with ws.lock("search"):
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    with pytest.raises(BusyError, match="search"), ws.lock("search", wait_seconds=0.05):
        pass
    with ws.lock("another"):
        done.set()
    thread.join()
    with ws.lock("search", wait_seconds=5):
        pass


def test_the_database_s_address_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_NAME).write_text('[database]\nurl_file = "db-url"\n')
    ws = open_workspace(tmp_path)
    with pytest.raises(SettingsError, match=r"database\.url_file"):
        _ = ws.database
    (tmp_path / "db-url").write_text(f"sqlite:///{tmp_path / 'other.db'}\n")
    _ = ws.database
    assert (tmp_path / "other.db").is_file()


def test_laying_out(tmp_path: Path) -> None:
    root = tmp_path / "city" / "ws"
    source = Source(name="vpn01", paths=("/srv/a\tb*", 'c"d'), optional=True, settle_seconds=5)
    ws = layout.lay_out(root, name='Odessa "TX"\\\x7f', time_zone="America/Chicago", sources=[source])
    assert (ws.settings.city.name, ws.settings.city.time_zone) == ('Odessa "TX"\\\x7f', "America/Chicago")
    assert ws.settings.sources == (source,)
    assert mode(root) == 0o700
    assert mode(root / SETTINGS_NAME) == mode(root / "keys" / "signing.key") == 0o600
    assert (ws.state / "records.db").is_file()
    assert keys.load_key(ws.keys)
    assert open_workspace(root).settings == ws.settings


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    layout.lay_out(tmp_path, name="A", time_zone="UTC", sources=())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".db"}
    with pytest.raises(UsageError, match="is a workspace already"):
        layout.lay_out(tmp_path, name="B", time_zone="UTC", sources=())
    assert {path: path.read_bytes() for path in before} == before


def test_a_layout_that_broke_off_keeps_its_key(tmp_path: Path) -> None:
    first = keys.create_key(tmp_path / "keys").public
    layout.lay_out(tmp_path, name="A", time_zone="UTC", sources=())
    assert keys.load_key(tmp_path / "keys").public == first


def test_a_wrong_value_leaves_nothing_behind(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    with pytest.raises(SettingsError, match=r"city\.time_zone"):
        layout.lay_out(root, name="A", time_zone="Mars/Olympus", sources=())
    assert not root.exists()


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot lay out"):
        layout.lay_out(tmp_path / "file" / "ws", name="A", time_zone="UTC", sources=())


def test_sources_of_a_file_keep_their_place(tmp_path: Path) -> None:
    city = tmp_path / "ws" / "city"
    city.mkdir(parents=True)
    (city / "sources.toml").write_text('[[sources]]\nname = "a"\npaths = ["logs/auth.log*", "/var/log/x"]\n')
    inside = layout.read_sources(city / "sources.toml", tmp_path / "ws")
    assert inside[0].paths == ("city/logs/auth.log*", "/var/log/x")
    outside = layout.read_sources(city / "sources.toml", tmp_path / "elsewhere")
    assert outside[0].paths == (f"{city}/logs/auth.log*", "/var/log/x")


@pytest.mark.parametrize("text", ["[city]\nname = 'x'\n", "[[sources]]\nname = 'A B'\n", "nonsense", ""])
def test_a_file_that_holds_no_sources_is_explained(tmp_path: Path, text: str) -> None:
    (tmp_path / "sources.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"sources\.toml"):
        layout.read_sources(tmp_path / "sources.toml", tmp_path)
    with pytest.raises(SettingsError, match="cannot read"):
        layout.read_sources(tmp_path / "none.toml", tmp_path)


def test_the_machine_s_own_logs_are_optional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Denver")
    found = machine.sources()
    assert machine.time_zone() == "America/Denver"
    assert all(source.optional for source in found)
    assert {source.name for source in found} == {"journal", "auth", "syslog", "wtmp", "btmp"}
    assert layout.lay_out(tmp_path, name="A", time_zone="UTC", sources=found).settings.sources == found
    monkeypatch.setenv("TZ", "nonsense")
    assert machine.time_zone() != "nonsense"


@pytest.mark.parametrize("kept", ["vault", "segments"])
@pytest.mark.parametrize("emptied", [True, False])
def test_a_lost_database_is_not_taken_for_a_new_workspace(tmp_path: Path, kept: str, emptied: bool) -> None:
    (tmp_path / "breachwatch.toml").write_text("")
    first = open_workspace(tmp_path)
    first.database.engine.dispose()
    (tmp_path / kept / "something").write_text("kept")
    path = first.state / "records.db"
    path.write_bytes(b"") if emptied else path.unlink()
    with pytest.raises(EnvironmentFault, match=f"gone or empty, but .*{kept} is not"):
        _ = open_workspace(tmp_path).database
