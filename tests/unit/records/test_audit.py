"""The audit log: a chain in which every change shows, and that the database itself refuses to change."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DatabaseError

from breachwatch.model.people import Role
from breachwatch.records import audit, cases, database
from breachwatch.records.append_only import release_rows
from breachwatch.records.database import Database
from breachwatch.workspace import Workspace
from tests.conftest import NOW
from tests.somebody import SOMEBODY, a


def written(ws: Workspace, count: int = 3) -> None:
    with ws.database.write() as connection:
        for number in range(count):
            audit.append(
                connection, at=NOW, by=a(Role.ANALYST), entity=f"INC-{number}", change="a -> b", reason="why\n"
            )


def test_a_line_names_who_by_which_account_and_what_it_was_before(ws: Workspace) -> None:
    with ws.database.write() as connection:
        audit.append(
            connection,
            at=NOW,
            by=SOMEBODY,
            entity="INC-1",
            change="x -> y",
            reason="r",
            before={"n": 1},
            after={"n": 2},
        )
        body = json.loads(connection.scalar(select(cases.audit.c.body)) or "")
    assert (body["seq"], body["prev"], body["actor"], body["account"]) == (1, "GENESIS", "somebody", "somebody")
    assert (body["before"], body["after"], body["via"]) == ({"n": 1}, {"n": 2}, "cli")
    assert "counsel" in body["roles"]


def test_rows_follow_one_another_over_transactions(ws: Workspace) -> None:
    written(ws)
    written(ws, 2)
    with ws.database.read() as connection:
        chain = audit.check_chain(connection)
        trail = audit.trail(connection, "INC-1")
    assert (chain.ok, chain.count) == (True, 5)
    assert [(row.actor, row.change, row.reason) for row in trail] == [("analyst", "a -> b", "why")] * 2


@pytest.mark.parametrize("change", ["UPDATE audit SET reason = 'x' WHERE seq = 2", "DELETE FROM audit WHERE seq = 2"])
def test_the_database_refuses_a_change_and_the_chain_shows_one(ws: Workspace, change: str) -> None:
    written(ws)
    with pytest.raises(DatabaseError), ws.database.write() as connection:
        connection.execute(text(change))
    with ws.database.write() as connection:  # as an administrator of the database could
        release_rows(connection, "audit")
        connection.execute(text(change))
    with ws.database.read() as connection:
        chain = audit.check_chain(connection)
    assert not chain.ok
    assert (chain.count, "link 2" in chain.detail or "link 3" in chain.detail) == (1, True)


def test_a_time_without_a_zone_is_refused(ws: Workspace) -> None:
    with pytest.raises(ValueError, match="aware"), ws.database.write() as connection:
        audit.append(
            connection,
            at=datetime(2026, 1, 1),  # noqa: DTZ001  what is refused
            by=SOMEBODY,
            entity="e",
            change="c",
            reason="r",
        )


def test_what_was_written_before_there_was_a_chain_is_chained(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        rows = (
            "(3, '2026-01-02 03:04:05.000006', 'x', 'INC-1', 'a -> b', 'r'), "
            "(7, '2026-01-03 00:00:00', 'y', 'INC-1', 'b', '')"
        )
        connection.execute(text(f"INSERT INTO audit (seq, at, actor, entity, change, reason) VALUES {rows}"))
    engine.dispose()
    opened = Database.open(f"sqlite:///{tmp_path / 'old.db'}")
    with opened.write() as connection:
        audit.append(connection, at=NOW, by=SOMEBODY, entity="INC-1", change="c", reason="r")
        assert audit.check_chain(connection).count == 3
        assert [row.actor for row in audit.trail(connection, "INC-1")] == ["x", "y", "somebody"]
