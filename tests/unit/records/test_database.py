"""Both kinds of databases keep the same promises, and what cannot be opened is told plainly."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text

from breachwatch.errors import EnvironmentFault
from breachwatch.records import catalog
from breachwatch.records.database import Database
from breachwatch.workspace import Workspace

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
RETIRED = catalog.lake_retired


def note(ws: Workspace, path: str, count: int = 0) -> None:
    with ws.database.write() as connection:
        connection.execute(RETIRED.insert().values(path=path, bytes=count, retired_at=NOW, why="merged"))


def test_what_a_writer_read_is_still_true_when_it_writes(ws: Workspace) -> None:
    note(ws, "x")

    def count_on() -> None:
        for _ in range(5):
            with ws.database.write() as connection:
                found = connection.execute(select(RETIRED.c.bytes)).scalar_one()
                connection.execute(RETIRED.update().values(bytes=found + 1))

    threads = [threading.Thread(target=count_on) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ws.database.read() as connection:
        assert connection.execute(select(RETIRED.c.bytes)).scalar_one() == 30


def test_what_a_connection_reads_is_of_one_moment_and_stays_unwritten(ws: Workspace) -> None:
    note(ws, "before")
    with ws.database.read() as connection:
        assert connection.execute(select(RETIRED.c.path)).scalars().all() == ["before"]
        note(ws, "since")
        assert connection.execute(select(RETIRED.c.path)).scalars().all() == ["before"]
    with ws.database.read() as connection:
        assert set(connection.execute(select(RETIRED.c.path)).scalars()) == {"before", "since"}
        if connection.dialect.name == "postgresql":
            connection.execute(RETIRED.delete())
    with ws.database.read() as connection:
        assert len(connection.execute(select(RETIRED.c.path)).all()) == 2


def test_a_sum_is_an_int(ws: Workspace) -> None:
    for path in ("x", "y"):
        note(ws, path, 2**62)
    with ws.database.read() as connection:
        total = connection.execute(select(func.sum(RETIRED.c.bytes // 2))).scalar_one()
    assert (type(total), total) == (int, 2**62)


def test_a_write_that_fails_leaves_nothing(ws: Workspace) -> None:
    def write_and_fail() -> None:
        with ws.database.write() as connection:
            connection.execute(RETIRED.insert().values(path="x", bytes=0, retired_at=NOW, why="merged"))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_and_fail()
    with ws.database.read() as connection:
        assert connection.execute(select(RETIRED.c.path)).all() == []


@pytest.mark.parametrize("name", ["a\0b", "\0", "'; DROP TABLE lake_retired; --", "\u202e\x1b[2J %s :x {} \\"])
def test_text_of_attackers_is_kept_and_found_again(ws: Workspace, name: str) -> None:
    note(ws, name)
    with ws.database.read() as connection:
        kind = connection.dialect.name
        found = connection.execute(select(RETIRED.c.path).where(RETIRED.c.path == name)).scalar_one()
    # PostgreSQL's text has no NUL: the sign for it stands there.
    assert found == (name.replace("\0", "\u2400") if kind == "postgresql" else name)


def test_a_connection_that_the_server_broke_off_is_made_anew(ws: Workspace, records_kind: str) -> None:
    if records_kind == "postgresql":  # a file breaks nothing off
        with ws.database.read() as connection:
            mine = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with Database.open(ws.database.engine.url.render_as_string(hide_password=False)).read() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
    with ws.database.read() as connection:
        assert connection.execute(select(RETIRED.c.path)).all() == []


def test_a_database_of_a_newer_program_is_refused(blank: str) -> None:
    opened = Database.open(blank)
    with opened.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    opened.engine.dispose()
    with pytest.raises(EnvironmentFault, match=r"9999.*newer"):
        Database.open(blank)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql+nothing://city:hunter2@db/records", "no address of a database"),
        ("hunter2", "no address of a database"),
        ("postgresql+pg8000://city:hunter2@db/records", r"not installed.*breachwatch\[postgresql\]"),
        ("postgresql+psycopg://city:hunter2@127.0.0.1:1/records", r"cannot open .*city:\*\*\*@127"),
    ],
)
def test_what_cannot_be_opened_is_told_without_the_password(url: str, told: str) -> None:
    with pytest.raises(EnvironmentFault, match=told) as fault:
        Database.open(url)
    assert "hunter2" not in str(fault.value)
