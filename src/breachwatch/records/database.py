"""Opening the records database and writing to it.

SQLite in WAL mode by default. What one connection reads is of one moment. Every write is one short transaction that
takes the write lock at its start (`BEGIN IMMEDIATE`): a deferred transaction that turns into a writer half-way dies
with "database is locked".

PostgreSQL by URL, with the same promises (see postgresql.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError, ProgrammingError

from breachwatch.errors import EnvironmentFault
from breachwatch.records import postgresql

BUSY_TIMEOUT_MS = 60_000
_MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0020"
"""The schema revision this code works with."""


class Database:
    """The records database of one workspace. Thread-safe: each call takes a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str) -> Database:
        """Connect, and bring the schema to the current revision. Raises EnvironmentFault."""
        engine = _engine(url)
        parsed = engine.url
        database = cls(engine)
        try:
            database._migrate()
        except OperationalError as error:
            where = parsed.render_as_string(hide_password=True)
            msg = f"cannot open the records database {where}: {error.orig}"
            raise EnvironmentFault(msg) from error
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", "") != "42501":  # insufficient_privilege
                raise
            where = parsed.render_as_string(hide_password=True)
            msg = (
                f"the records database {where} refuses to be set up: {error.orig}. Grant its user CREATE on the schema."
            )
            raise EnvironmentFault(msg) from error
        except DatabaseError as error:
            if type(error) is not DatabaseError:  # its subclasses are faults of the program
                raise
            where = parsed.render_as_string(hide_password=True)
            msg = (
                f"the records database {where} is damaged: {error.orig}. "
                "Keep it, and put the last good copy in its place; logs are collected again from where that copy ends."
            )
            raise EnvironmentFault(msg) from error
        if engine.dialect.name == "sqlite" and parsed.database:
            Path(parsed.database).chmod(0o600)
        return database

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read with, all of it of one moment; what it writes is rolled back."""
        options = {} if self.engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        with self.engine.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction: committed when the block ends, rolled back when it raises. Keep it short."""
        with self.engine.connect().execution_options(write=True) as connection, connection.begin():
            yield connection

    def _migrate(self) -> None:
        # Importing Alembic costs more than this look.
        with self.read() as connection:
            if inspect(connection).has_table("alembic_version"):
                found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
                if found == HEAD:
                    return
        with self.write() as connection:
            upgrade(connection, HEAD)


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the schema forward to a revision, within a write transaction; rows stay.

    Raises EnvironmentFault for a database that a newer breachwatch has brought further than this one knows.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        msg = f"the records database does not fit this version of breachwatch: {error}. Was it opened by a newer one?"
        raise EnvironmentFault(msg) from error


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        engine = create_engine(parsed, **_pool(parsed))
    except ArgumentError as error:
        msg = (
            "database.url is no address of a database: postgresql+psycopg://user:password@host/name, or leave it empty"
        )
        raise EnvironmentFault(msg) from error
    except ImportError as error:
        msg = (
            f"the driver of the records database ({parsed.drivername}) is not installed: {error}. "
            "Install breachwatch[postgresql], and write the address as postgresql+psycopg://..."
        )
        raise EnvironmentFault(msg) from error
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    else:
        postgresql.prepare(engine, wait_ms=BUSY_TIMEOUT_MS)
    return engine


def _pool(url: URL) -> dict[str, Any]:
    """A connection that a restart of the server broke is made anew; a file needs none of that."""
    return {} if url.get_backend_name() == "sqlite" else {"pool_pre_ping": True}


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
