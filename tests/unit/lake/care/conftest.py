"""A site made once, of which each test gets a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from breachwatch.clock import FixedClock
from breachwatch.workspace import Workspace, open_workspace
from tests.postgresql.choosing import KINDS, records_in
from tests.unit.lake.care.site import NOW, make_site


@pytest.fixture(scope="session", params=KINDS)
def records_kind(request: pytest.FixtureRequest) -> str:
    """Each test runs with both kinds of databases."""
    return str(request.param)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Callable[[pytest.FixtureRequest, str], Path]:
    """Make the site for each kind of database, when it is asked for first."""
    made: dict[str, Path] = {}

    def once(request: pytest.FixtureRequest, kind: str) -> Path:
        if kind not in made:
            root = tmp_path_factory.mktemp("care") / "site"
            with records_in(request, kind, keep=True):
                make_site(root)
            made[kind] = root
        return made[kind]

    return once


@pytest.fixture
def site(
    template: Callable[[pytest.FixtureRequest, str], Path],
    records_kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> Workspace:
    """A small lake with the original bytes of its events in the store."""
    shutil.copytree(template(request, records_kind), tmp_path / "site")
    return open_workspace(tmp_path / "site", FixedClock(NOW))
