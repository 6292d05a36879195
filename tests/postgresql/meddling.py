"""What whoever owns the database can do: take the triggers away that refuse changes."""

from __future__ import annotations

from sqlalchemy import Connection

_TRIGGERS = {
    "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal",
}


def drop_triggers(connection: Connection, table: str = "") -> None:
    """Drop the triggers of a table, or of all tables."""
    kind = connection.dialect.name
    for name, of in connection.exec_driver_sql(_TRIGGERS[kind]).all():
        if table in ("", of):
            where = f" ON {of}" if kind == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TRIGGER {name}{where}")
