"""All rows of a database: taken out, put in, with no trigger asked."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

_SCHEMA = """
SELECT md5(string_agg(thing, ',' ORDER BY thing)) FROM (
    SELECT concat(tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat(attrelid::regclass, attname, attnotnull, attisdropped) FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat(proname, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT version_num FROM alembic_version
) AS things(thing)
"""


@dataclass(frozen=True)
class Tables:
    """The tables of a schema, and its sequences."""

    names: tuple[str, ...]
    sequences: tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """The rows of all tables that have any, as COPY writes them, and where the sequences stand."""

    tables: dict[str, bytes]
    sequences: dict[str, tuple[int, bool]]


def schema_of(connection: psycopg.Connection) -> str:
    """What a test may have changed of tables, triggers and functions, as one hash."""
    row = connection.execute(_SCHEMA).fetchone()
    assert row is not None
    return str(row[0])


def tables_of(connection: psycopg.Connection) -> Tables:
    """The tables of records; the revision of the schema is not one of them."""
    tables = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1"
    ).fetchall()
    sequences = connection.execute("SELECT sequencename FROM pg_sequences ORDER BY 1").fetchall()
    return Tables(tuple(name for (name,) in tables), tuple(name for (name,) in sequences))


def rows_of(connection: psycopg.Connection, tables: Tables) -> Rows:
    """Take all rows out."""
    found = {}
    for name in tables.names:
        copy = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))
        with connection.cursor() as cursor, cursor.copy(copy) as lines:
            found[name] = b"".join(lines)
    stand = {}
    for name in tables.sequences:
        query = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name))
        row = connection.execute(query).fetchone()
        assert row is not None
        stand[name] = (int(row[0]), bool(row[1]))
    return Rows({name: data for name, data in found.items() if data}, stand)


def fill(connection: psycopg.Connection, tables: Tables, rows: Rows) -> None:
    """Let the tables have these rows and no others."""
    statements = [
        sql.SQL("SET session_replication_role = replica"),  # no trigger refuses, no key asks for another table
        *(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in tables.names),
        *(
            sql.SQL("SELECT setval({}, {}, {})").format(name, value, called)
            for name, (value, called) in rows.sequences.items()
        ),
    ]
    connection.execute(sql.SQL("; ").join(statements))
    for name, data in rows.tables.items():
        put = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
        with connection.cursor() as cursor, cursor.copy(put) as lines:
            lines.write(data)
