"""A small city with one stored log in its lake and incidents that wait for their evidence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from breachwatch.evidence import create_key
from breachwatch.workspace import Workspace
from tests.unit.evidence.making import City


@pytest.fixture
def city(ws: Workspace) -> City:
    create_key(ws.keys)
    return City(ws)


@pytest.fixture
def make_city(make_ws: Callable[..., Workspace]) -> Callable[..., City]:
    def make(toml: str = "", **more: object) -> City:
        ws = make_ws(toml, **more)
        create_key(ws.keys)
        return City(ws)

    return make
