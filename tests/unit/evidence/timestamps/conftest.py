"""A time stamp authority, and another one that nobody trusts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgresql.choosing import SQLITE, chosen
from tests.unit.evidence.authority import Authority, Papers


@pytest.fixture(scope="session")
def records_kind() -> str:
    """SQLite, or what is asked for: stamps ask little of a database."""
    return chosen() or SQLITE


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(tmp_path_factory.mktemp("authority") / "city")


@pytest.fixture(scope="session")
def foreign_papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(tmp_path_factory.mktemp("authority") / "foreign")


@pytest.fixture
def authority(papers: Papers) -> Iterator[Authority]:
    found = Authority(papers)
    yield found
    found.close()
