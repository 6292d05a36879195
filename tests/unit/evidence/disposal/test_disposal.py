"""Evidence goes by two persons' word, past its period, never under hold or of an open incident; its record stays."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError

from breachwatch import evidence
from breachwatch.clock import FixedClock
from breachwatch.errors import (
    ChangedMeanwhileError,
    EvidenceError,
    NotPermittedError,
    UnknownNameError,
    UsageError,
)
from breachwatch.evidence import bag, custody, disposal, holds
from breachwatch.evidence.disposal import removing
from breachwatch.model.people import Role
from breachwatch.records import audit, cases
from breachwatch.records.evidence_care import disposal_item
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY, a
from tests.unit.evidence.making import SealedCity, loosen

RECORDS = a(Role.RECORDS_OFFICER, "Rosa Records")
COUNSEL = a(Role.COUNSEL, "Carla Counsel")
WHAT = {"authority": "retention schedule GS-12", "reason": "its period is over"}


def close(ws: Workspace, at: datetime, state: str = "closed") -> None:
    with ws.database.write() as connection:
        connection.execute(update(cases.incident).values(state=state, closed_at=at))


@pytest.fixture
def closed(sealed_city: SealedCity) -> SealedCity:
    """The city with its incident closed a day ago, evidence being kept for 30 days after that."""
    toml = sealed_city.ws.root / "breachwatch.toml"
    toml.write_text(toml.read_text() + "[evidence]\nretention_days = 30\n")
    ws = evidence_ws(sealed_city, 31)
    close(ws, ws.clock.now() - timedelta(days=31))
    return SealedCity(ws, sealed_city.rules, sealed=sealed_city.sealed)


def evidence_ws(city: SealedCity, days: float) -> Workspace:
    from breachwatch.workspace import open_workspace

    return open_workspace(city.ws.root, FixedClock(city.ws.clock.now() + timedelta(days=days)))


def asked(city: SealedCity, **how: object) -> str:
    return disposal.request(city.ws, [city.sealed.number], **WHAT, by=RECORDS, **how).number  # type: ignore[arg-type]


def approved(city: SealedCity) -> str:
    number = asked(city)
    disposal.decide(city.ws, number, approve=True, reason="seen", by=COUNSEL)
    return number


def there(city: SealedCity) -> bool:
    return (city.ws.vault / city.sealed.number).is_dir()


def test_two_persons_dispose_and_the_record_stays(closed: SealedCity) -> None:
    ws, sealed = closed.ws, closed.sealed
    assert [(item.evidence, item.kept_by) for item in disposal.due(ws, by=SOMEBODY)] == [(sealed.number, ())]
    number = approved(closed)
    assert there(closed)
    done = disposal.carry_out(ws, number, by=RECORDS)
    assert done.done
    assert not there(closed)
    assert sorted(item.name for item in ws.vault.iterdir()) == ["custody.jsonl"]
    assert list((ws.state / "disposing").iterdir()) == []
    [item] = done.items
    assert (item.disposed_at, item.removed_at) == (ws.clock.now(), ws.clock.now())
    assert item.tagmanifest_sha256 == sealed.tagmanifest_sha256
    assert disposal.due(ws, by=SOMEBODY) == ()
    [line] = evidence.listing(ws, by=SOMEBODY)
    assert (line.disposed_at, line.tagmanifest_sha256) == (ws.clock.now(), sealed.tagmanifest_sha256)
    report = evidence.verify(ws, sealed.number)
    assert report.ok
    assert "Rosa Records" in report.checks[0].detail
    assert all(report.ok for report in evidence.verify_all(ws))
    with ws.database.read() as connection:
        links = [json.loads(line) for line in custody.lines(connection, sealed.number)]
        assert custody.check_chain(connection).ok
        assert audit.check_chain(connection).ok
    assert [link["event"] for link in links] == ["sealed", "verified", "disposed"]
    assert (links[-1]["authority"], links[-1]["approved_by"]) == ("retention schedule GS-12", "Carla Counsel")
    assert disposal.carry_out(ws, number, by=RECORDS) == done  # again: nothing more
    with pytest.raises(UsageError, match="was disposed of by DISP-2026-0001 already"):
        asked(closed)
    with pytest.raises(EvidenceError, match="its bytes are gone"):
        evidence.export(ws, sealed.number, ws.root)


def test_who_may_ask_and_who_may_decide(closed: SealedCity) -> None:
    ws = closed.ws
    with pytest.raises(NotPermittedError, match="ask for the disposal"):
        disposal.request(ws, [closed.sealed.number], **WHAT, by=a(Role.ANALYST))
    number = asked(closed)
    with pytest.raises(NotPermittedError, match="may not approve"):
        disposal.decide(ws, number, approve=True, reason="seen", by=RECORDS)
    both = replace(RECORDS, roles=frozenset({Role.COUNSEL}))
    with pytest.raises(NotPermittedError, match="somebody else decides"):
        disposal.decide(ws, number, approve=True, reason="seen", by=both)
    with pytest.raises(UsageError, match="not approved yet"):
        disposal.carry_out(ws, number, by=RECORDS)
    with pytest.raises(UsageError, match="say why"):
        disposal.decide(ws, number, approve=True, reason=" ", by=COUNSEL)
    with pytest.raises(UsageError, match="is to be disposed of by"):
        asked(closed)
    disposal.decide(ws, number, approve=False, reason="needed in court", by=COUNSEL)
    with pytest.raises(ChangedMeanwhileError, match="was refused by Carla Counsel"):
        disposal.decide(ws, number, approve=True, reason="seen", by=COUNSEL)
    with pytest.raises(UsageError, match="is refused"):
        disposal.carry_out(ws, number, by=RECORDS)
    with pytest.raises(NotPermittedError):
        disposal.carry_out(ws, number, by=a(Role.ANALYST))
    assert there(closed)
    assert asked(closed) == "DISP-2026-0002"  # a refused one does not stand in the way


def test_nothing_goes_before_its_period_without_an_order(sealed_city: SealedCity) -> None:
    close(sealed_city.ws, sealed_city.ws.clock.now())
    with pytest.raises(UsageError, match=r"for ever \(evidence.retention_days is 0\)"):
        asked(sealed_city)
    assert disposal.due(sealed_city.ws, by=SOMEBODY) == ()
    number = asked(sealed_city, early=True)
    with sealed_city.ws.database.read() as connection:
        body = connection.scalar(select(cases.audit.c.body).where(cases.audit.c.entity == number))
    assert json.loads(str(body))["after"]["before_its_period"] is True


def test_the_period_counts_from_the_closing(closed: SealedCity) -> None:
    close(closed.ws, closed.ws.clock.now() - timedelta(days=29))
    with pytest.raises(UsageError, match="is to be kept until"):
        asked(closed)
    assert disposal.due(closed.ws, by=SOMEBODY) == ()


def test_what_is_kept_is_refused(closed: SealedCity) -> None:
    ws, number = closed.ws, closed.sealed.number
    with pytest.raises(UnknownNameError):
        disposal.request(ws, ["EV-2026-000077"], **WHAT, by=RECORDS)
    with pytest.raises(UsageError, match="name the evidence"):
        disposal.request(ws, [number], authority=" ", reason="x", by=RECORDS)
    for state in ("new", "triage", "verifying"):
        close(ws, ws.clock.now(), state)
        with pytest.raises(UsageError, match=f"kept by {closed.sealed.incident}"):
            asked(closed)
    close(ws, ws.clock.now() - timedelta(days=31), "false positive")
    hold = holds.place(ws, [("account", "jdoe")], reason="Order 7", by=SOMEBODY).number
    with pytest.raises(UsageError, match=f"kept by {hold}"):
        asked(closed)
    holds.release(ws, hold, reason="settled", authority="letter", by=COUNSEL)
    holds.place(ws, [("account", "mira")], reason="Order 8", by=SOMEBODY)  # about somebody else
    assert asked(closed) == "DISP-2026-0001"


@pytest.mark.parametrize("comes", ["hold", "reopened"])
def test_what_comes_after_the_approval_wins(closed: SealedCity, comes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = closed.ws
    number = approved(closed)

    def late(*_: object) -> list[str]:  # in the last moment, when the program has asked for the last time
        if comes == "hold":
            holds.place(ws, [("source", "auth")], reason="Order 9", by=SOMEBODY)
        else:
            close(ws, ws.clock.now(), "investigating")
        monkeypatch.undo()
        return []

    monkeypatch.setattr(removing, "keepers", late)
    with pytest.raises(UsageError, match="is kept by"):
        disposal.carry_out(ws, number, by=RECORDS)
    assert there(closed)
    assert evidence.verify(ws, closed.sealed.number).ok
    assert not disposal.disposal(ws, number, by=SOMEBODY).done


def test_the_database_itself_refuses(closed: SealedCity) -> None:
    ws, sealed = closed.ws, closed.sealed
    number = asked(closed)
    gone = f"UPDATE disposal_item SET disposed_at = '2026-12-24 00:00:00', disposed_by = 'x' WHERE request = '{number}'"

    def refused(statement: str, why: str) -> None:
        with pytest.raises(DatabaseError, match=why), ws.database.write() as connection:
            connection.execute(text(statement))

    refused(gone, "a second person has not approved")
    refused("UPDATE disposal_request SET decision = 'approved', decider = requester", "does not decide on it")
    refused("UPDATE disposal_request SET authority = 'none'", "only ever completed|do not change")
    refused("DELETE FROM disposal_item", "only ever completed|do not change")
    refused(
        f"INSERT INTO disposal_item VALUES ('{number}', '{sealed.number}', '', 1, '2026-12-24 00:00:00', 'x', NULL)",
        "before anybody decides|names this evidence already",
    )
    disposal.decide(ws, number, approve=True, reason="seen", by=COUNSEL)
    refused("UPDATE disposal_request SET decision = 'refused'", "decided on already")
    hold = holds.place(ws, [("source", "auth")], reason="Order 9", by=SOMEBODY).number
    refused(gone, "keeps this evidence")
    holds.release(ws, hold, reason="settled", authority="letter", by=COUNSEL)
    close(ws, ws.clock.now(), "contained")
    refused(gone, "keeps this evidence")
    close(ws, ws.clock.now())
    disposal.carry_out(ws, number, by=RECORDS)
    refused("UPDATE disposal_item SET disposed_at = NULL", "disposed of already|second person|keeps")


def test_altered_evidence_is_not_thrown_away(closed: SealedCity) -> None:
    number = approved(closed)
    place = closed.ws.vault / closed.sealed.number
    loosen(place)
    with (place / "data/matches.jsonl").open("ab") as file:
        file.write(b" ")
    with pytest.raises(EvidenceError, match="does not verify"):
        disposal.carry_out(closed.ws, number, by=RECORDS)
    assert there(closed)


class Killed(BaseException):
    """Stands for the process being killed."""


@pytest.mark.parametrize("where", ["_move_aside", "_enter", "_remove", "_note_removed"])
@pytest.mark.parametrize("after", [False, True])
def test_killed_and_swept(closed: SealedCity, monkeypatch: pytest.MonkeyPatch, where: str, after: bool) -> None:
    ws = closed.ws
    number = approved(closed)
    real = getattr(removing, where)

    def dies(*arguments: object) -> None:
        if after:
            real(*arguments)
        raise Killed

    monkeypatch.setattr(removing, where, dies)
    with pytest.raises(Killed):
        disposal.carry_out(ws, number, by=RECORDS)
    monkeypatch.undo()
    removing.sweep(ws)
    gone = disposal.disposal(ws, number, by=SOMEBODY).done
    assert gone == (where in {"_remove", "_note_removed"})
    assert there(closed) is not gone
    assert evidence.verify(ws, closed.sealed.number).ok
    assert disposal.carry_out(ws, number, by=RECORDS).done
    [item] = disposal.disposal(ws, number, by=SOMEBODY).items
    assert item.removed_at is not None
    assert list((ws.state / "disposing").iterdir()) == []
    with ws.database.read() as connection:
        assert connection.execute(select(disposal_item)).one().removed_at is not None
    assert evidence.verify(ws, closed.sealed.number).ok


def test_half_deleted_bytes_are_deleted_by_the_next(closed: SealedCity, monkeypatch: pytest.MonkeyPatch) -> None:
    number = approved(closed)

    def half(folder: object) -> None:
        (closed.ws.state / "disposing" / closed.sealed.number).chmod(0o700)
        (closed.ws.state / "disposing" / closed.sealed.number / "bagit.txt").unlink()
        raise Killed

    monkeypatch.setattr(bag, "remove", half)
    with pytest.raises(Killed):
        disposal.carry_out(closed.ws, number, by=RECORDS)
    monkeypatch.undo()
    assert removing.sweep(closed.ws) == 1
    assert removing.sweep(closed.ws) == 0
    assert list((closed.ws.state / "disposing").iterdir()) == []
    assert disposal.disposal(closed.ws, number, by=SOMEBODY).items[0].removed_at is not None
