"""A database in PostgreSQL for each workspace that a test makes, in place of the SQLite file of its own.

Tests make workspaces, open them again, copy their folders and hand them to child processes. So that all of them run on
PostgreSQL unchanged, `Database.open` is told of another place: where the SQLite file would lie stands a small file with
the name of a database. A workspace whose file names another path is a copy: when its records are first opened, it gets
a copy of that database.

The server's folder stands in the environment, so that child processes go there too (see in_children/sitecustomize.py,
which loads this file by its path: it imports nothing of the tests).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from breachwatch.records.database import Database

SERVER = "TESTS_POSTGRESQL"
"""The environment variable with the folder of the server's socket; absent: records stay in SQLite."""

TEMPLATE = "template_records"
"""The database that the migrations made."""

_MARK = "in PostgreSQL\n"


def address(name: str) -> str:
    """The URL of a database of the tests' server."""
    return f"postgresql+psycopg://postgres@/{name}?host={os.environ[SERVER]}"


def create(template: str = TEMPLATE) -> str:
    """Make a database as a copy of another; its name. Connections to the other one are ended."""
    import psycopg

    name = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(host=os.environ[SERVER], user="postgres", dbname="postgres", autocommit=True) as connection:
        if template != TEMPLATE:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [template])
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def stand_in(
    database: type[Database], fresh: Callable[[], str] = create, copied: Callable[[str], str] = create
) -> Callable[[], None]:
    """Let `Database.open` go to the server where SERVER is set; gives what undoes it.

    `fresh` makes the database of a new workspace, `copied` that of a copy.
    """
    real_open = database.open

    def open_elsewhere(url: str) -> Any:
        path = _own_file(url)
        if SERVER not in os.environ or path is None:
            return real_open(url)
        name = _database_of(path, fresh, copied)
        return real_open(url if name is None else address(name))

    database.open = staticmethod(open_elsewhere)  # type: ignore[method-assign, assignment]

    def undo() -> None:
        database.open = real_open  # type: ignore[method-assign]

    return undo


def _own_file(url: str) -> Path | None:
    """The SQLite file of a workspace; None for every other address, and where there is no workspace to have one."""
    path = Path(url.removeprefix("sqlite:///"))
    return path if url.startswith("sqlite:///") and path.name == "records.db" and path.parent.is_dir() else None


def _database_of(path: Path, fresh: Callable[[], str], copied: Callable[[str], str]) -> str | None:
    try:
        said = path.read_bytes()
    except FileNotFoundError:
        return _claim(path, fresh())
    if not said.startswith(_MARK.encode()):
        return None  # a test put something else there
    name, owner = said.decode().removeprefix(_MARK).splitlines()
    if owner == str(path):
        return name
    path.unlink()
    return _claim(path, copied(name))


def _claim(path: Path, name: str) -> str:
    """Write the name into the workspace, at once and whole; the name that another process wrote first wins."""
    mine = path.with_name(f"{path.name}.{name}")
    mine.write_text(f"{_MARK}{name}\n{path}\n", encoding="utf-8")
    try:
        path.hardlink_to(mine)
    except FileExistsError:
        return path.read_text(encoding="utf-8").removeprefix(_MARK).splitlines()[0]
    finally:
        mine.unlink()
    return name
