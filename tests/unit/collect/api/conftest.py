"""A service on loopback, and time that passes only by waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from breachwatch import lake
from breachwatch.collect.api import budget
from breachwatch.model.datasets import DATASETS
from breachwatch.workspace import Workspace
from tests.unit.collect.api.server import Service, running


class Time:
    """Seconds since the test began, and how long was waited each time."""

    def __init__(self) -> None:
        self.at = 0.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(budget, "monotonic", clock.monotonic)
    monkeypatch.setattr(budget, "sleep", clock.sleep)
    return clock


@pytest.fixture
def service(time: Time, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with running() as found:
        yield found


@pytest.fixture
def rows() -> Callable[[Workspace, str, str], list[tuple[Any, ...]]]:
    """(workspace, dataset, columns) -> the rows, in order."""

    def select(ws: Workspace, dataset: str, columns: str) -> list[tuple[Any, ...]]:
        events = lake.select_between(ws, DATASETS[dataset], None, None)
        with lake.connect_bare(ws) as connection:
            return connection.execute(f"SELECT {columns} FROM ({events}) ORDER BY ALL").fetchall()

    return select
