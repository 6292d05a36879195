"""Times, spans, counts and sizes as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def zone_name(moment: datetime, zone: ZoneInfo) -> str:
    """The zone's abbreviation at that moment (CST), or its offset where it has none (UTC-03:00)."""
    local = moment.astimezone(zone)
    name = local.tzname() or ""
    return name if name.isalpha() else f"UTC{local:%z}"[:6] + ":" + f"{local:%z}"[3:]


def day_and_time(moment: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """`2026-11-22 02:11 CST`."""
    local = moment.astimezone(zone)
    return (
        f"{local:%Y-%m-%d %H:%M:%S} {zone_name(moment, zone)}"
        if seconds
        else (f"{local:%Y-%m-%d %H:%M} {zone_name(moment, zone)}")
    )


def span(first: datetime, last: datetime, zone: ZoneInfo) -> str:
    """`2026-11-22 02:11 to 02:14 CST`; the day is said again where it changes, the zone where it does."""
    start, end = first.astimezone(zone), last.astimezone(zone)
    if (start.date(), start.hour, start.minute) == (end.date(), end.hour, end.minute):
        return day_and_time(first, zone)
    middle = "" if start.utcoffset() == end.utcoffset() else f" {zone_name(first, zone)}"
    to = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M}{middle} to {to} {zone_name(last, zone)}"


def short_span(first: datetime, last: datetime, now: datetime, zone: ZoneInfo) -> str:
    """`Nov 22 02:11 to 02:14 CST`, for tables; with the year where it is not this one."""
    start, end, this_year = first.astimezone(zone), last.astimezone(zone), now.astimezone(zone).year
    form = "%b %d %H:%M" if start.year == end.year == this_year else "%Y-%m-%d %H:%M"
    if start.strftime(form) == end.strftime(form):
        return f"{start:{form}} {zone_name(first, zone)}"
    to = f"{end:%H:%M}" if start.date() == end.date() else f"{end:{form}}"
    return f"{start:{form}} to {to} {zone_name(last, zone)}"


def length(delta: timedelta) -> str:
    """`42 s`, `6 min`, `6 h`, `3 d`: one unit is enough to act on."""
    seconds = max(delta.total_seconds(), 0.0)
    if seconds < 1:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} d"


def number(value: int) -> str:
    """`1 234 567`, with narrow gaps a terminal shows as spaces."""
    return f"{value:,}".replace(",", " ")


def size(value: int) -> str:
    """Bytes in binary units: `1.2 MiB`."""
    amount = float(value)
    for unit in _UNITS[:-1]:
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} {_UNITS[-1]}"


def counted(value: int, one: str, many: str = "") -> str:
    """`1 alert`, `2 alerts`."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"
