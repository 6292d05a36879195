"""The same arguments give the same bytes: again, in another process, under another hash seed and time zone."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from breachwatch.simulate import simulate

SMALL = {"days": 3, "scale": 0.1}


def tree(root: Path) -> dict[str, tuple[str, int]]:
    """Every file's SHA-256 and modification time."""
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    root = tmp_path_factory.mktemp("first") / "city"
    simulate(root, seed=7, **SMALL)
    return tree(root)


def test_the_same_arguments_give_the_same_files_and_times(first: dict[str, tuple[str, int]], tmp_path: Path) -> None:
    simulate(tmp_path / "city", seed=7, **SMALL)
    assert tree(tmp_path / "city") == first
    assert len(first) > 20


def test_another_process_hash_seed_and_time_zone_give_the_same_files(
    first: dict[str, tuple[str, int]], tmp_path: Path
) -> None:
    program = (
        "import sys; from pathlib import Path; from breachwatch.simulate import simulate; "
        "simulate(Path(sys.argv[1]), days=3, scale=0.1, seed=7)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Kathmandu", "LC_ALL": "C"}
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "city")], check=True, env=environment)
    assert tree(tmp_path / "city") == first


def test_another_seed_is_another_city_life(first: dict[str, tuple[str, int]], tmp_path: Path) -> None:
    simulate(tmp_path / "city", seed=8, **SMALL)
    other = tree(tmp_path / "city")
    assert sorted(other) == sorted(first)
    busy = [name for name in first if name.endswith(("auth.log", "Security.jsonl", "access.log", "firewall.log"))]
    assert busy
    assert not [name for name in busy if other[name][0] == first[name][0]]


def test_a_longer_span_does_not_change_what_happens_on_a_day(tmp_path: Path) -> None:
    """Chances are drawn per actor and day: the last day's requests are the same whatever came before."""
    day = "21/Nov/2026"
    requests = []
    for days in (1, 2):
        simulate(tmp_path / str(days), days=days, scale=0.1)
        text = (tmp_path / str(days) / "logs/web01/access.log").read_text(encoding="utf-8")
        requests.append([line for line in text.splitlines() if f"[{day}" in line])
    assert requests[0] == requests[1]
    assert len(requests[0]) > 200


def test_an_end_given_as_day_local_time_or_utc_is_the_same_moment(tmp_path: Path) -> None:
    zone = ZoneInfo("America/Chicago")
    local = datetime(2026, 11, 22, tzinfo=zone)
    trees = []
    for number, end in enumerate((local.date(), local, local.astimezone(UTC), local.replace(tzinfo=None))):
        report = simulate(tmp_path / str(number), days=1, scale=0.1, end=end)
        assert report.end == local
        assert report.end - report.start == timedelta(days=1)
        trees.append(tree(tmp_path / str(number)))
    assert trees[1:] == trees[:-1]
