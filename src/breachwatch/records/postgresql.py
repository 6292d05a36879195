"""What PostgreSQL needs to keep the promises that SQLite keeps by itself.

Writers stand in one line: an advisory lock of the transaction does what `BEGIN IMMEDIATE` does, so that what a writer
read is still true when it writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, event

if TYPE_CHECKING:
    import psycopg

WRITERS = 0x62776C6B
"""The advisory lock that a writer holds until its transaction ends; any number serves."""

SIGN_FOR_NUL = "\u2400"
"""Stands for the character NUL, which PostgreSQL's text cannot hold; log content may have it."""


def prepare(engine: Engine, *, wait_ms: int) -> None:
    """Set up each new connection of the engine; a lock that is not free within `wait_ms` is an OperationalError."""

    @event.listens_for(engine, "connect")
    def _connect(connection: psycopg.Connection[Any], _record: Any) -> None:
        _speak_as_sqlite(connection)
        connection.execute(f"SET lock_timeout = {wait_ms}")
        connection.commit()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("write", False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})")


def _speak_as_sqlite(connection: psycopg.Connection[Any]) -> None:
    """Text without NUL on the way in; sums of integers, which PostgreSQL makes `numeric`, as int on the way out."""
    from psycopg.adapt import Loader
    from psycopg.types.string import StrDumperUnknown

    class WithoutNul(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", SIGN_FOR_NUL))

    class Whole(Loader):
        def load(self, data: Any) -> int:
            return int(bytes(data))  # no column has fractions: one would be a mistake, and a ValueError

    connection.adapters.register_dumper(str, WithoutNul)
    connection.adapters.register_loader("numeric", Whole)
