"""When the disk or the quota is full, reckoned from growth and retention; holds are not foreseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

LEAST_DAYS = 3
"""Fewer days say nothing about growth."""
HORIZON_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Growth:
    """How a dataset grows: bytes a day, its period of retention (0: for ever), and the bytes each day holds now."""

    bytes_per_day: int
    days: int
    held: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Forecast:
    """When no room is left. `full_on` is None where that is not within ten years, or cannot be told (see `basis`).

    `limit` is what is full: `disk` or `quota`; `room` the bytes left of it now; `bytes_per_day` what is added each day.
    """

    limit: str
    room: int
    bytes_per_day: int | None
    full_on: date | None
    basis: str


def forecast(
    today: date,
    growths: Sequence[Growth],
    *,
    basis_days: int,
    segment_ratio: float,
    segment_days: int,
    lake_counts: bool,
    room: int,
    limit: str,
) -> Forecast:
    """Reckon day by day. `segment_ratio`: bytes of stored segments for each byte in the lake, as it is now."""
    if room <= 0:
        return Forecast(limit, room, None, today, f"the {limit} is full already")
    if basis_days < LEAST_DAYS:
        told = f"not known: the lake has events of {basis_days} of the days before today, {LEAST_DAYS} are needed"
        return Forecast(limit, room, None, None, told)
    lake = sum(item.bytes_per_day for item in growths)
    segments = round(lake * segment_ratio)
    daily = segments + (lake if lake_counts else 0)
    basis = f"events of the last {basis_days} days, stored segments in their present proportion"
    if any(item.days for item in growths) or segment_days:
        basis += ", retention as it is set, holds not counted"
    for ahead in range(1, HORIZON_DAYS + 1):
        added = segments * (min(ahead, segment_days) if segment_days else ahead)
        if lake_counts:
            added += sum(_change(item, today, ahead) for item in growths)
        if added >= room:
            return Forecast(limit, room, daily, today + timedelta(days=ahead), basis)
    return Forecast(limit, room, daily, None, basis)


def _change(item: Growth, today: date, ahead: int) -> int:
    """How many bytes more a dataset has in so many days, what retention takes counted off."""
    if not item.days:
        return item.bytes_per_day * ahead
    last_gone = (today + timedelta(days=ahead - item.days)).isoformat()
    gone = sum(size for day, size in item.held.items() if day < last_gone)
    return item.bytes_per_day * min(ahead, item.days) - gone
