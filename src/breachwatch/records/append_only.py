"""Triggers that make the database itself refuse to change what must stay: custody, audit, identity of evidence.

An administrator of the database can drop a trigger; the hash chain, its mirror in the vault and every export then still
show the change. The triggers stop mistakes, and every program that is not the administrator's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection

APPEND_ONLY = {"custody": ("seq", "prev", "hash"), "audit": ("seq",)}
"""Tables of the first schema whose rows are only ever added, with the columns that identify a row."""

EVIDENCE_IDENTITY = (
    *("number", "incident", "path", "tagmanifest_sha256", "events", "bytes"),
    *("sealed_at", "run_id", "supplements"),
)
"""Columns of `evidence` that never change; when it was last verified may."""


def protect(connection: Connection) -> None:
    """Create the triggers, in SQLite or PostgreSQL. Called by the migration that makes the tables."""
    statements = _postgresql() if connection.dialect.name == "postgresql" else _sqlite()
    for statement in statements:
        connection.exec_driver_sql(statement)


def protect_kind(connection: Connection) -> None:
    """Create the triggers of the columns `kind` and `title` of evidence, which never change either."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            _postgresql_trigger("evidence_no_other_kind", "UPDATE OF kind, title", "evidence", "ROW")
        )
        return
    connection.exec_driver_sql(
        "CREATE TRIGGER evidence_no_other_kind BEFORE UPDATE OF kind, title ON evidence "
        "BEGIN SELECT RAISE(ABORT, 'sealed evidence does not change'); END"
    )


def protect_rows(connection: Connection, tables: Mapping[str, tuple[str, ...]]) -> None:
    """Create the triggers of further tables whose rows are only ever added; called by the migration that makes them.

    Each table comes with its keys; a key of several columns is written as `first, second`.
    """
    postgresql = connection.dialect.name == "postgresql"
    for statement in _postgresql_rows(tables) if postgresql else _sqlite_rows(tables):
        connection.exec_driver_sql(statement)


def release_rows(connection: Connection, table: str) -> None:
    """Take the triggers of one table away, for a migration that rewrites its rows and then calls `protect_rows`."""
    if connection.dialect.name == "postgresql":
        for name in ("change", "truncate"):
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{name} ON {table}")
    else:
        for name in ("update", "delete", "replace"):
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{name}")


def _sqlite_rows(tables: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for table, identity in tables.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
        yield f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}"
        yield f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}"
        # INSERT OR REPLACE deletes the row it replaces without asking the trigger for DELETE.
        keys = (key.split(", ") for key in identity)
        same = " OR ".join(" AND ".join(f"{column} = NEW.{column}" for column in key) for key in keys)
        yield (
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}"
        )


def _sqlite() -> Iterator[str]:
    yield from _sqlite_rows(APPEND_ONLY)
    refuse = "BEGIN SELECT RAISE(ABORT, 'sealed evidence does not change'); END"
    yield f"CREATE TRIGGER evidence_no_update BEFORE UPDATE OF {', '.join(EVIDENCE_IDENTITY)} ON evidence {refuse}"
    yield f"CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence {refuse}"
    yield (
        "CREATE TRIGGER evidence_no_replace BEFORE INSERT ON evidence "
        f"WHEN EXISTS (SELECT 1 FROM evidence WHERE number = NEW.number) {refuse}"
    )


def _postgresql() -> Iterator[str]:
    yield (
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING MESSAGE = "
        "'rows of ' || TG_TABLE_NAME || ' are only ever added: they do not change'; END $$"
    )
    yield from _postgresql_rows(APPEND_ONLY)
    yield _postgresql_trigger("evidence_no_truncate", "TRUNCATE", "evidence", "STATEMENT")
    columns = ", ".join(EVIDENCE_IDENTITY)
    yield _postgresql_trigger("evidence_no_change", f"DELETE OR UPDATE OF {columns}", "evidence", "ROW")


def _postgresql_rows(tables: Iterable[str]) -> Iterator[str]:
    for table in tables:
        yield _postgresql_trigger(f"{table}_no_change", "UPDATE OR DELETE", table, "ROW")
        yield _postgresql_trigger(f"{table}_no_truncate", "TRUNCATE", table, "STATEMENT")


def _postgresql_trigger(name: str, deed: str, table: str, each: str) -> str:
    return f"CREATE TRIGGER {name} BEFORE {deed} ON {table} FOR EACH {each} EXECUTE FUNCTION refuse_change()"
