"""The databases of a run of the tests: one server, and for each test an empty database that costs milliseconds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path

import psycopg
import pytest

from breachwatch.records.database import Database
from tests.postgresql.rows import Rows, fill, rows_of, schema_of, tables_of
from tests.postgresql.server import Cluster
from tests.postgresql.standing_in import SERVER, TEMPLATE, address, create, stand_in

IN_CHILDREN = Path(__file__).parent / "in_children"


class Databases:
    """The server and the databases in it. An emptied database is used again: making one takes ten times as long."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._admin = cluster.connect("postgres")
        self._connections: dict[str, psycopg.Connection] = {}
        self._spare: list[str] = []
        self._lent: set[str] = set()
        self._kept: dict[str, Rows] = {}
        with self.used():
            self._admin.execute(f"CREATE DATABASE {TEMPLATE}")
            Database.open(address(TEMPLATE)).engine.dispose()
        with cluster.connect(TEMPLATE) as template:
            self._tables = tables_of(template)
            self._schema = schema_of(template)
            self._at_first = rows_of(template, self._tables)
        self._undo = stand_in(Database, self._fresh, self._copied)

    @contextmanager
    def used(self, *, keep: bool = False) -> Iterator[None]:
        """Workspaces that are opened now have their records in PostgreSQL, here and in child processes.

        `keep`: what is made now is used by several tests.
        """
        before = {name: os.environ.get(name) for name in (SERVER, "PYTHONPATH")}
        lent, self._lent = self._lent, set()
        _end_forkserver()
        os.environ[SERVER] = str(self.cluster.folder)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(IN_CHILDREN), before["PYTHONPATH"]]))
        try:
            yield
        finally:
            _end_forkserver()
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
            if keep:
                for name in self._lent:
                    with self.cluster.connect(name) as connection:
                        self._kept[name] = rows_of(connection, self._tables)
                self._lent.clear()
            self._lent |= lent

    def blank(self) -> str:
        """The URL of a database without tables."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(SERVER, str(self.cluster.folder))
            return address(create("template0"))

    def give_back(self) -> None:
        """After a test: empty what it used, drop what cannot be used again."""
        ours = [connection.info.backend_pid for connection in self._connections.values() if not connection.closed]
        self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE %s AND pid <> ALL(%s)",
            ["test\\_%", ours],
        )
        for name in self._lent:
            if self._emptied(name):
                self._spare.append(name)
        self._lent.clear()
        names = self._admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", ["test\\_%"]).fetchall()
        for (name,) in names:
            if name not in self._kept and name not in self._spare:
                if name in self._connections:
                    self._connections.pop(name).close()
                self._admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        """Let workspaces keep their records in files again."""
        self._undo()
        for connection in (self._admin, *self._connections.values()):
            connection.close()

    def _fresh(self) -> str:
        name = self._spare.pop() if self._spare else create()
        self._lent.add(name)
        return name

    def _copied(self, source: str) -> str:
        """A database with the rows of another one. (Copying them takes a tenth of what copying its files takes.)"""
        rows = self._kept.get(source)
        if rows is None:
            with self.cluster.connect(source) as connection:
                if schema_of(connection) != self._schema:
                    return create(source)
                rows = rows_of(connection, self._tables)
        name = self._fresh()
        fill(self._connection(name), self._tables, rows)
        return name

    def _emptied(self, name: str) -> bool:
        try:
            as_made = schema_of(self._connection(name)) == self._schema
        except psycopg.OperationalError:  # a child process copied the database and broke this connection off
            self._connections.pop(name).close()
            as_made = schema_of(self._connection(name)) == self._schema
        if as_made:
            fill(self._connection(name), self._tables, self._at_first)
        return as_made

    def _connection(self, name: str) -> psycopg.Connection:
        if name not in self._connections:
            self._connections[name] = self.cluster.connect(name)
        return self._connections[name]


def _end_forkserver() -> None:
    """Let the next process of multiprocessing's forkserver have the environment of now."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]
