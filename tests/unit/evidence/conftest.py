"""A small city with one stored log in its lake and incidents that wait for their evidence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from breachwatch.clock import FixedClock
from breachwatch.evidence import create_key
from breachwatch.workspace import Workspace, open_workspace
from tests.conftest import NOW
from tests.postgresql.choosing import KINDS, records_in
from tests.unit.evidence.making import City, SealedCity


@pytest.fixture(scope="session", params=KINDS)
def records_kind(request: pytest.FixtureRequest) -> str:
    """Each test runs with both kinds of databases."""
    return str(request.param)


@pytest.fixture
def city(ws: Workspace) -> City:
    """A city with a signing key, nothing collected yet."""
    create_key(ws.keys)
    return City(ws)


@pytest.fixture
def make_city(make_ws: Callable[..., Workspace]) -> Callable[..., City]:
    """Make a city from settings in TOML."""

    def make(toml: str = "") -> City:
        ws = make_ws(toml)
        create_key(ws.keys)
        return City(ws)

    return make


@pytest.fixture(scope="module")
def make_once(
    tmp_path_factory: pytest.TempPathFactory, records_kind: str, request: pytest.FixtureRequest
) -> Callable[..., City]:
    """Make a city that the tests of a module copy or only read: settings in TOML, and what happens in it."""

    def make(toml: str, happens: Callable[[City], object]) -> City:
        root = tmp_path_factory.mktemp("once") / "ws"
        root.mkdir()
        head = '[city]\nname = "Testville"\ntime_zone = "America/Chicago"\n'
        (root / "breachwatch.toml").write_text(head + toml, encoding="utf-8")
        with records_in(request, records_kind, keep=True):
            city = City(open_workspace(root, FixedClock(NOW)))
            create_key(city.ws.keys)
            happens(city)
            city.ws.database.engine.dispose()
        return city

    return make


@pytest.fixture(scope="session")
def sealed_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[pytest.FixtureRequest, str], SealedCity]:
    """Seal one snapshot for each kind of database, when it is asked for first."""
    made: dict[str, SealedCity] = {}

    def once(request: pytest.FixtureRequest, kind: str) -> SealedCity:
        if kind not in made:
            root = tmp_path_factory.mktemp("sealed") / "ws"
            root.mkdir()
            (root / "breachwatch.toml").write_text('[city]\nname = "Testville"\ntime_zone = "America/Chicago"\n')
            with records_in(request, kind, keep=True):
                city = City(open_workspace(root, FixedClock(NOW)))
                create_key(city.ws.keys)
                sealed = city.snapshot()
                city.ws.database.engine.dispose()
            made[kind] = SealedCity(city.ws, city.rules, sealed=sealed)
        return made[kind]

    return once


@pytest.fixture
def sealed_city(
    sealed_once: Callable[[pytest.FixtureRequest, str], SealedCity],
    records_kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> SealedCity:
    """A city with one sealed snapshot over ten events; each test has its own copy."""
    made = sealed_once(request, records_kind)
    root = tmp_path / "sealed"
    shutil.copytree(made.ws.root, root)
    ws = open_workspace(root, FixedClock(NOW))
    return SealedCity(ws, dict(made.rules), sealed=replace(made.sealed, path=str(ws.vault / made.sealed.number)))
