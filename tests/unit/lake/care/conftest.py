"""A site made once, of which each test gets a copy."""

from __future__ import annotations

import shutil
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
def template(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, records_kind: str) -> Path:
    root = tmp_path_factory.mktemp("care") / "site"
    with records_in(request, records_kind, keep=True):
        make_site(root)
    return root


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Workspace:
    """A small lake with the original bytes of its events in the store."""
    shutil.copytree(template, tmp_path / "site")
    return open_workspace(tmp_path / "site", FixedClock(NOW))
