"""Which databases the tests keep records in.

Tests of records, incidents, evidence and the lake's catalogue run with SQLite and with PostgreSQL; all others with
SQLite. `TESTS_RECORDS=postgresql make test` runs every test with PostgreSQL, the slow ones too, `=sqlite` none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.postgresql.databases import Databases

SQLITE, POSTGRESQL = "sqlite", "postgresql"


def chosen() -> str:
    """The one kind that was asked for; empty where nobody asked."""
    return os.environ.get("TESTS_RECORDS", "")


KINDS = (chosen(),) if chosen() else (SQLITE, POSTGRESQL)
"""What a test that tries both is run with."""
both = pytest.mark.parametrize("records_kind", KINDS)
"""For a test that tries both in a folder whose others do not."""


def leave_out_slow_repeats(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is slow and tried with SQLite already is tried with PostgreSQL only where that was asked for."""
    if chosen():
        return
    repeats = [
        item
        for item in items
        if item.get_closest_marker("slow")
        and getattr(item, "callspec", None)
        and item.callspec.params.get("records_kind") == POSTGRESQL  # type: ignore[attr-defined]
    ]
    if repeats:
        left_out = set(repeats)
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=repeats)


@contextmanager
def database_server() -> Iterator[Databases]:
    """The server while the tests run. Where its programs are absent, tests skip; continuous integration fails."""
    from tests.postgresql.server import Cluster, programs

    folder = programs()
    if folder is None:
        absent = "PostgreSQL's server is not installed: apt-get install postgresql"
        pytest.fail(absent) if os.environ.get("CI") else pytest.skip(absent)
    from tests.postgresql.databases import Databases

    cluster = Cluster.start(folder)
    try:
        databases = Databases(cluster)
        yield databases
        databases.close()
    finally:
        cluster.stop()


@contextmanager
def records_in(request: pytest.FixtureRequest, kind: str, *, keep: bool = False) -> Iterator[None]:
    """Workspaces that are opened now have their records in a database of this kind.

    `keep`: what is made now is used by several tests; else it goes when this ends.
    """
    if kind == SQLITE:
        yield
        return
    databases: Databases = request.getfixturevalue("postgresql")
    with databases.used(keep=keep):
        yield
    if not keep:
        databases.give_back()
