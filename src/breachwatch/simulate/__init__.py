"""A seeded synthetic city with planted attacks and ground truth."""

from __future__ import annotations

from breachwatch.simulate.cases import simulate_case
from breachwatch.simulate.city import DEFAULT_END, DEFAULT_TIME_ZONE, CityReport, simulate
from breachwatch.simulate.sources import SourceTable, as_toml, sources

__all__ = [
    "DEFAULT_END",
    "DEFAULT_TIME_ZONE",
    "CityReport",
    "SourceTable",
    "as_toml",
    "simulate",
    "simulate_case",
    "sources",
]
