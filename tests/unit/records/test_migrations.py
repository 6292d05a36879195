"""Databases of every revision there ever was come forward with all their rows, in SQLite and in PostgreSQL."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import DBAPIError

from breachwatch import records
from breachwatch.records import database
from breachwatch.records.cases import incident, metadata
from breachwatch.records.database import Database, upgrade
from breachwatch.workspace import Workspace
from tests.unit.records.filling import Filled

_TRIGGERS = {
    "sqlite": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY 1, 2",
    "postgresql": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(t.oid) || p.prosrc FROM pg_trigger t "
    "JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT tgisinternal ORDER BY 1, 2",
}


REFUSED = r"only ever added|not change|never|listed|covers|released"


def revisions() -> list[str]:
    """All revisions, the oldest first."""
    script = ScriptDirectory(str(database._MIGRATIONS))
    return [item.revision for item in script.walk_revisions()][::-1]


def all_tables() -> MetaData:
    """The tables of all modules of records."""
    for module in pkgutil.iter_modules(records.__path__):
        if not module.ispkg:
            importlib.import_module(f"{records.__name__}.{module.name}")
    return metadata


def triggers(connection: Connection) -> list[tuple[str, str, str]]:
    query = _TRIGGERS[connection.dialect.name]
    return [(row[0], row[1], row[2]) for row in connection.exec_driver_sql(query)]


def test_rows_of_every_revision_come_forward(blank: str, ws: Workspace) -> None:
    """A row is put into every table at every revision; one database lives through all of them."""
    old = Database(database._engine(blank))
    *earlier, head = revisions()
    filled = Filled()
    for revision in earlier:
        with old.write() as connection:
            upgrade(connection, revision)
        with old.write() as connection:
            filled.fill(connection)
    old.engine.dispose()

    opened = Database.open(blank)
    with opened.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert context.get_current_revision() == head
        assert filled.missing(connection) == []
        assert {name: len(rows) for name, rows in filled.rows.items()}["custody"] == len(earlier)
        assert compare_metadata(context, all_tables()) == []
        with ws.database.read() as new:
            assert triggers(connection) == triggers(new)


@pytest.mark.parametrize("revision", ["0001", "0005"])
def test_what_must_stay_is_refused_to_be_changed_after_a_migration(blank: str, revision: str) -> None:
    old = Database(database._engine(blank))
    with old.write() as connection:
        upgrade(connection, revision)
    filled = Filled()
    with old.write() as connection:
        filled.fill(connection)
    old.engine.dispose()
    opened = Database.open(blank)
    tables = ["custody", "audit", "evidence", "lake_file"]
    tables += ["disposal", "disposal_part", "hold", "hold_item"] if revision >= "0005" else []
    for table in tables:
        for deed in (f"DELETE FROM {table}", f"UPDATE {table} SET {_key(table)} = {_key(table)}"):
            with (
                pytest.raises(DBAPIError, match=REFUSED),
                opened.write() as connection,
            ):
                connection.exec_driver_sql(deed)
    with opened.read() as connection:
        assert filled.missing(connection) == []


def _key(table: str) -> str:
    return next(iter(metadata.tables[table].primary_key.columns)).name


def test_incidents_of_before_the_case_work_keep_their_standing(blank: str) -> None:
    """`open` becomes `new`; a preservation failure, which was a state, becomes the flag beside it."""
    old = Database(database._engine(blank))
    with old.write() as connection:
        upgrade(connection, "0006")
    states = ("preserving", "open", "preservation failed", "closed")
    with old.write() as connection:
        for count, state in enumerate(states, 9999):
            connection.exec_driver_sql(
                "INSERT INTO incident (number, state, level, title, first_time, last_time, opened_at, opened_by_run, "
                f"failure, version) VALUES ('INC-2026-{count}', '{state}', 3, 't', '2026-01-02 03:04:05', "
                "'2026-01-02 03:04:05', '2026-01-02 03:04:05', 'run-1', '', 1)"
            )
    old.engine.dispose()
    opened = Database.open(blank)
    with opened.read() as connection:
        rows = connection.execute(incident.select().order_by(incident.c.ordinal)).all()
    assert [(row.number, row.state, bool(row.failure)) for row in rows] == [
        ("INC-2026-9999", "preserving", False),
        ("INC-2026-10000", "new", False),
        ("INC-2026-10001", "new", True),
        ("INC-2026-10002", "closed", False),
    ]
