"""Handing an incident on: packages by custody, letter, receipt, status, outcome; who may see what."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from breachwatch import evidence, incidents
from breachwatch.errors import NotPermittedError, UnknownNameError, UsageError
from breachwatch.evidence.handover import transfers_of
from breachwatch.model.papers import PaperState
from breachwatch.model.people import Actor, Role
from breachwatch.model.referrals import ReferralKind, ReferralStatus
from breachwatch.respond.intake.communications import communications
from breachwatch.respond.notices import file_of, papers_of
from breachwatch.respond.referrals import following, making, reading
from breachwatch.respond.referrals.following import Said
from breachwatch.respond.referrals.making import To
from tests.conftest import NOW
from tests.somebody import SOMEBODY
from tests.unit.respond.intake.conftest import ANALYST, AUDITOR, CLERK, COUNSEL, HELPDESK, both, later
from tests.unit.respond.referrals.conftest import Case

POLICE = To("Det. of the day", "Testville Police", "555-0199")


def _letters(text: str) -> str:
    """Without what a line break puts in between."""
    return "".join(char for char in text if char.isalnum())


def police(case: Case, folder: Path | None = None, *numbers: str) -> str:
    basis = "Tex. Penal Code 33.02"
    made = making.refer(
        case.ws, case.incident, ReferralKind.LAW_ENFORCEMENT, POLICE, by=ANALYST, basis=basis, evidence=numbers,
        folder=folder,
    )  # fmt: skip
    return made.number


@both
def test_from_the_package_to_the_outcome(case: Case, tmp_path: Path) -> None:
    number = police(case, tmp_path, case.evidence)
    made = reading.referral_of(case.ws, number, by=AUDITOR)
    [package] = made.packages
    content = (tmp_path / package.archive).read_bytes()
    assert hashlib.sha256(content).hexdigest() == package.archive_sha256
    [moved] = transfers_of(case.ws, case.evidence, by=SOMEBODY)
    assert (moved.number, moved.archive_sha256, moved.recipient) == (
        package.transfer,
        package.archive_sha256,
        POLICE.person,
    )
    assert incidents.incident(case.ws, case.incident, by=ANALYST).referred
    pdf = following.letter(case.ws, number, by=ANALYST, request="Please tell us whether you take it up.")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    flat = _letters(text)
    for part in (number, case.incident, "33.02", package.archive_sha256, package.transfer, case.evidence):
        assert _letters(part) in flat, part
    [paper] = papers_of(case.ws, by=ANALYST, incident=case.incident)
    assert (paper.state, paper.sendings[0].recipients) == (PaperState.SENT, ReferralKind.LAW_ENFORCEMENT.value)
    assert file_of(case.ws, paper) == pdf
    assert evidence.verify(case.ws, paper.sendings[0].evidence).ok
    scan = tmp_path / "receipt.png"
    scan.write_bytes(b"signed")
    signed = following.receipt(case.ws, number, Said("Sgt. at the desk", reference="26-117", file=scan), by=ANALYST)
    assert (signed.status, signed.reference) == (ReferralStatus.RECEIVED, "26-117")
    assert evidence.verify(case.ws, signed.events[-1].evidence).ok
    assert [item.kind for item in transfers_of(case.ws, case.evidence, by=SOMEBODY)[0].answers] == ["acknowledged"]
    following.status(case.ws, number, ReferralStatus.INVESTIGATING, Said("Det."), by=COUNSEL)
    ended = following.outcome(case.ws, number, Said("Det.", text="no suspect"), by=COUNSEL)
    again = following.outcome(case.ws, number, Said("Det.", text="a suspect was charged"), by=COUNSEL)
    assert (ended.outcome, again.outcome, again.status.ended) == ("no suspect", "a suspect was charged", True)
    assert [event.what for event in again.events] == ["letter", "receipt", "status", "outcome", "outcome"]
    sent = [item.message for item in communications(case.ws, by=AUDITOR, incident=case.incident)]
    assert [(item.subject, item.body_sha256) for item in sent] == [
        (f"referral {number}", hashlib.sha256(pdf).hexdigest())
    ]


@both
def test_what_is_about_personnel_is_seen_by_few(case: Case) -> None:
    words = "the clerk sold the password"
    to = To("HR director", "Human Resources")
    made = making.refer(case.ws, case.incident, ReferralKind.HUMAN_RESOURCES, to, by=COUNSEL, basis=words)
    following.letter(case.ws, made.number, by=COUNSEL, request="Please look into it.")
    assert reading.referrals_of(case.ws, by=ANALYST) == (reading.referral_of(case.ws, made.number, by=ANALYST),)
    for who in (AUDITOR, CLERK, HELPDESK):
        assert reading.referrals_of(case.ws, by=who) == ()
        with pytest.raises(UnknownNameError, match="There is no referral yet"):
            reading.referral_of(case.ws, made.number, by=who)
    trail = incidents.incident(case.ws, case.incident, by=AUDITOR)
    told = " ".join(f"{row.change} {row.reason}" for row in trail.audit)
    assert words not in told
    assert "HR director" not in told
    assert not trail.referred
    for item in communications(case.ws, by=AUDITOR, incident=case.incident):
        assert "HR" not in str(item)
    assert papers_of(case.ws, by=AUDITOR, incident=case.incident) == ()
    with pytest.raises(UnknownNameError):
        following.outcome(case.ws, made.number, Said("x", text="x"), by=CLERK)


def test_what_cannot_be_is_refused(case: Case, tmp_path: Path) -> None:
    refer = making.refer
    kind = ReferralKind.REGULATOR
    for who in (HELPDESK, AUDITOR, Actor("nobody", frozenset({Role.PROGRAM}))):
        with pytest.raises(NotPermittedError):
            refer(case.ws, case.incident, kind, POLICE, by=who, basis="x")
    with pytest.raises(UsageError, match="basis"):
        refer(case.ws, case.incident, kind, POLICE, by=ANALYST, basis=" ")
    with pytest.raises(UsageError, match="to whom"):
        refer(case.ws, case.incident, kind, To(""), by=ANALYST, basis="x")
    with pytest.raises(UsageError, match="folder"):
        refer(case.ws, case.incident, kind, POLICE, by=ANALYST, basis="x", evidence=[case.evidence])
    with pytest.raises(UnknownNameError, match="evidence of INC"):
        police(case, tmp_path, "EV-2026-000001")  # sealed before there was an incident
    assert reading.referrals_of(case.ws, by=ANALYST) == ()
    number = police(case)
    for wrong in (Said(" "), Said("x", NOW + timedelta(days=1)), Said("x", NOW - timedelta(days=1))):
        with pytest.raises(UsageError):
            following.receipt(case.ws, number, wrong, by=ANALYST)
    with pytest.raises(UsageError, match="by its outcome"):
        following.status(case.ws, number, ReferralStatus.CLOSED, Said("x"), by=ANALYST)
    assert reading.referral_of(case.ws, number, by=ANALYST).events == ()


def test_a_package_that_failed_is_handed_over_later(case: Case, tmp_path: Path) -> None:
    (tmp_path / "REF-2026-0001-EV-2026-000002.tar.gz").write_bytes(b"in the way")
    with pytest.raises(UsageError, match="exists already"):
        police(case, tmp_path, case.evidence)
    (tmp_path / "REF-2026-0001-EV-2026-000002.tar.gz").unlink()
    assert reading.referral_of(case.ws, "REF-2026-0001", by=ANALYST).packages == ()
    ws = later(case.ws, hours=1)
    package = making.hand_over(ws, "REF-2026-0001", case.evidence, POLICE, by=ANALYST, folder=tmp_path)
    assert reading.referral_of(ws, "REF-2026-0001", by=ANALYST).packages == (package,)
    with pytest.raises(UsageError, match="already"):
        making.hand_over(ws, "REF-2026-0001", case.evidence, POLICE, by=ANALYST, folder=tmp_path)
