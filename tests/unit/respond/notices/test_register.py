"""The register of papers: drafted, approved by hash, sent as evidence; a change needs approval anew."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import docx
import pytest
from pypdf import PdfReader
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from breachwatch.clock import FixedClock
from breachwatch.documents import Document, Paragraph, render_docx
from breachwatch.errors import (
    ChangedMeanwhileError,
    DataError,
    EvidenceError,
    LimitError,
    NotPermittedError,
    UnknownNameError,
    UsageError,
)
from breachwatch.evidence import Given, create_key, verify
from breachwatch.model.duties import DutyStep
from breachwatch.model.papers import Form, Paper, PaperState, Way
from breachwatch.model.people import Role
from breachwatch.records import audit, received
from breachwatch.respond.duties.deciding import steps_of
from breachwatch.respond.intake.communications import communications
from breachwatch.respond.notices import (
    approve,
    draft,
    file_of,
    paper,
    papers_of,
    revise,
    sending,
    sent,
    take_back,
)
from breachwatch.respond.notices.files import version_hash
from breachwatch.respond.notices.sending import Sent
from breachwatch.respond.notices.word_file import WordFile
from breachwatch.workspace import Workspace
from tests.postgresql.choosing import both
from tests.somebody import a
from tests.unit.respond.notices.conftest import ANALYST, CITY, COUNSEL, INC


@pytest.fixture(autouse=True)
def _key(fresh: Workspace) -> None:
    create_key(fresh.keys)


CLERK, AUDITOR = a(Role.RECORDS_OFFICER), a(Role.AUDITOR)
DUTY = "tx-individuals"


def letter(ws: Workspace, **values: object) -> Paper:
    return draft(
        ws, "individual-notice", by=ANALYST, incident=INC, obligation=DUTY, values=values, reason="to residents"
    )  # type: ignore[arg-type]


def mailed(ws: Workspace, **changes: object) -> Sent:
    how = Sent(Way.LETTER, "Texas residents", 612, ws.clock.now(), "certificate of mailing 7001")
    return replace(how, **changes)  # type: ignore[arg-type]


def approved(ws: Workspace, found: Paper) -> Paper:
    return approve(ws, found.number, by=COUNSEL, reason="read it", blanks_reason="the mail-merge fills them in")


def later(ws: Workspace) -> Workspace:
    return replace(ws, clock=FixedClock(ws.clock.now() + timedelta(hours=1)))


def steps(ws: Workspace) -> list[DutyStep]:
    with ws.database.read() as connection:
        return [item.step for item in steps_of(connection, INC) if item.obligation == DUTY]


@both
def test_from_draft_to_sent(city: Workspace) -> None:
    found = letter(city, signer_name="Casey Clerk")
    assert found.number == "P-2026-000001"
    assert (found.state, found.audience, found.latest.number) == (PaperState.DRAFT, "resident", 1)
    assert found.latest.sha256 == version_hash(found.latest.files)
    assert b"Casey Clerk" in file_of(city, found, "html")
    assert "recipient_name" in found.latest.blanks
    with pytest.raises(UsageError, match="not approved by counsel"):
        sent(city, found.number, mailed(city), by=ANALYST)
    with pytest.raises(NotPermittedError):
        approve(city, found.number, by=ANALYST, reason="x", blanks_reason="x")
    with pytest.raises(UsageError, match=r"still has blanks: .*recipient_name"):
        approve(city, found.number, by=COUNSEL, reason="x")
    found = approved(city, found)
    assert found.state is PaperState.APPROVED
    assert found.approval is not None
    assert found.approval.sha256 == found.latest.sha256
    proof = Given("certificate.txt", io.BytesIO(b"7001"))
    found = sent(city, found.number, mailed(city), by=ANALYST, proof_files=[proof])
    assert found.state is PaperState.SENT
    (sending,) = found.sendings
    assert (sending.form, sending.count, sending.recipients) == (Form.PDF, 612, "Texas residents")
    assert sending.sha256 == found.latest.files[Form.PDF]
    assert steps(city) == [DutyStep.DRAFTED, DutyStep.APPROVED, DutyStep.SENT]
    (message,) = communications(city, by=ANALYST, incident=INC)
    assert (message.message.evidence, message.message.body_sha256) == (sending.evidence, sending.sha256)
    with city.database.read() as connection:
        files = json.loads(connection.execute(select(received.received.c.files)).scalar_one())
        told = [record.change for record in audit.trail(connection, found.number)]
    assert files[0]["sha256"] == sending.sha256
    assert [file["name"] for file in files] == ["P-2026-000001-v1.pdf", "certificate.txt"]
    assert verify(city, sending.evidence).ok
    assert [change.split(" at ")[0] for change in told] == ["version 1 filled", "version 1 approved", "version 1 sent"]


@both
def test_a_change_after_approval_needs_approval_anew(city: Workspace) -> None:
    first = approved(city, letter(city))
    changed = revise(later(city), first.number, by=ANALYST, values={"signer_name": "Somebody"}, reason="who signs")
    assert (changed.state, changed.latest.number) == (PaperState.CHANGED, 2)
    assert changed.approval is None
    with pytest.raises(UsageError, match="version 2 of P-2026-000001 was not approved"):
        sent(later(city), first.number, mailed(later(city)), by=ANALYST)
    with pytest.raises(ChangedMeanwhileError, match="is at version 2"):
        approve(city, first.number, by=COUNSEL, reason="x", version=1, blanks_reason="x")
    assert approved(city, changed).state is PaperState.APPROVED
    with pytest.raises(UsageError, match="is approved already"):
        approved(city, changed)
    assert file_of(city, changed, Form.PDF, version=1) != file_of(city, changed, Form.PDF)
    again = revise(later(city), first.number, by=ANALYST, reason="newer facts")
    assert b"Somebody" in file_of(city, again, Form.HTML)  # what was given before stays given


def edited(content: bytes, **replaced: str) -> bytes:
    word = docx.Document(io.BytesIO(content))
    for part in word.paragraphs:
        for old, new in replaced.items():
            if old in part.text:
                part.text = part.text.replace(old, new)
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def test_counsels_own_wording_is_what_is_approved_and_sent(city: Workspace) -> None:
    found = letter(city)
    own = edited(file_of(city, found, Form.DOCX), sorry="deeply sorry")
    found = take_back(city, found.number, own, by=COUNSEL, reason="wording")
    assert (found.latest.kind, found.latest.number, dict(found.latest.files).keys()) == ("edited", 2, set(Form))
    assert file_of(city, found, Form.DOCX) == own
    assert "person or office that receives the paper" in found.latest.blanks
    for form in (Form.PDF, Form.HTML):
        assert "deeply sorry" in said(file_of(city, found, form), form)
    with pytest.raises(UsageError, match="still has blanks"):
        approve(city, found.number, by=COUNSEL, reason="x")
    approved(city, found)
    found = sent(city, found.number, mailed(city), by=CLERK)
    assert found.sendings[0].form is Form.PDF
    assert found.sendings[0].sha256 == found.latest.files[Form.PDF]


def said(content: bytes, form: Form) -> str:
    text = (
        content.decode()
        if form is Form.HTML
        else "\n".join(p.extract_text() for p in PdfReader(io.BytesIO(content)).pages)
    )
    return " ".join(text.split())


def test_what_cannot_be_carried_leaves_the_docx_alone_and_says_why(city: Workspace) -> None:
    found = letter(city)
    word = docx.Document(io.BytesIO(file_of(city, found, Form.DOCX)))
    word.add_table(1, 3)
    out = io.BytesIO()
    word.save(out)
    found = take_back(city, found.number, out.getvalue(), by=COUNSEL, reason="a table")
    assert set(found.latest.files) == {Form.DOCX}
    with pytest.raises(UsageError, match="comes as docx, not as pdf: a table has no line of column names"):
        file_of(city, found, Form.PDF)
    approved(city, found)
    assert sent(city, found.number, mailed(city), by=CLERK).sendings[0].form is Form.DOCX


@cache
def plain() -> bytes:
    return render_docx(Document("T", [Paragraph("Text")], datetime(2026, 11, 22, tzinfo=UTC)))


def repacked(content: bytes, changes: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            new.writestr(item, changes.pop(item.filename, old.read(item)))
        for name, data in changes.items():
            new.writestr(name, data)
    return out.getvalue()


def test_an_edited_file_gives_nothing_away(city: Workspace) -> None:
    found = letter(city)
    own = file_of(city, found, Form.DOCX)
    body = zipfile.ZipFile(io.BytesIO(own)).read("word/document.xml")
    tracked = body.replace(b"<w:body>", b'<w:body><w:p><w:del w:id="1"><w:r><w:t>x</w:t></w:r></w:del></w:p>', 1)
    comments = b'<w:comments xmlns:w="x"><w:comment w:id="1"/></w:comments>'
    found = take_back(
        city,
        found.number,
        repacked(own, {"word/document.xml": tracked, "word/comments.xml": comments}),
        by=COUNSEL,
        reason="edited",
    )
    assert found.latest.remarks == ("tracked changes", "comments")
    with pytest.raises(UsageError, match="holds tracked changes, comments"):
        approved(city, found)


RELATION = '<x><Relationship Id="r1" Type="x/{}" Target="http://x" TargetMode="External"/></x>'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.mark.parametrize(
    ("name", "content", "remark"),
    [
        (
            "word/_rels/settings.xml.rels",
            RELATION.format("attachedTemplate"),
            "fetched from elsewhere",
        ),
        (
            "word/footnotes.xml",
            f'<w:footnotes {W}><w:p><w:fldSimple w:instr=" DDEAUTO c "/></w:p></w:footnotes>',
            "fetched",
        ),
        ("word/header9.xml", f"<w:hdr {W}><w:p><w:r><w:rPr><w:vanish/></w:rPr></w:r></w:p></w:hdr>", "hidden text"),
        (
            "word/_rels/footer9.xml.rels",
            RELATION.format("hyperlink"),
            "",
        ),
    ],
    ids=["template", "field", "hidden", "link"],
)
def test_what_an_edited_file_holds_beside_its_text_is_named(name: str, content: str, remark: str) -> None:
    told = WordFile.read(repacked(plain(), {name: content.encode()}), "en").remarks
    assert [remark in item for item in told] == ([True] if remark else [])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"word/vbaProject.bin": b"x"}, "macros or other files"),
        ({"word/embeddings/evil.bin": b"x"}, "macros or other files"),
        ({"word/document.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"}, "declares entities"),
        ({"word/document.xml": b"<x>"}, "is damaged"),
        ({"word/theme/theme1.xml": b"\0" * 80_000_000}, "expands to more"),
        (None, "no DOCX that can be read"),
    ],
    ids=["macros", "embedded", "entities", "damaged", "bomb", "no-zip"],
)
def test_what_is_no_plain_docx_is_refused(changes: dict[str, bytes] | None, words: str) -> None:
    content = b"PK nonsense" if changes is None else repacked(plain(), dict(changes))
    with pytest.raises((DataError, LimitError), match=words):
        WordFile.read(content, "en")


def test_a_file_that_is_refused_is_no_version(city: Workspace) -> None:
    found = letter(city)
    with pytest.raises(DataError, match="no DOCX"):
        take_back(city, found.number, b"PK nonsense", by=COUNSEL, reason="x")
    assert len(paper(city, found.number, by=ANALYST).versions) == 1


def test_papers_that_stay_inside_need_no_approval(city: Workspace) -> None:
    found = draft(
        city, "inside-notice", by=ANALYST, incident=INC, values={"records_officer": "Casey, room 2"}, reason="the three"
    )
    found = sent(city, found.number, mailed(city, recipients="IT director", count=1, way=Way.EMAIL), by=ANALYST)
    assert found.state is PaperState.SENT


def test_who_may_what_and_what_cannot_be(city: Workspace) -> None:
    with pytest.raises(NotPermittedError):
        draft(city, "inside-notice", by=AUDITOR, reason="x")
    with pytest.raises(UnknownNameError, match="template"):
        draft(city, "nothing", by=ANALYST, reason="x")
    with pytest.raises(UnknownNameError, match="incident"):
        draft(city, "preservation-notice", by=ANALYST, incident="INC-2026-0099", reason="x")
    with pytest.raises(UsageError, match="name the incident, too"):
        draft(city, "inside-notice", by=ANALYST, obligation=DUTY, reason="x")
    with pytest.raises(UnknownNameError, match="obligation"):
        draft(city, "preservation-notice", by=ANALYST, incident=INC, obligation="us-mars", reason="x")
    for of in ({"report": "R-2026-000009"}, {"request": "PR-2026-0009"}):
        with pytest.raises(UnknownNameError, match="2026-0"):
            draft(city, "preservation-notice", by=ANALYST, reason="x", **of)
    with pytest.raises(UsageError, match="no paper has a field 'colour'"):
        draft(city, "inside-notice", by=ANALYST, values={"colour": "red"}, reason="x")
    with pytest.raises(UnknownNameError, match="paper"):
        paper(city, "P-2026-000009", by=ANALYST)
    assert papers_of(city, by=ANALYST) == ()  # nothing half-made stays
    found = approved(city, letter(city))
    for change, words in (
        ({"at": city.clock.now() + timedelta(days=1)}, "no time at which"),
        ({"at": city.clock.now() - timedelta(days=1)}, "did not exist yet"),
        ({"count": 0}, "are none"),
        ({"proof": " "}, "what proves"),
        ({"recipients": ""}, "class of recipients"),
    ):
        with pytest.raises(UsageError, match=words):
            sent(city, found.number, mailed(city, **change), by=ANALYST)
    assert papers_of(city, by=ANALYST, incident=INC)[0].sendings == ()


def test_a_run_that_is_killed_while_it_records_a_sending_seals_once(
    city: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = approved(city, letter(city))

    def proof() -> list[Given]:
        return [Given("certificate.txt", io.BytesIO(b"7001"))]

    with monkeypatch.context() as patch:
        patch.setattr(sending, "note_step", killed)
        with pytest.raises(KeyboardInterrupt):
            sent(city, found.number, mailed(city), by=ANALYST, proof_files=proof())
    assert papers_of(city, by=ANALYST)[0].state is PaperState.APPROVED
    assert communications(city, by=ANALYST, incident=INC) == ()
    found = sent(city, found.number, mailed(city), by=ANALYST, proof_files=proof())
    with city.database.read() as connection:
        assert list(connection.scalars(select(received.received.c.evidence))) == [found.sendings[0].evidence]
    again = sent(city, found.number, mailed(city), by=ANALYST, proof_files=proof())  # a second mailing is its own
    assert again.sendings[1].evidence != again.sendings[0].evidence


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_file_that_was_changed_is_not_sent(city: Workspace) -> None:
    found = approved(city, letter(city))
    digest = found.latest.files[Form.PDF]
    path = city.root / "papers" / digest[:2] / digest
    path.chmod(0o600)
    path.write_bytes(b"other")
    with pytest.raises(EvidenceError, match="was changed"):
        sent(city, found.number, mailed(city), by=ANALYST)
    path.unlink()
    with pytest.raises(EvidenceError, match="cannot be read"):
        file_of(city, found, Form.PDF)


@both
def test_rows_are_only_added(city: Workspace) -> None:
    found = approved(city, letter(city))
    sent(city, found.number, mailed(city), by=ANALYST)
    for table in ("paper", "paper_version", "paper_approval", "paper_sending"):
        with pytest.raises(DatabaseError, match="only ever added"), city.database.write() as connection:
            connection.execute(text(f"DELETE FROM {table}"))


def test_a_form_that_the_law_prescribes(make_ws: object, city: Workspace) -> None:
    ws = make_ws(CITY.replace("us-tx-city", "us-ca-city"), folder="ca")  # type: ignore[operator]
    folder = ws.root / "templates"
    found = draft(ws, "individual-notice-ca", by=ANALYST, reason="to residents")
    assert found.title == "Notice of Data Breach"
    folder.mkdir()
    from breachwatch.papers import template_files

    own = template_files(ws)["individual-notice-ca", "en"].read_text(encoding="utf-8")
    path = folder / "individual-notice-ca.en.md"
    for old, new, words in (
        ("title: Notice of Data Breach", "title: Bad news", "the title must be 'Notice of Data Breach'"),
        ("# What Happened", "# Sorry", "the headings must be What Happened"),
        ("size_points: 1", "size_points: 9 #", "size_points must be at least 10"),
    ):
        assert old in own
        path.write_text(own.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(UsageError, match=f"{path}: {words}.*1798.29"):
            draft(ws, "individual-notice-ca", by=ANALYST, reason="to residents")
