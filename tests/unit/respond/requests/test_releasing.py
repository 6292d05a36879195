"""From the search to the release: every item decided, counsel's signature on the exact hash, the same bytes again."""

from __future__ import annotations

from pathlib import Path

import pytest

from breachwatch.errors import ChangedMeanwhileError, NotPermittedError, UnknownNameError, UsageError
from breachwatch.evidence.verification import verify
from breachwatch.incidents.casework import notes
from breachwatch.model.people import Role
from breachwatch.model.requests import RequestStep, Review
from breachwatch.records import audit
from breachwatch.respond.intake.communications import communications
from breachwatch.respond.requests import handling, redacting, releasing
from breachwatch.respond.requests.appeals import appeal, review
from breachwatch.respond.requests.content import canonical, digest
from breachwatch.respond.requests.receiving import Incoming, link, receive
from breachwatch.respond.requests.rendering import archive_of, files_of
from tests.somebody import a
from tests.unit.respond.requests.conftest import ANALYST, CLERK, COUNSEL, IN_BOTH, INC, PR, Desk


@IN_BOTH
def test_nothing_is_withheld_before_somebody_named_the_exemption(texas: Desk) -> None:
    texas.linked()
    notes.write(texas.ws, INC, "the vendor was called", by=ANALYST)
    with pytest.raises(UsageError, match="not decided"):
        releasing.prepare(texas.ws, PR, by=CLERK)
    taken = texas.withheld()
    assert taken >= 5
    left = redacting.undecided(redacting.standings(texas.ws, PR, by=CLERK))
    assert [(item.item.id, item.proposed) for item in left] == [("note:1/text", None)]
    redacting.redact(texas.ws, PR, ["note:1/text"], by=CLERK, reason="read", clear=True)
    made = releasing.prepare(texas.ws, PR, by=CLERK)
    assert "the vendor was called" in canonical(made.content)
    assert made.withheld == taken


def test_a_sealed_item_cannot_be_cleared_and_is_not_shown(texas: Desk) -> None:
    notes.write(texas.ws, INC, "do not settle", by=COUNSEL, privileged=True)
    texas.linked()
    [sealed] = [item for item in redacting.standings(texas.ws, PR, by=CLERK) if item.item.record == "note:1"]
    assert (sealed.item.text, sealed.item.clearable) == ("", False)
    assert sealed.proposed is not None
    assert sealed.proposed.id == "tx-552-107"
    with pytest.raises(UsageError, match="advice of counsel"):
        redacting.redact(texas.ws, PR, [sealed.item.id], by=CLERK, reason="why not", clear=True)


def test_unknown_exemptions_and_items_are_refused(texas: Desk) -> None:
    texas.linked()
    with pytest.raises(UnknownNameError):
        redacting.redact(texas.ws, PR, ["*"], by=CLERK, reason="so", exemption="ca-7929-210")
    with pytest.raises(UnknownNameError):
        redacting.redact(texas.ws, PR, ["note:99/*"], by=CLERK, reason="so", clear=True)
    with pytest.raises(UsageError, match="either"):
        redacting.redact(texas.ws, PR, ["*"], by=CLERK, reason="so")
    with pytest.raises(NotPermittedError):
        redacting.redact(texas.ws, PR, ["*"], by=ANALYST, reason="so", clear=True)
    with pytest.raises(NotPermittedError):
        redacting.standings(texas.ws, PR, by=ANALYST)


def test_counsel_signs_one_hash_and_nobody_signs_their_own(texas: Desk) -> None:
    texas.linked()
    texas.withheld()
    made = releasing.prepare(texas.ws, PR, by=CLERK)
    with pytest.raises(UsageError, match="is not the hash"):
        releasing.sign(texas.ws, PR, "0" * 64, by=COUNSEL, reason="read")
    with pytest.raises(NotPermittedError):
        releasing.sign(texas.ws, PR, made.sha256, by=CLERK, reason="read")
    both = a(Role.COUNSEL, "rio")
    with pytest.raises(NotPermittedError, match="somebody else"):
        releasing.sign(texas.ws, PR, made.sha256, by=both, reason="read")
    releasing.sign(texas.ws, PR, made.sha256, by=COUNSEL, reason="not the vendor's name", refuse=True)
    assert texas.read().state == "sent back"


def test_nothing_leaves_unsigned_or_otherwise_than_signed(texas: Desk, tmp_path: Path) -> None:
    texas.linked()
    texas.asked()
    with pytest.raises(UsageError, match="nothing was prepared"):
        releasing.release(texas.ws, PR, tmp_path / "a", by=CLERK, reason="now")
    signed = texas.signed()
    redacting.redact(texas.ws, PR, ["incident:*/title"], by=CLERK, reason="after all", clear=True)
    with pytest.raises(ChangedMeanwhileError, match="decided otherwise"):
        releasing.release(texas.ws, PR, tmp_path / "b", by=CLERK, reason="now")
    assert not (tmp_path / "b").exists()
    again = releasing.prepare(texas.ws, PR, by=CLERK)
    assert (again.version, again.sha256 == signed.sha256) == (2, False)


def test_texas_withholds_nothing_before_the_attorney_general_was_asked(texas: Desk, tmp_path: Path) -> None:
    texas.linked()
    texas.signed()
    with pytest.raises(UsageError, match=r"552\.301"):
        releasing.release(texas.ws, PR, tmp_path / "out", by=CLERK, reason="now")
    handling.note_step(
        texas.ws, PR, RequestStep.PREVIOUS_DETERMINATION, by=CLERK, reason="a ruling on the same kind of record"
    )
    assert releasing.release(texas.ws, PR, tmp_path / "out", by=CLERK, reason="now").version == 1


def test_a_release_is_evidence_and_its_bytes_can_be_made_again(california: Desk, tmp_path: Path) -> None:
    california.linked()
    handling.search(california.ws, PR, "the register of incidents", by=CLERK)
    signed = california.signed()
    made = releasing.release(california.ws, PR, tmp_path / "out", by=CLERK, reason="by e-mail")
    assert verify(california.ws, made.evidence).ok
    assert signed.sha256 == made.sha256 == digest(canonical(signed.content))
    with pytest.raises(UsageError, match="released already"):
        releasing.release(california.ws, PR, tmp_path / "twice", by=CLERK, reason="once more")
    later = california.later(days=400)
    notes.write(later.ws, INC, "another year", by=ANALYST)
    releasing.write_version(later.ws, PR, tmp_path / "again", by=COUNSEL)
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    again = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert again == {name: content for name, content in written.items() if not name.endswith(".zip")}
    assert archive_of(files_of(signed.content)) == written["PR-2026-0001-1.zip"]
    with pytest.raises(UsageError, match="holds something"):
        releasing.write_version(later.ws, PR, tmp_path / "again", by=COUNSEL)
    step = california.read().last(RequestStep.RELEASED)
    assert step is not None
    assert (step.detail["evidence"], step.detail["files"]) == (made.evidence, dict(made.files))


def test_every_change_stands_in_the_audit_log(california: Desk, tmp_path: Path) -> None:
    california.linked()
    california.signed()
    releasing.release(california.ws, PR, tmp_path / "out", by=CLERK, reason="by e-mail")
    with california.ws.database.read() as connection:
        changes = [row.change.split(" at ")[0] for row in audit.trail(connection, PR)]
        assert audit.check_chain(connection).ok
    kept = [change for change in changes if "items" not in change and "communication" not in change]
    assert kept == ["none -> received", "linked", "release 1 prepared", "signed", "released"]


@IN_BOTH
def test_an_appeal_is_about_a_decision_and_somebody_else_reviews_it(california: Desk, tmp_path: Path) -> None:
    california.linked()
    california.signed()
    releasing.release(california.ws, PR, tmp_path / "out", by=CLERK, reason="by e-mail")
    handling.note_step(california.ws, PR, RequestStep.DELIVERED, by=CLERK, reason="receipt of the server")
    handling.close(california.ws, PR, by=CLERK, reason="answered")
    now, item = california.ws.clock.now(), "incident:INC-2026-0001/title"
    with pytest.raises(UnknownNameError):
        appeal(california.ws, PR, "step:999", who="the requester", by=CLERK, reason="all of it", at=now)
    found = appeal(california.ws, PR, item, who="the requester", by=CLERK, reason="the title is public", at=now)
    assert found.state == "under review"
    seq = found.open_appeals[0].seq
    with pytest.raises(UsageError, match="somebody else"):
        review(california.ws, PR, seq, Review.UPHELD, decided_by="rio", by=CLERK, reason="no")
    reviewed = review(california.ws, PR, seq, Review.CHANGED, decided_by="", by=COUNSEL, reason="it names nobody")
    assert (reviewed.closed, reviewed.open_appeals) == (False, ())
    redacting.redact(california.ws, PR, [item], by=CLERK, reason="as reviewed", clear=True)
    assert releasing.prepare(california.ws, PR, by=CLERK).version == 2


def test_a_request_goes_to_its_incidents_only(california: Desk) -> None:
    california.linked()
    with pytest.raises(UsageError, match="already linked"):
        link(california.ws, PR, INC, by=CLERK, reason="again")
    with pytest.raises(UnknownNameError):
        link(california.ws, PR, "INC-2026-0099", by=CLERK, reason="a guess")
    link(california.ws, PR, INC, by=CLERK, reason="another one was meant", undo=True)
    found = handling.search(california.ws, PR, "nothing is linked", by=CLERK)
    assert found.steps[-1].detail == {"found": {}, "incidents": [], "items": 0}


def test_what_was_written_to_and_fro_is_kept_with_its_proof(california: Desk, tmp_path: Path) -> None:
    california.linked()
    handling.note_step(california.ws, PR, RequestStep.CLARIFICATION_ASKED, by=CLERK, reason="which of the two?")
    california.signed()
    made = releasing.release(california.ws, PR, tmp_path / "out", by=CLERK, reason="by e-mail")
    handling.note_step(california.ws, PR, RequestStep.DELIVERED, by=CLERK, reason="receipt of the mail server")
    kept = [item.message for item in communications(california.ws, by=CLERK, request=PR)]
    assert [(item.direction.value, item.evidence) for item in kept] == [
        ("in", california.read().evidence), ("out", ""), ("out", made.evidence),
    ]  # fmt: skip


@IN_BOTH
def test_words_that_a_database_could_not_hold_are_received_all_the_same(california: Desk) -> None:
    what = Incoming("All\x00 records \udcff\x1b[2J", "e-mail", california.at("2026-11-20T09:30"), "A\x00", "\udcff@x")
    found = receive(california.ws, what, by=CLERK)
    assert found.words.startswith("All")
    assert verify(california.ws, found.evidence).ok
