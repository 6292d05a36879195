"""The worked examples, played whole: each ends as its page in the documentation says, and leaves the same documents.

`TESTS_GOLDEN=write pytest tests/spine/test_examples.py` writes pages and golden files anew, to be read before
they are kept.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from breachwatch import evidence, incidents
from breachwatch.cli.example import carry_out
from breachwatch.examples import EXAMPLES, Happened, as_page, play, read_script
from breachwatch.model.duties import DutyOutcome, DutyStep
from breachwatch.model.incident import IncidentState
from breachwatch.records import audit
from breachwatch.respond import notices
from breachwatch.respond.duties.standing import duties_of
from breachwatch.workspace import open_workspace
from tests.somebody import SOMEBODY
from tests.spine.documents_of import documents_of, text_of_pdf

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DOCS = Path(__file__).resolve().parents[2] / "docs"
GOLDEN = Path(__file__).with_name("golden")
INCIDENT = "INC-2026-0001"
REQUIRED = {
    "odessa": {
        *("tx-cyber-command", "tx-cyber-command-follow-up", "tx-individuals", "tx-attorney-general", "insurer"),
    },
    "oxnard": {"cjis-report", "cjis-cso", "insurer"},
}
UNAPPROVED = {"acknowledgement", "referral-letter"}  # they say what was received, and what is in a package
WRITE = os.environ.get("TESTS_GOLDEN") == "write"


@dataclass(frozen=True)
class Played:
    name: str
    folder: Path
    done: list[Happened]


@pytest.fixture(scope="module", params=sorted(EXAMPLES))
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("example") / request.param
    return Played(request.param, folder, play(read_script(request.param), folder, carry_out))


def test_the_page_is_what_happens(played: Played) -> None:
    page = DOCS / f"example-{played.name}.md"
    told = as_page(played.done)
    if WRITE:
        page.write_text(told, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == told


def test_each_document_is_as_it_was_kept(played: Played) -> None:
    folder = GOLDEN / played.name
    found = dict(documents_of(played.folder))
    if WRITE:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, text in found.items():
            (folder / name).write_text(text, encoding="utf-8")
    assert sorted(found) == sorted(path.name for path in folder.iterdir())
    for name, text in found.items():
        assert text == (folder / name).read_text(encoding="utf-8"), name


def test_every_paper_that_went_out_was_approved_and_is_sealed(played: Played) -> None:
    ws = open_workspace(played.folder)
    papers = notices.papers_of(ws, by=SOMEBODY)
    sealed = {line.number for line in evidence.listing(ws, by=SOMEBODY)}
    assert len(papers) >= 3
    for paper in papers:
        assert paper.sendings, paper.number
        assert paper.audience == "inside" or paper.template in UNAPPROVED or paper.approval is not None, paper.number
        assert {sending.evidence for sending in paper.sendings} <= sealed
    ws.database.engine.dispose()


def test_the_case_is_closed_with_every_clock_met(played: Played) -> None:
    ws = open_workspace(played.folder)
    assert incidents.incident(ws, INCIDENT, by=SOMEBODY).state is IncidentState.CLOSED
    duties = duties_of(ws, INCIDENT, by=SOMEBODY)
    required = [duty for duty in duties if duty.decision and duty.decision.outcome is DutyOutcome.REQUIRED]
    assert {duty.obligation.id for duty in required} == REQUIRED[played.name]
    assert [duty.obligation.id for duty in duties if duty.decision is None or duty.reopened] == []
    for duty in required:
        sent = min(step.at for step in duty.steps if step.step is DutyStep.SENT)
        assert duty.due.safe is None or sent <= duty.due.safe, duty.obligation.id
    ws.database.engine.dispose()


def test_what_was_released_holds_nothing_that_was_withheld(played: Played) -> None:
    files = [path for path in (played.folder / "release").glob("*") if path.suffix != ".zip"]
    assert bool(files) == (played.name == "oxnard")
    for path in files:
        content = path.read_bytes() if path.suffix != ".pdf" else text_of_pdf(path.read_bytes()).encode()
        for secret in (b"PRIVILEGED", b"svc-backup", b"10.20.4.77", b"wmpsvc32", b"vssadmin"):
            assert secret not in content, (path.name, secret)


def test_evidence_was_sealed_before_anybody_looked(played: Played) -> None:
    ws = open_workspace(played.folder)
    with ws.database.read() as connection:
        lines = audit.trail(connection, INCIDENT)
    people = [line.at for line in lines if not line.actor.startswith("breachwatch")]
    sealed = min(line.sealed_at for line in evidence.listing(ws, by=SOMEBODY) if line.incident == INCIDENT)
    assert people
    assert sealed < min(people)
    ws.database.engine.dispose()


def test_all_evidence_is_as_it_was_sealed(played: Played) -> None:
    ws = open_workspace(played.folder)
    reports = evidence.verify_all(ws)
    assert len(reports) >= 2
    assert [report.number for report in reports if not report.ok] == []
    ws.database.engine.dispose()
