"""What the lake uses is what lies there; the forecast says the day that a plain reckoning gives."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from breachwatch import lake
from breachwatch.lake.care import statistics
from breachwatch.lake.care.forecast import Forecast, Growth, forecast
from breachwatch.workspace import Workspace
from tests.unit.lake.care.site import later, searched, with_settings

TODAY = date(2026, 11, 22)


def reckoned(*growths: Growth, room: int, **more: object) -> Forecast:
    asked = {"basis_days": 28, "segment_ratio": 0.0, "segment_days": 0, "lake_counts": True, "limit": "disk"} | more
    return forecast(TODAY, growths, room=room, **asked)  # type: ignore[arg-type]


def days(count: int, size: int) -> dict[str, int]:
    return {(TODAY - timedelta(days=number)).isoformat(): size for number in range(1, count + 1)}


def test_what_it_tells_is_what_is_there(site: Workspace) -> None:
    used = statistics(site)
    (auth,) = used.datasets
    files = lake.files(site)
    assert (auth.files, auth.small_files, auth.rows) == (len(files), len(files), 108)
    assert auth.bytes == used.lake_bytes == sum(path.stat().st_size for path in site.lake.rglob("*.parquet"))
    assert (auth.first_event, auth.last_event) == (
        min(file.min_time for file in files if file.min_time),
        max(file.max_time for file in files if file.max_time),
    )
    stored = list(site.segments.rglob("*.zst"))
    assert (used.segment_files, used.segment_bytes) == (len(stored), sum(path.stat().st_size for path in stored))
    # Events of November 18 and 19, seen on the 22nd: four days, of which two had none.
    assert (auth.basis_days, auth.rows_per_day, auth.bytes_per_day) == (4, 27, round(auth.bytes / 4))
    assert 0 < used.disk_free < used.disk_total
    assert used.forecast.bytes_per_day == pytest.approx((auth.bytes + used.segment_bytes) / 4, abs=2)


def test_today_is_no_basis_and_an_old_log_is_no_growth(site: Workspace) -> None:
    early = later(site, -4)
    assert [(item.basis_days, item.bytes_per_day) for item in statistics(early).datasets] == [(0, None)]
    assert "not known" in statistics(early).forecast.basis
    late = statistics(later(site, 100))
    assert [(item.basis_days, item.bytes_per_day) for item in late.datasets] == [(0, None)]
    assert late.forecast.full_on is None


def test_a_quota_is_a_limit(site: Workspace) -> None:
    used = statistics(site)
    daily = used.forecast.bytes_per_day
    assert daily
    taken = used.lake_bytes + used.segment_bytes + used.vault_bytes + used.other_bytes
    tight = with_settings(site, f"[lake]\nquota_bytes = {taken + 5 * daily}\n")
    full = statistics(tight).forecast
    assert full.limit == "quota"
    assert full.full_on in {date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 28)}  # the database may grow by it
    assert statistics(with_settings(site, "[lake]\nquota_bytes = 1\n")).forecast.basis == "the quota is full already"


def test_growth_without_end_fills_the_room() -> None:
    found = reckoned(Growth(100, 0, days(28, 100)), room=1000)
    assert (found.full_on, found.bytes_per_day) == (TODAY + timedelta(days=10), 100)
    with_segments = reckoned(Growth(100, 0, {}), room=1000, segment_ratio=1.0)
    assert (with_segments.full_on, with_segments.bytes_per_day) == (TODAY + timedelta(days=5), 200)


def test_retention_stops_growth() -> None:
    # Thirty days are held and kept for thirty: what comes goes again.
    steady = Growth(100, 30, days(30, 100))
    assert reckoned(steady, room=300).full_on is None
    # Ten days are held: twenty more come before the first one goes.
    assert reckoned(Growth(100, 30, days(10, 100)), room=1500).full_on == TODAY + timedelta(days=15)
    assert reckoned(Growth(100, 30, days(10, 100)), room=2500).full_on is None
    assert "retention" in reckoned(steady, room=300).basis
    assert (
        reckoned(Growth(100, 0, {}), room=10_000, segment_ratio=1.0, segment_days=10, lake_counts=False).full_on is None
    )


def test_too_few_days_say_nothing() -> None:
    found = reckoned(Growth(100, 0, days(2, 100)), room=1000, basis_days=2)
    assert (found.full_on, found.bytes_per_day) == (None, None)
    assert "3 are needed" in found.basis


def test_the_command(site: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    from breachwatch.cli.app import main

    searched(site)
    assert main(["-w", str(site.root), "lake", "stats"]) == 0
    shown = capfd.readouterr().out
    assert "linux.auth" in shown
    assert "full" in shown
    assert main(["-w", str(site.root), "lake", "stats", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["datasets"][0]["rows"] == 108
    assert set(told["forecast"]) == {"limit", "room", "bytes_per_day", "full_on", "basis"}


def test_an_empty_lake(ws: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    from breachwatch.cli.app import main

    assert statistics(ws).datasets == ()
    assert main(["-w", str(ws.root), "lake", "stats"]) == 0
    assert "The lake is empty" in capfd.readouterr().out
