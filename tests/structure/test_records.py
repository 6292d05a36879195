"""The migrations give exactly the tables that the code names."""

from __future__ import annotations

import importlib
import pkgutil

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from breachwatch import records
from breachwatch.records import database
from breachwatch.records.cases import metadata
from breachwatch.records.triage import alert_join
from breachwatch.workspace import Workspace

for found in pkgutil.iter_modules(records.__path__):  # tables stand in files of their own, each with its meaning
    importlib.import_module(f"breachwatch.records.{found.name}")


def test_migrations_and_tables_agree(ws: Workspace) -> None:
    with ws.database.read() as connection:
        assert alert_join.name in metadata.tables  # tables in files of their own
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_head_is_the_newest_migration() -> None:
    folder = str(database._MIGRATIONS)
    assert ScriptDirectory(folder).get_heads() == [database.HEAD]


def test_opening_twice_changes_nothing(ws: Workspace) -> None:
    again = database.Database.open(str(ws.database.engine.url))
    with again.read() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == database.HEAD
