"""The chain of custody: only ever added to, refused by the database otherwise, mirrored in the vault."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from breachwatch import evidence
from breachwatch.errors import NotPermittedError
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.custody import Deed, Handler
from breachwatch.model.people import Role
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.postgresql.meddling import drop_triggers
from tests.somebody import SOMEBODY, a
from tests.unit.evidence.making import City, SealedCity, loosen

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
CLERK = Handler("R. Clerk", "City Clerk", "555-0100", "City Hall")
SCRIPT = """
prev=GENESIS
while IFS= read -r line; do
  case $line in *'"prev": "'$prev'"'*) ;; *) echo "broken after $prev"; exit 1 ;; esac
  prev=$(printf %s "$line" | sha256sum | cut -d ' ' -f 1)
done < custody.jsonl
echo "$prev"
"""


@pytest.fixture
def city(sealed_city: SealedCity) -> City:
    return sealed_city


def add(ws: Workspace, count: int = 3, number: str = "EV-2026-000001") -> None:
    for _ in range(count):
        with ws.database.write() as connection:
            custody.append(connection, evidence=number, deed=Deed.VERIFIED, by=CLERK, at=AT, purpose="a test")
    mirror.update(ws)


def test_each_link_names_the_hash_of_the_one_before(ws: Workspace) -> None:
    add(ws, 3)
    lines = (ws.vault / "custody.jsonl").read_bytes().splitlines()
    links = [json.loads(line) for line in lines]
    assert [link["seq"] for link in links] == [1, 2, 3]
    assert links[0]["prev"] == "GENESIS"
    assert [link["prev"] for link in links[1:]] == [hashlib.sha256(line).hexdigest() for line in lines[:2]]
    known = ("actor", "title", "contact", "location", "purpose", "at")
    assert [links[0][name] for name in known] == [
        *("R. Clerk", "City Clerk", "555-0100", "City Hall", "a test", "2026-11-22T10:00:00+00:00"),
    ]
    with ws.database.read() as connection:
        chain = custody.check_chain(connection)
    assert (chain.ok, chain.count, chain.head) == (True, 3, hashlib.sha256(lines[2]).hexdigest())


def test_a_shell_script_verifies_the_mirror(ws: Workspace) -> None:
    add(ws, 4)
    done = subprocess.run(["sh", "-c", SCRIPT], cwd=ws.vault, capture_output=True, text=True, check=True)
    with ws.database.read() as connection:
        assert done.stdout.strip() == custody.check_chain(connection).head


def test_a_time_without_a_zone_is_refused(ws: Workspace) -> None:
    with ws.database.write() as connection, pytest.raises(ValueError, match="aware"):
        custody.append(
            connection,
            evidence="EV-2026-000001",
            deed=Deed.VERIFIED,
            by=CLERK,
            at=AT.replace(tzinfo=None),
            purpose="a test",
        )


REFUSED = r"only ever added|do(es)? not change"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE custody SET actor = 'nobody'",
        "UPDATE custody SET body = body WHERE seq = 1",
        "DELETE FROM custody",
        "DELETE FROM custody WHERE seq = 3",
        "UPDATE audit SET reason = ''",
        "DELETE FROM audit",
        "DELETE FROM evidence",
        "UPDATE evidence SET tagmanifest_sha256 = ''",
        "UPDATE evidence SET number = 'EV-2026-000002'",
        "UPDATE evidence SET incident = 'INC-2026-0009'",
        "UPDATE evidence SET sealed_at = '2020-01-01'",
    ],
)
def test_the_database_refuses_to_change_what_must_stay(city: City, statement: str) -> None:
    city.snapshot()
    add(city.ws)
    before = _rows(city.ws)
    with pytest.raises(DBAPIError, match=REFUSED), city.ws.database.write() as connection:
        connection.exec_driver_sql(statement)
    assert _rows(city.ws) == before


CUSTODY = "SELECT seq, prev, hash, evidence, event, at, 'nobody', body FROM custody"
BY_OTHER_WORDS = {
    "sqlite": [
        f"INSERT OR REPLACE INTO custody {CUSTODY}",
        f"REPLACE INTO custody {CUSTODY.replace('seq', '99', 1)} WHERE seq = 2",
        "REPLACE INTO audit SELECT seq, at, 'nobody', entity, change, reason, prev, hash, body FROM audit",
        "UPDATE OR REPLACE evidence SET path = '..'",
        "REPLACE INTO evidence SELECT * FROM evidence",
    ],
    "postgresql": [
        *("TRUNCATE custody", "TRUNCATE audit", "TRUNCATE evidence CASCADE", "TRUNCATE incident CASCADE"),
        f"INSERT INTO custody {CUSTODY} ON CONFLICT (seq) DO UPDATE SET actor = 'nobody'",
        f"INSERT INTO custody {CUSTODY} ON CONFLICT (hash) DO UPDATE SET hash = 'f'",
        "INSERT INTO evidence SELECT * FROM evidence ON CONFLICT (number) DO UPDATE SET path = '..'",
        "MERGE INTO custody c USING audit a ON c.seq = a.seq WHEN MATCHED THEN DELETE",
    ],
}
"""Ways to change rows that only one of the databases knows."""


def test_the_database_refuses_by_whatever_words(city: City, records_kind: str) -> None:
    city.snapshot()
    add(city.ws)
    before = _rows(city.ws)
    for statement in BY_OTHER_WORDS[records_kind]:
        with pytest.raises(DBAPIError, match=REFUSED), city.ws.database.write() as connection:
            connection.exec_driver_sql(statement)
    assert _rows(city.ws) == before


def _rows(ws: Workspace) -> list[object]:
    with ws.database.read() as connection:
        return [
            tuple(row)
            for table in (cases.custody, cases.audit, cases.evidence)
            for row in connection.execute(table.select())
        ]


def test_when_evidence_was_verified_may_change(city: City) -> None:
    number = city.snapshot().number
    assert evidence.verify(city.ws, number).ok


def test_a_fork_is_refused(ws: Workspace) -> None:
    add(ws, 2)
    with ws.database.read() as connection:
        second = connection.execute(cases.custody.select().where(cases.custody.c.seq == 2)).one()
    with pytest.raises(DBAPIError), ws.database.write() as connection:
        connection.execute(cases.custody.insert().values(**{**second._mapping, "seq": 7, "hash": "f" * 64}))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE custody SET body = replace(body, 'R. Clerk', 'M. Allory') WHERE seq = 2",
        "UPDATE custody SET actor = 'M. Allory' WHERE seq = 2",
        "UPDATE custody SET event = 'exported' WHERE seq = 2",
        "UPDATE custody SET at = '2020-01-01 00:00:00' WHERE seq = 2",
        "UPDATE custody SET evidence = 'EV-2020-000001' WHERE seq = 2",
        "UPDATE custody SET hash = 'f' WHERE seq = 3",
        "UPDATE custody SET body = '[]' WHERE seq = 2",
        "DELETE FROM custody WHERE seq = 2",
        "DELETE FROM custody WHERE seq = 1",
        "DELETE FROM custody WHERE seq = 4",
        "DELETE FROM custody",
    ],
)
def test_whoever_drops_the_triggers_still_shows(city: City, statement: str) -> None:
    number = city.snapshot().number
    add(city.ws, 3)
    with city.ws.database.write() as connection:
        drop_triggers(connection, "custody")
        connection.exec_driver_sql(statement)
    report = evidence.verify(city.ws, number)
    assert not next(check for check in report.checks if check.name == "custody chain").ok


def test_an_edited_mirror_shows_and_is_kept_aside(city: City) -> None:
    number = city.snapshot().number
    add(city.ws, 1)
    target = city.ws.vault / "custody.jsonl"
    forged = target.read_bytes().replace(b"R. Clerk", b"M. Allory")
    target.write_bytes(forged)
    report = evidence.verify(city.ws, number)
    assert not report.ok
    assert (city.ws.vault / "custody.jsonl.1").read_bytes() == forged
    assert custody.check_lines(target.read_text().splitlines()).ok
    assert not evidence.verify(city.ws, number).ok, "what was kept aside must be looked into by a person"


def test_a_torn_and_a_missing_mirror_are_mended(city: City) -> None:
    number = city.snapshot().number
    add(city.ws, 2)
    target = city.ws.vault / "custody.jsonl"
    whole = target.read_bytes()
    target.write_bytes(whole[:-40])
    mirror.update(city.ws)
    assert target.read_bytes() == whole
    target.unlink()
    mirror.update(city.ws)
    assert target.read_bytes() == whole
    assert evidence.verify(city.ws, number).ok


def test_a_mirror_that_cannot_be_written_does_not_undo_the_sealing(
    make_city: Callable[..., City], caplog: pytest.LogCaptureFixture
) -> None:
    city = make_city()
    (city.ws.vault / "custody.jsonl").mkdir()
    snapshot = city.snapshot()
    assert "custody mirror" in caplog.text
    (city.ws.vault / "custody.jsonl").rmdir()
    assert evidence.verify(city.ws, snapshot.number).ok


def test_names_of_handlers_cannot_break_the_line(ws: Workspace) -> None:
    with ws.database.write() as connection:
        custody.append(
            connection,
            evidence="EV-2026-000001",
            deed=Deed.VERIFIED,
            by=Handler('M.\n{"seq": 1}\x1b[2J"', title="\u202e\ud800"),
            at=AT,
            purpose="\r\n",
        )
    mirror.update(ws)
    text = (ws.vault / "custody.jsonl").read_bytes()
    assert text.count(b"\n") == 1
    assert text.isascii()
    assert b"\x1b" not in text
    with ws.database.read() as connection:
        assert custody.check_chain(connection).ok


def test_the_chain_survives_losing_a_bag(city: City) -> None:
    snapshot = city.snapshot()
    loosen(Path(snapshot.path))
    shutil.rmtree(snapshot.path)
    evidence.verify(city.ws, snapshot.number)
    with city.ws.database.read() as connection:
        assert custody.check_chain(connection).count == 2


def test_the_same_evidence_is_recorded_once(city: City) -> None:
    snapshot = city.snapshot()
    with city.ws.database.read() as connection:
        row = connection.execute(cases.evidence.select()).one()
    with pytest.raises(DBAPIError), city.ws.database.write() as connection:
        connection.execute(cases.evidence.insert().values(**row._mapping))
    assert [line.number for line in evidence.listing(city.ws, by=SOMEBODY)] == [snapshot.number]


@dataclass(frozen=True)
class Somebody:
    login: str = "mclerk"
    name: str = "M. Clerk"
    title: str = "City Clerk"
    contact: str = "555-0100"
    location: str = "City Hall"


def test_a_person_is_named_with_all_that_is_asked_of_a_handler() -> None:
    assert custody.by(Somebody()) == Handler("M. Clerk", "City Clerk", "555-0100", "City Hall")
    assert custody.by(Somebody(name="")).actor == "mclerk"


def test_who_verifies_stands_in_the_chain(city: City) -> None:
    clerk = a(Role.RECORDS_OFFICER)
    evidence.verify(city.ws, "EV-2026-000001", by=clerk)
    evidence.verify_all(city.ws, by=clerk)
    with city.ws.database.read() as connection:
        links = [json.loads(line) for line in custody.lines(connection, "EV-2026-000001")]
    assert [(link["event"], link["actor"]) for link in links[-2:]] == [("verified", clerk.name)] * 2


def test_who_may_not_read_evidence_verifies_none(city: City) -> None:
    with city.ws.database.read() as connection:
        before = list(custody.lines(connection))
    for verify in (
        lambda by: evidence.verify(city.ws, "EV-2026-000001", by=by),
        lambda by: evidence.verify_all(city.ws, by=by),
    ):
        with pytest.raises(NotPermittedError, match="read what evidence holds"):
            verify(a(Role.HELPDESK))
    with city.ws.database.read() as connection:
        assert list(custody.lines(connection)) == before
