"""Times, lengths, counts and sizes as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from breachwatch.report.quantities import counted, day_and_time, length, number, size, span

CHICAGO = ZoneInfo("America/Chicago")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_times_name_their_zone() -> None:
    assert day_and_time(at("2026-11-22 08:11:30"), CHICAGO) == "2026-11-22 02:11 CST"
    assert day_and_time(at("2026-07-22 08:11:30"), CHICAGO, seconds=True) == "2026-07-22 03:11:30 CDT"
    assert day_and_time(at("2026-11-22 08:11"), ZoneInfo("America/Sao_Paulo")) == "2026-11-22 05:11 UTC-03:00"
    assert day_and_time(at("2026-11-22 08:11"), ZoneInfo("Asia/Kathmandu")) == "2026-11-22 13:56 UTC+05:45"


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("2026-11-22 08:11:01", "2026-11-22 08:11:59", "2026-11-22 02:11 CST"),
        ("2026-11-22 08:11", "2026-11-22 08:14", "2026-11-22 02:11 to 02:14 CST"),
        ("2026-11-22 05:00", "2026-11-22 08:14", "2026-11-21 23:00 to 2026-11-22 02:14 CST"),
        ("2026-11-01 05:30", "2026-11-01 07:30", "2026-11-01 00:30 CDT to 01:30 CST"),  # the night clocks go back
    ],
)
def test_spans_say_only_what_changes(first: str, last: str, shown: str) -> None:
    assert span(at(first), at(last), CHICAGO) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.25, "0.2 s"), (12, "12 s"), (119, "119 s"), (360, "6 min"), (7200, "2 h"), (86400 * 3, "3 d"), (-5, "0.0 s")],
)
def test_lengths(seconds: float, shown: str) -> None:
    assert length(timedelta(seconds=seconds)) == shown


def test_counts_and_sizes() -> None:
    assert number(1234567) == "1 234 567"
    assert counted(1, "alert") == "1 alert"
    assert counted(2000, "alert") == "2 000 alerts"
    assert counted(2, "entry", "entries") == "2 entries"
    assert [size(n) for n in (0, 1023, 1536, 5 * 1024**3, 3 * 1024**5)] == [
        "0 B", "1023 B", "1.5 KiB", "5.0 GiB", "3072.0 TiB",
    ]  # fmt: skip
