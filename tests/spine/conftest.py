"""Fixtures for tests that drive the whole line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spine.site import Site
from tests.spine.small_city import write_logs


@pytest.fixture(scope="session")
def small_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Log files of the small city."""
    folder = tmp_path_factory.mktemp("small-city")
    write_logs(folder)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A workspace to be over log files that the test writes."""
    (tmp_path / "logs").mkdir()
    return Site(tmp_path / "ws", tmp_path / "logs")
