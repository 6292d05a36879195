"""What every happening has: a moment, a host, and the planted story it belongs to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happens on `host` at the moment `at`."""

    at: int
    host: str
    mark: str = ""
