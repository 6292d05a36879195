"""Holds keep evidence: what they are about, in the code and in the database, told in the chain of custody."""

from __future__ import annotations

import base64
import codecs
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DatabaseError

from breachwatch import evidence
from breachwatch.errors import NotPermittedError, UnknownNameError, UsageError
from breachwatch.evidence import custody, disposal, holds
from breachwatch.evidence.adding import Given, Receipt
from breachwatch.evidence.bag import CHUNK
from breachwatch.evidence.holds.searching import about
from breachwatch.evidence.holds.texts import is_plain_text
from breachwatch.model.people import Actor, Role
from breachwatch.records import audit, cases
from breachwatch.records.evidence_care import hold_evidence
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY, a
from tests.unit.evidence.making import NIGHT, City, SealedCity, loosen

COUNSEL = a(Role.COUNSEL, "Carla Counsel")
ANALYST = a(Role.ANALYST, "Ann Analyst")


def placed(ws: Workspace, *items: tuple[str, str], **how: object) -> str:
    return holds.place(ws, items, reason="a request", by=SOMEBODY, **how).number  # type: ignore[arg-type]


def covered(ws: Workspace, number: str) -> list[tuple[str, str]]:
    return list(holds.record(ws, number, by=SOMEBODY).evidence)


def links(ws: Workspace, evidence: str) -> list[str]:
    with ws.database.read() as connection:
        return [json.loads(line)["event"] for line in custody.lines(connection, evidence)]


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (("account", "jdoe"), "names the account jdoe"),
        (("account", "CITY\\JDoe"), "names the account CITY\\JDoe"),
        (("host", "vpn01.city.gov"), "names the host vpn01.city.gov"),
        (("source", "auth"), "of the source auth"),
    ],
)
def test_a_hold_covers_the_evidence_that_is_about_it(sealed_city: SealedCity, item: tuple[str, str], why: str) -> None:
    ws, number = sealed_city.ws, sealed_city.sealed.number
    hold = placed(ws, item)
    assert covered(ws, hold) == [(number, why)]
    assert links(ws, number) == ["sealed", "hold_placed"]
    assert holds.cover(ws, by=SOMEBODY) == ()  # decided once
    with ws.database.read() as connection:
        assert holds.keepers(connection, number) == [hold, sealed_city.sealed.incident]


def test_a_hold_on_an_incident_or_a_time(sealed_city: SealedCity) -> None:
    ws, sealed = sealed_city.ws, sealed_city.sealed
    assert covered(ws, placed(ws, ("incident", sealed.incident))) == [(sealed.number, f"of {sealed.incident}")]
    assert covered(ws, placed(ws, since=NIGHT, until=NIGHT + timedelta(hours=1))) == [(sealed.number, "of its time")]
    assert covered(ws, placed(ws, ("account", "jdoe"), until=NIGHT - timedelta(days=2))) == []
    assert covered(ws, placed(ws, since=NIGHT + timedelta(days=2))) == []


def test_what_is_about_others_is_not_covered_and_a_name_in_a_rule_does_not_count(sealed_city: SealedCity) -> None:
    ws, number = sealed_city.ws, sealed_city.sealed.number
    assert covered(ws, placed(ws, ("account", "mira"), ("host", "db07"))) == []
    assert covered(ws, placed(ws, ("account", "DRL"))) == []  # the licence of the rule that is kept in the bag
    assert links(ws, number) == ["sealed"]
    with ws.database.read() as connection:
        assert holds.keepers(connection, number) == [sealed_city.sealed.incident]


def test_bytes_that_no_row_tells_of_count(city: City) -> None:
    near = [f"Nov 22 02:00:{n:02d} vpn01 sshd[1]: Failed password for jdoe from 203.0.113.9\n" for n in range(20)]
    hidden = b"Nov 22 02:00:30 vpn01 app[7]: \x00" + "zoe".encode("utf-16-le") + b"\n"
    sealed = city.snapshot(lines=[*near, hidden], user="jdoe")
    assert covered(city.ws, placed(city.ws, ("account", "ZOE"))) == [(sealed.number, "names the account ZOE")]


@pytest.mark.parametrize("spoiled", ["data/events.csv", "data/sources.json", "tagmanifest-sha256.txt"])
def test_in_doubt_evidence_is_covered(sealed_city: SealedCity, spoiled: str) -> None:
    bag = Path(sealed_city.sealed.path)
    loosen(bag)
    with (bag / spoiled).open("ab") as file:
        file.write(b" ")
    [(number, why)] = covered(sealed_city.ws, placed(sealed_city.ws, ("account", "mira")))
    assert number == sealed_city.sealed.number
    assert "it cannot be told" in why


def test_evidence_that_is_not_there_stays_undecided_and_kept(sealed_city: SealedCity) -> None:
    bag = Path(sealed_city.sealed.path)
    loosen(bag)
    bag.rename(bag.parent.parent / "elsewhere")
    hold = placed(sealed_city.ws, ("account", "mira"))
    assert covered(sealed_city.ws, hold) == []
    with sealed_city.ws.database.read() as connection:
        assert hold in holds.keepers(connection, sealed_city.sealed.number)


def test_evidence_that_is_sealed_later_is_found_and_kept_until_then(city: City) -> None:
    hold = placed(city.ws, ("account", "jdoe"))
    other = placed(city.ws, ("account", "mira"))
    sealed = city.snapshot()
    with city.ws.database.read() as connection:
        assert holds.keepers(connection, sealed.number) == [hold, other, sealed.incident]
    found = holds.cover(city.ws, by=SOMEBODY)
    assert [(item.hold, item.covered) for item in found] == [(hold, True), (other, False)]
    with city.ws.database.read() as connection:
        assert holds.keepers(connection, sealed.number) == [hold, sealed.incident]


def test_an_incident_that_is_merged_into_one_under_hold_is_kept(sealed_city: SealedCity) -> None:
    ws, sealed = sealed_city.ws, sealed_city.sealed
    with ws.database.write() as connection:
        row = connection.execute(select(cases.incident)).mappings().one()
        connection.execute(insert(cases.incident).values({**row, "number": "INC-2026-0099"}))
        connection.execute(update(cases.incident).values(state="closed", closed_at=NIGHT))
    hold = placed(ws, ("incident", "INC-2026-0099"), until=NIGHT - timedelta(days=9))
    assert covered(ws, hold) == []
    with ws.database.write() as connection:
        assert holds.keepers(connection, sealed.number) == []
        merged = {"state": "merged", "merged_into": "INC-2026-0099"}
        connection.execute(update(cases.incident).where(cases.incident.c.number == sealed.incident).values(merged))
        assert holds.keepers(connection, sealed.number) == [hold]


def test_who_may_place_and_release(sealed_city: SealedCity) -> None:
    ws, number = sealed_city.ws, sealed_city.sealed.number
    with pytest.raises(NotPermittedError, match="may not place a hold"):
        holds.place(ws, [("account", "jdoe")], reason="x", by=a(Role.HELPDESK))
    hold = holds.place(ws, [("account", "jdoe")], reason="Order 26-104", authority="Order 26-104", by=ANALYST)
    assert (hold.authority, hold.placed_by) == ("Order 26-104", "Ann Analyst")
    with pytest.raises(NotPermittedError, match=r"Ann Analyst \(analyst\) may not release a hold"):
        holds.release(ws, hold.number, reason="settled", authority="letter", by=ANALYST)
    for reason, authority in (("", "letter"), ("settled", " ")):
        with pytest.raises(UsageError, match="by which authority"):
            holds.release(ws, hold.number, reason=reason, authority=authority, by=COUNSEL)
    ended = holds.release(ws, hold.number, reason="settled", authority="letter of May 4", by=COUNSEL)
    assert (ended.released_by, ended.release_authority) == ("Carla Counsel", "letter of May 4")
    assert links(ws, number) == ["sealed", "hold_placed", "hold_released"]
    with ws.database.read() as connection:
        assert holds.keepers(connection, number) == [sealed_city.sealed.incident]
        assert custody.check_chain(connection).ok
        assert audit.check_chain(connection).ok
        trail = [row.change for row in audit.trail(connection, hold.number)]
    assert trail == ["none -> in force", "in force -> released"]


def test_the_database_keeps_what_was_decided(sealed_city: SealedCity) -> None:
    ws = sealed_city.ws
    hold = placed(ws, ("account", "jdoe"), authority="Order 7")
    on_incident = placed(ws, ("incident", sealed_city.sealed.incident))
    refused = (
        "UPDATE hold_evidence SET covered = 0",
        "DELETE FROM hold_evidence",
        f"UPDATE hold SET authority = 'none' WHERE number = '{hold}'",
        f"INSERT INTO hold_evidence VALUES ('{on_incident}', '{sealed_city.sealed.number}', 0, '', NULL)",
        "UPDATE hold_custodian SET name = ''",
        "DELETE FROM hold_custodian",
    )
    holds.add_custodians(ws, hold, ["Omar <omar@city.gov>"], by=COUNSEL)
    for statement in refused:
        with pytest.raises(DatabaseError), ws.database.write() as connection:
            connection.execute(text(statement))
    with ws.database.read() as connection:
        assert len(connection.execute(select(hold_evidence)).all()) == 2


PEOPLE = """
[[people]]
login = "omar"
name = "Omar Ortiz"
title = "Records clerk"
email = "omar@city.gov"
roles = ["helpdesk"]
"""


def test_custodians_acknowledge(make_city: object) -> None:
    ws = make_city(PEOPLE).ws  # type: ignore[operator]
    who = ["omar", "Zed Vendor <zed@vendor.example>"]
    hold = placed(ws, ("account", "jdoe"), custodians=who)
    record = holds.record(ws, hold, by=SOMEBODY)
    assert [(person.person, person.contact) for person in record.unacknowledged] == [
        ("omar", "omar@city.gov"),
        ("Zed Vendor", "zed@vendor.example"),
    ]
    omar = a(Role.HELPDESK, "omar")
    own = holds.acknowledge(ws, hold, by=omar)
    assert (own.acknowledged_at, own.acknowledged_how) == (ws.clock.now(), "by command (cli)")
    with pytest.raises(NotPermittedError):
        holds.acknowledge(ws, hold, by=omar, person="Zed Vendor", how="said so")
    with pytest.raises(UsageError, match="how they acknowledged"):
        holds.acknowledge(ws, hold, by=COUNSEL, person="Zed Vendor")
    with pytest.raises(UsageError, match="no time that has passed"):
        holds.acknowledge(ws, hold, by=COUNSEL, person="Zed Vendor", how="x", at=ws.clock.now() + timedelta(hours=1))
    with pytest.raises(UnknownNameError):
        holds.acknowledge(ws, hold, by=COUNSEL, person="Nobody", how="x")
    at = ws.clock.now() - timedelta(days=1)
    zed = holds.acknowledge(ws, hold, by=COUNSEL, person="Zed Vendor", how="signed letter", at=at)
    assert (zed.acknowledged_at, zed.recorded_by) == (at, "Carla Counsel")
    assert holds.record(ws, hold, by=SOMEBODY).unacknowledged == ()
    with pytest.raises(UsageError, match="already"):
        holds.acknowledge(ws, hold, by=COUNSEL, person="Zed Vendor", how="again")
    holds.note_told(ws, hold, "omar", kind="reminder", how="mail", text="keep it", by=COUNSEL)
    assert [told.kind for told in holds.record(ws, hold, by=SOMEBODY).custodians[0].told] == ["reminder"]
    with pytest.raises(UsageError, match="is a custodian"):
        holds.add_custodians(ws, hold, ["omar"], by=COUNSEL)
    with pytest.raises(UsageError, match="named twice"):
        placed(ws, ("account", "jdoe"), custodians=["Zed", "Zed"])
    with pytest.raises(UsageError, match="login of"):
        placed(ws, ("account", "jdoe"), custodians=["<only@contact>"])


def test_a_bag_is_read_in_pieces(sealed_city: SealedCity, monkeypatch: pytest.MonkeyPatch) -> None:
    from breachwatch.evidence.holds import searching

    sealed = sealed_city.sealed
    for size in (7, 64, 4096):  # names lie across the pieces
        monkeypatch.setattr(searching, "CHUNK", size)
        found = about(Path(sealed.path), sealed.tagmanifest_sha256, [("account", "jdoe"), ("account", "mira")])
        assert found.named == {("account", "jdoe")}
        assert (found.first, found.last) == (NIGHT, NIGHT + timedelta(seconds=9))


def handed_over(city: City, *contents: bytes) -> str:
    given = [Given(f"{number}.bin", io.BytesIO(content)) for number, content in enumerate(contents)]
    return evidence.add_file(city.ws, given, by=SOMEBODY, receipt=Receipt("Ann Clerk", "kept")).number


def test_text_that_was_handed_over_is_searched(city: City) -> None:
    city.log()
    plain = handed_over(city, b"From the help desk:\n\tjdoe called at 9.\n", "Größe\n".encode())
    windows = handed_over(city, codecs.BOM_UTF16_LE + "JDOE was locked out\r\n".encode("utf-16-le"))
    nobody = handed_over(city, b"nothing of interest\n")
    by_name = placed(city.ws, ("account", "jdoe"))
    assert covered(city.ws, by_name) == [(number, "names the account jdoe") for number in (plain, windows)]
    whys = dict(covered(city.ws, placed(city.ws, ("source", "auth"))))
    assert whys.keys() == {plain, windows, nobody}, "where it is from is not known"
    assert "handed over" in whys[nobody]
    assert covered(city.ws, placed(city.ws, until=NIGHT)) == [
        (number, "of its time") for number in (plain, windows, nobody)
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\x00",
        b"\xff\xfe\x00",
        b"caf\xe9",
        "\ufeffa".encode("utf-16-be"),
        b"Content-Transfer-Encoding: base64\n\namRvZQ==\n",
        b"a\n" + base64.b64encode(b"jdoe" * 60),
        b"x" * (CHUNK - 3) + b" src=data:text/plain;base64,amRvZQ==",
    ],
)
def test_what_is_no_plain_text_is_covered_and_that_is_said(city: City, content: bytes) -> None:
    number = handed_over(city, b"plain", content)
    [(told, why)] = covered(city.ws, placed(city.ws, ("account", "mira")))
    assert told == number
    assert "no plain text and is not searched" in why


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), max_size=150), st.sampled_from(["utf-8", "utf-16"])
)
def test_text_is_told_from_bytes(text: str, encoding: str) -> None:
    assert is_plain_text(io.BytesIO(text.encode(encoding)))
    assert not is_plain_text(io.BytesIO(text.encode(encoding) + b"\x00"))


def test_who_has_no_role_is_shown_no_list(sealed_city: SealedCity) -> None:
    ws, nobody = sealed_city.ws, Actor(name="nobody", roles=frozenset())
    for look in (evidence.listing, holds.records, disposal.disposals, disposal.due):
        with pytest.raises(NotPermittedError):
            look(ws, by=nobody)
        assert look(ws, by=SOMEBODY) is not None
