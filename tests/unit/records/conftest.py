"""Databases as a city may have them, of both kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgresql.choosing import KINDS, POSTGRESQL


@pytest.fixture(scope="session", params=KINDS)
def records_kind(request: pytest.FixtureRequest) -> str:
    """Each test runs with both kinds of databases."""
    return str(request.param)


@pytest.fixture
def blank(records_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The URL of a database without tables."""
    if records_kind == POSTGRESQL:
        return str(request.getfixturevalue("postgresql").blank())
    path = tmp_path / "blank.db"
    path.touch()
    return f"sqlite:///{path}"
