"""The after-action report: what it tells, for whom, and that the same records give the same bytes."""

from __future__ import annotations

import io
import os
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from breachwatch import documents
from breachwatch.clock import FixedClock
from breachwatch.documents import Document, Table
from breachwatch.errors import NotPermittedError
from breachwatch.model.papers import Form, Paper, Sending, Way
from breachwatch.report.after_action import PRIVILEGED, after_action
from breachwatch.respond.closure.checklist import checklist
from breachwatch.respond.closure.record import case_record
from breachwatch.respond.metrics.compliance import Kept
from breachwatch.respond.metrics.measuring import metrics_of_month
from breachwatch.workspace import Workspace
from tests.postgresql.choosing import both
from tests.unit.incidents.casework.conftest import ANALYST, COUNSEL, Desk
from tests.unit.respond.closure.conftest import SANCTION, SECRET

INC = "INC-2026-0001"
GOLDEN = Path(__file__).parent / "golden" / "after_action.html"


def report(ws: Workspace, *, privileged: bool = False) -> Document:
    city = ws.settings.city
    record = case_record(ws, INC, by=COUNSEL if privileged else ANALYST, privileged=privileged)
    return after_action(record, city.name, city.zone, privileged=privileged)


def words(pdf: bytes) -> list[str]:
    """The text of each page."""
    from pypdf import PdfReader

    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


@both
def test_the_report_is_the_one_that_was_read_and_found_right(worked: Desk) -> None:
    """With WRITE_GOLDEN=1 the file is written anew, to be read before it is committed."""
    made = documents.render_html(report(worked.ws))
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.write_bytes(made)
    assert made.decode() == GOLDEN.read_text(encoding="utf-8")


def test_every_form_has_the_same_bytes_whenever_it_is_made(worked: Desk) -> None:
    ws = worked.ws
    tomorrow = replace(ws, clock=FixedClock(ws.clock.now() + timedelta(days=30)))
    for render in (documents.render_html, documents.render_pdf, documents.render_docx):
        assert render(report(ws)) == render(report(tomorrow))


def test_what_is_privileged_or_about_employment_leaves_with_no_form(worked: Desk) -> None:
    made = report(worked.ws)
    docx = zipfile.ZipFile(io.BytesIO(documents.render_docx(made)))
    unpacked = b"".join(docx.read(name) for name in docx.namelist())
    pdf = " ".join(words(documents.render_pdf(made)))
    for content in (documents.render_html(made).decode(), unpacked.decode("utf-8", "replace"), pdf):
        flat = content.replace("\u200b", "").replace("\n", "")
        assert SECRET not in flat
        assert SANCTION not in flat
        assert "PRIVILEGED" not in flat
        assert "Forwarding rules are watched now." in flat.replace("  ", " ")


def test_the_version_for_counsel_says_so_on_each_page(worked: Desk) -> None:
    made = report(worked.ws, privileged=True)
    pages = words(documents.render_pdf(made))
    assert len(pages) > 2
    assert all(PRIVILEGED.split(":", maxsplit=1)[0] in page for page in pages)
    assert SECRET in documents.render_html(made).decode()
    with pytest.raises(NotPermittedError, match="privileged"):
        case_record(worked.ws, INC, by=ANALYST, privileged=True)


def test_clocks_met_and_missed_are_told_with_their_law(worked: Desk) -> None:
    text = re.sub(r"<[^>]+>", " ", documents.render_html(report(worked.ws)).decode())
    rows = {name: row for name in ("2063.302", "521.053(b)") for row in text.splitlines() if name in row}
    assert "Of 3 clocks: 2 met before the safe date; 1 missed." in text
    assert rows


def test_the_checklist_of_a_closed_incident_names_who_met_what(worked: Desk) -> None:
    found = checklist(worked.ws, INC, by=ANALYST)
    assert found.ready
    by = {item.guard.value: item.met for item in found.items}
    assert [(met.what, met.by) for met in by["closing-statement"]] == [
        ("A mailbox of the billing office was read by a stranger. 612 residents were told.", "dora")
    ]
    assert ("action 1, containment of web01", "audrey") in [(met.what, met.by) for met in by["actions-verified"]]
    assert all(SANCTION not in met.what for item in found.items for met in item.met)
    assert ("tx-individuals: required, and sent", "cole") in [(m.what, m.by) for m in by["obligations-terminal"]]
    assert [item.guard.value for item in found.items if item.set_aside] == ["tasks-done"]


def test_referrals_and_requests_that_are_open_are_named_and_stop_nothing(worked: Desk) -> None:
    from breachwatch.records import referrals, requests

    ws, at = worked.ws, worked.ws.clock.now()
    assert checklist(ws, INC, by=ANALYST).warnings == ()
    with ws.database.write() as connection:
        for number, restricted in (("REF-2026-0001", 0), ("REF-2026-0002", 1)):
            connection.execute(
                referrals.referral.insert().values(
                    number=number, incident=INC, kind="law-enforcement", recipient="Police", organization="",
                    contact="", basis="x", restricted=restricted, made_by="dora", made_at=at,
                )
            )  # fmt: skip
        connection.execute(
            requests.request.insert().values(
                number="PR-2026-0001", received_at=at, zone="UTC", channel="mail", requester="", contact="",
                language="en", words="all", evidence="EV-2026-000001", profile="", profile_sha256="", law="{}",
                law_of="2026-11-26", recorded_by="rio", recorded_at=at,
            )
        )  # fmt: skip
        step = {"request": "PR-2026-0001", "at": at, "reason": "x", "recorded_by": "rio", "recorder": "rio"}
        step |= {"recorded_at": at, "detail": f'{{"incident": "{INC}"}}'}
        connection.execute(requests.step.insert().values(step="linked", **step))
    assert checklist(ws, INC, by=ANALYST).warnings == (
        "referral REF-2026-0001 to Police has no outcome yet",
        "referral REF-2026-0002 has no outcome yet",
        "records request PR-2026-0001 is not closed; its clock runs on",
    )
    with ws.database.write() as connection:
        connection.execute(requests.step.insert().values(step="closed", **step))
    found = checklist(ws, INC, by=ANALYST)
    assert len(found.warnings) == 2
    assert found.ready


def test_a_notice_that_went_out_before_the_last_decision_is_asked_about(worked: Desk) -> None:
    from breachwatch.incidents.casework import advancing
    from breachwatch.model.duties import DutyOutcome
    from breachwatch.respond.duties import deciding

    ws = worked.later(hours=1).ws
    advancing.reopen(ws, INC, by=COUNSEL, reason="more people were affected")
    deciding.decide(ws, INC, "tx-individuals", DutyOutcome.REQUIRED, by=COUNSEL, basis="40 more")
    found = checklist(ws, INC, by=ANALYST)
    assert found.warnings == (
        "tx-individuals was sent before counsel decided about it anew: does what changed ask for another notice?",
    )
    assert {item.guard.value for item in found.items if item.missing} >= {"closing-statement", "lessons"}


@both
def test_metrics_count_clocks_as_they_were_kept(worked: Desk) -> None:
    found = metrics_of_month(worked.ws, "2026-11", by=ANALYST)[0].clocks
    assert {kind: count for kind, count in found.items() if count} == {Kept.BEFORE_SAFE: 2, Kept.MISSED: 1}


def test_papers_that_went_out_are_told_with_their_proof(worked: Desk) -> None:
    ws, at = worked.ws, worked.ws.clock.now()
    record = case_record(ws, INC, by=ANALYST)
    assert record.papers == ()
    went = Sending(
        1, Form.PDF, "ab" * 32, Way.LETTER, "Texas residents", 612, at, "EV-2026-000003", "receipt 7", "ana", at
    )
    paper = Paper(
        number="P-2026-000001", template="individual-notice", language="en", title="Notice of a breach",
        audience="resident", incident=INC, obligation="tx-individuals", request="", report="", versions=(),
        approvals=(), sendings=(went,),
    )  # fmt: skip
    made = after_action(replace(record, papers=(paper,)), "Testville", ws.settings.city.zone)
    [row] = [row for block in made.blocks if isinstance(block, Table) for row in block.rows if "P-2026" in row[1]]
    assert row[1:] == [
        "P-2026-000001 Notice of a breach", "612 Texas residents", "letter; receipt 7; EV-2026-000003", "ab" * 32
    ]  # fmt: skip
