"""The deployment's schedule and the night it stands for."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from breachwatch.model.night import Night
from breachwatch.settings import Run

ROOT = Path(__file__).resolve().parents[2]


def test_deployment_is_the_nightly_flow_on_the_default_schedule() -> None:
    deployed = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"][0]
    path, function = deployed["entrypoint"].split(":")
    assert f"def {function}(" in (ROOT / path).read_text()
    assert deployed["work_pool"]["name"] == "breachwatch"
    assert deployed["schedules"][0]["cron"] == Run().schedule
    assert deployed["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert deployed["work_pool"]["job_variables"]["env"]["DO_NOT_TRACK"] == "1"


@pytest.mark.parametrize("zone", ["America/Chicago", "America/Los_Angeles", "Europe/London", "America/Havana"])
def test_schedule_comes_once_a_day_also_when_clocks_change(zone: str) -> None:
    at = Run().time_of_day
    for month in range(1, 13):
        for day in range(1, 29):
            night = Night.on(date(2026, month, day), at, ZoneInfo(zone))
            local = night.until.astimezone(ZoneInfo(zone))
            assert (local.date(), local.time(), local.fold) == (date(2026, month, day), at, 0)


def test_a_late_run_does_its_own_night() -> None:
    zone = ZoneInfo("America/Chicago")
    scheduled = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)  # 04:15 in Chicago; the run may start days later
    assert Night.scheduled_at(scheduled, zone) == Night.on(date(2026, 11, 20), time(4, 15), zone)


@pytest.mark.parametrize("cron", ["30 1 * * *", "15 2 * * *", "0 0 * * *", "*/5 4 * * *", "15 25 * * *", "nightly"])
def test_schedules_in_the_hours_of_clock_changes_are_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r"clock changes|cron line"):
        Run(schedule=cron)
