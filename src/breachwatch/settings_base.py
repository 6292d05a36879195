"""What all sections of the settings share."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict

from breachwatch.model.finding import Level


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # looks through the zone files: 40 ms


def time_zone(name: str) -> str:
    """The name, where it is an IANA time zone; raises ValueError."""
    if name not in _zones():
        msg = f"{name!r} is no IANA time zone (like America/Chicago)"
        raise ValueError(msg)
    return name


def sigma_level(name: str) -> str:
    """The name, where it is one of Sigma's levels; raises ValueError."""
    if name.upper() not in Level.__members__:
        msg = f"{name!r} is no Sigma level (informational, low, medium, high, critical)"
        raise ValueError(msg)
    return name


class Section(BaseModel):
    """A table of the settings: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
