"""The only place that reads the time of day. Everything else is handed a `Clock`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; opened at the edge and handed down, so that tests and late runs choose it."""

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still, for tests and for demonstrations over made-up days."""

    at: datetime

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            msg = "a FixedClock needs an aware time"
            raise ValueError(msg)

    def now(self) -> datetime:
        return self.at.astimezone(UTC)
