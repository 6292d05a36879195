"""A time as people type it, ago or on the calendar, and as a message tells it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_AGO = re.compile(r"(\d{1,5})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
FORMS = "365d, 12w or 36h ago, or a time like 2026-01-31 or 2026-01-31T14:00 (the city's time zone unless it says one)"


def moment(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The aware time that `text` names: `365d` before `now` (aware), or ISO 8601, in `zone` where it says none.

    Raises ValueError, with the forms that are understood.
    """
    try:
        ago = _AGO.fullmatch(text.strip())
        if ago:
            return now - int(ago[1]) * _UNITS[ago[2]]
        named = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        msg = f"{text!r} is no time. Write it like {FORMS}."
        raise ValueError(msg) from None
    return named if named.tzinfo else named.replace(tzinfo=zone)


def told(at: datetime, zone: tzinfo | None = None) -> str:
    """An aware time for a message to people, to the minute with its zone, which is `at`'s own where none is named."""
    return f"{at.astimezone(zone) if zone else at:%Y-%m-%d %H:%M %Z}"
