"""The databases of a run of the tests: one server, and for each test an empty database that costs milliseconds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path

from breachwatch.records.database import Database
from tests.postgresql.server import Cluster
from tests.postgresql.standing_in import SERVER, TEMPLATE, address, create, stand_in

IN_CHILDREN = Path(__file__).parent / "in_children"

_SCHEMA = """
SELECT md5(string_agg(thing, ',' ORDER BY thing)) FROM (
    SELECT concat(tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat(attrelid::regclass, attname, attnotnull, attisdropped) FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat(proname, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT version_num FROM alembic_version
) AS things(thing)
"""


class Databases:
    """The server and the databases in it. An emptied database is used again: making one takes ten times as long."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._admin = cluster.connect("postgres")
        self._spare: list[str] = []
        self._lent: list[str] = []
        self._kept: set[str] = set()
        self._keeping = False
        with self.used():
            self._admin.execute(f"CREATE DATABASE {TEMPLATE}")
            Database.open(address(TEMPLATE)).engine.dispose()
        with cluster.connect(TEMPLATE) as template:
            tables = template.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            ).fetchall()
            # What the migrations put in stays only where a database is made anew.
            self._filled = [
                name
                for (name,) in tables
                if name != "alembic_version" and template.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()
            ]
            sequences = template.execute("SELECT sequencename FROM pg_sequences").fetchall()
            self._empty = "; ".join(
                [
                    "SET session_replication_role = replica",  # no trigger refuses
                    *(f'DELETE FROM "{name}"' for (name,) in tables if name != "alembic_version"),
                    *(f'ALTER SEQUENCE "{name}" RESTART' for (name,) in sequences),
                ]
            )
            self._schema = template.execute(_SCHEMA).fetchone()
        self._undo = stand_in(Database, self.fresh)

    @contextmanager
    def used(self, *, keep: bool = False) -> Iterator[None]:
        """Workspaces that are opened now have their records in PostgreSQL, here and in child processes.

        `keep`: what is made now is used by several tests.
        """
        before = {name: os.environ.get(name) for name in (SERVER, "PYTHONPATH")}
        keeping, self._keeping = self._keeping, keep
        _end_forkserver()
        os.environ[SERVER] = str(self.cluster.folder)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(IN_CHILDREN), before["PYTHONPATH"]]))
        try:
            yield
        finally:
            _end_forkserver()
            self._keeping = keeping
            if keep:
                self._kept |= {*self._names()} - {*self._lent, *self._spare}
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})

    def fresh(self) -> str:
        """The name of an empty database."""
        name = self._spare.pop() if self._spare and not self._keeping else create()
        if not self._keeping:
            self._lent.append(name)
        return name

    def give_back(self) -> None:
        """After a test: empty what it used, drop what cannot be used again."""
        self._admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test\\_%'")
        for name in self._lent:
            if not self._filled and self._emptied(name):
                self._spare.append(name)
        self._lent.clear()
        for name in self._names():
            if name not in self._kept and name not in self._spare:
                self._admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _emptied(self, name: str) -> bool:
        with self.cluster.connect(name) as connection:
            if connection.execute(_SCHEMA).fetchone() != self._schema:
                return False
            connection.execute(self._empty)
        return True

    def _names(self) -> list[str]:
        found = self._admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'").fetchall()
        return [name for (name,) in found]

    def close(self) -> None:
        """Let workspaces keep their records in files again."""
        self._undo()
        self._admin.close()


def _end_forkserver() -> None:
    """Let the next process of multiprocessing's forkserver have the environment of now."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]
