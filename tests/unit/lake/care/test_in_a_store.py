"""Checking, merging, holding and disposing of a lake in an object store: the same as on a disk, to the byte."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from breachwatch import lake
from breachwatch.clock import FixedClock
from breachwatch.evidence.holds import place, release
from breachwatch.lake import objects
from breachwatch.lake.care import CheckReport, check, compact, disposals, remove_retired, retain, statistics
from breachwatch.lake.storage import storage
from breachwatch.workspace import Workspace, open_workspace
from tests.s3_server import SECRET, S3Server
from tests.somebody import SOMEBODY
from tests.unit.lake.care.site import NOW, all_rows, later, make_site, searched, with_settings

pytestmark = pytest.mark.xdist_group("s3")

PERIODS = "[lake]\nretention = {default = 10, segments = 20}\n[detect]\nlookback_days = 7\n"


def told(report: CheckReport) -> Any:
    found = [(item.kind.value, item.path) for item in report.differences]
    return report.ok, report.files, report.rows, report.segments, sorted(found), sorted(
        item.path for item in report.leftovers
    )  # fmt: skip


def resting(ws: Workspace) -> dict[str, str]:
    return {item.name: storage(ws).sha256(item.name) for item in storage(ws).names()}


def disposed(ws: Workspace) -> list[dict[str, Any]]:
    return sorted((asdict(item) for item in disposals(ws)), key=lambda item: item["path"])


def put(ws: Workspace, name: str, data: bytes) -> None:
    """Lay other bytes under a name, as somebody with access to the place can."""
    path = ws.scratch / "forged"
    path.write_bytes(data)
    storage(ws).put({name: path})


def story(ws: Workspace, capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Everything that care does to a lake, and all that it says."""
    said: dict[str, Any] = {"at first": told(check(ws)), "rows": all_rows(ws)}
    searched(ws)
    said["would merge"] = asdict(compact(ws, by=SOMEBODY, dry_run=True))
    said["merged"] = asdict(compact(ws, by=SOMEBODY))
    said["files"] = resting(ws)
    said["after the merge"] = told(check(ws))
    said["rows after it"] = all_rows(ws)
    said["old files"] = asdict(remove_retired(later(ws, 1)))
    said["use"] = {key: value for key, value in asdict(statistics(ws)).items() if key in {"datasets", "retired_bytes"}}
    said |= _faults(ws)

    hold = place(ws, [("account", "mira1")], reason="a request", by=SOMEBODY).number
    said["held"] = asdict(retain(later(ws, 11), by=SOMEBODY))
    said["stays"] = sorted(resting(ws))
    release(later(ws, 11), hold, reason="withdrawn", authority="Counsel", by=SOMEBODY)
    said["disposed of"] = asdict(retain(later(ws, 12), by=SOMEBODY))
    said["of bytes"] = asdict(retain(later(ws, 30), by=SOMEBODY))
    said["certificates"] = disposed(ws)
    said["at last"] = told(check(later(ws, 30)))
    said["left"] = resting(ws)
    from breachwatch.cli.app import main

    for words in (["lake", "check", "--json"], ["lake", "disposals", "--json"]):
        code = main(["-w", str(ws.root), *words])
        said[" ".join(words)] = (code, json.loads(capfd.readouterr().out))
    return said


def _faults(ws: Workspace) -> dict[str, Any]:
    """What a check says of a changed, a missing and a strange file; all is put right again."""
    name = lake.files(ws)[0].path
    with storage(ws).open(name) as file:
        good = file.read()
    other = bytearray(good)
    other[len(other) // 2] ^= 1
    said: dict[str, Any] = {}
    put(ws, name, bytes(other))
    said["changed"] = told(check(ws))
    said["doubted"] = asdict(retain(later(ws, 11), by=SOMEBODY, dry_run=True))
    put(ws, name, good[:-7])
    said["cut"] = told(check(ws, quick=True))
    storage(ws).remove([name])
    said["missing"] = told(check(ws))
    put(ws, name, good)
    stranger = f"{name.rpartition('/')[0]}/stranger.parquet"
    put(ws, stranger, b"PAR1")
    said["strange"] = told(check(ws))
    storage(ws).remove([stranger])
    said["mended"] = told(check(ws))
    return said


def site_at(root: Path, more: str) -> Workspace:
    (root / "keys").mkdir(parents=True)
    (root / "keys/s3").write_text(SECRET)
    make_site(root, more)
    return with_settings(open_workspace(root, FixedClock(NOW)), PERIODS + more)


def test_the_same_as_on_a_disk(tmp_path: Path, s3_server: S3Server, capfd: pytest.CaptureFixture[str]) -> None:
    s3_server.clear()
    objects.opened.cache_clear()
    on_disk = story(site_at(tmp_path / "disk", ""), capfd)
    assert on_disk["merged"]["merges"] > 0
    assert not on_disk["changed"][0]
    assert on_disk["stays"]
    assert on_disk["certificates"]
    assert on_disk["left"] == {}
    ws = site_at(tmp_path / "store", s3_server.lake_settings(cache_bytes=0))
    in_store = story(ws, capfd)
    assert not [path for path in ws.lake.rglob("*") if path.is_file()]
    for what, said in on_disk.items():
        assert in_store[what] == said, what
