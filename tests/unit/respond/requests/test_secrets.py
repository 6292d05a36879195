"""Nothing outside the allow-list leaves: secrets are planted wherever text can stand, and every byte is searched."""

from __future__ import annotations

import base64
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pypdf
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from breachwatch.evidence.adding import Given, Receipt, add_file
from breachwatch.incidents.casework import actions, affected, decisions, notes, timeline
from breachwatch.model.casework import ActionKind, DecisionKind
from breachwatch.records import cases, casework, duties
from breachwatch.respond.requests import redacting, releasing
from breachwatch.respond.requests.allowed import ALLOWED, COUNTED
from breachwatch.respond.requests.allowing import Allowed
from breachwatch.respond.requests.gathering import _divided, _of_incidents
from breachwatch.respond.requests.receiving import correct
from breachwatch.respond.requests.rendering import archive_of, files_of
from breachwatch.respond.requests.shapes import Around
from tests.unit.respond.requests.conftest import ANALYST, CLERK, COUNSEL, INC, PR, Desk

PUBLIC = "the mail server was rebuilt"


class Planter:
    """Gives a secret for each place, and remembers them."""

    def __init__(self) -> None:
        self.secrets: list[str] = []

    def __call__(self, place: str) -> str:
        self.secrets.append(f"QZX{len(self.secrets):03d}{place.upper()}XZQ")
        return self.secrets[-1]


def plant(desk: Desk, secret: Planter) -> None:
    """A secret in every text that people, logs, evidence or the database alone hold."""
    ws = desk.ws
    notes.write(ws, INC, secret("privileged"), by=COUNSEL, privileged=True)
    notes.write(ws, INC, secret("note"), by=ANALYST)
    hired = actions.order(ws, INC, ActionKind.SANCTION, secret("employee"), by=ANALYST, description=secret("sanction"))
    actions.done(ws, INC, hired, by=ANALYST, result=secret("sanctionresult"), implementer=secret("manager"))
    actions.order(ws, INC, ActionKind.CONTAINMENT, secret("host"), by=ANALYST, description=secret("how"))
    decisions.decide(ws, INC, DecisionKind.NOTICE, "not-required", by=COUNSEL, reason=secret("advice"))
    timeline.add(ws, INC, ws.clock.now(), secret("call"), by=ANALYST, interpretation=secret("meaning"))
    group = affected.Statement("group", secret("group"), "acquired", ("ssn",), 612, states={"TX": 612}, vendor="v")
    affected.state_affected(ws, INC, group, by=ANALYST, reason=secret("known"))
    picture = Given(f"{secret('filename')}.docx", io.BytesIO(secret("content").encode()))
    receipt = Receipt(secret("reporter"), secret("purpose"), secret("mailbox"))
    add_file(ws, [picture], by=ANALYST, receipt=receipt, incident=INC)
    correct(ws, PR, by=CLERK, reason="her letter", requester=secret("requester"), contact=secret("contact"))
    with ws.database.write() as connection:  # what only the database holds
        alert = {"rule_title": secret("rule"), "why": secret("why"), "matched": secret("matched")}
        connection.execute(update(cases.alert).values(**alert, entities=f'[["account", "{secret("account")}"]]'))
        entity = {"incident": INC, "kind": "address", "value": secret("address"), "last_time": ws.clock.now()}
        connection.execute(insert(cases.incident_entity).values(**entity))
        row = {
            "title": secret("title"),
            "lead": secret("lead"),
            "failure": secret("failure"),
            "verdict": secret("verdict"),
        }
        connection.execute(
            update(cases.incident).values(**row, opened_by_run=secret("run"), data_touched=secret("data"))
        )
        step = {"incident": INC, "obligation": secret("obligation"), "step": secret("step"), "at": ws.clock.now()}
        step |= {"detail": f'{{"authority": "{secret("detail")}"}}', "reason": secret("reason")}
        connection.execute(insert(duties.duty_step).values(**step, recorded_by="x", recorded_at=ws.clock.now()))
        anchor = {"incident": INC, "anchor": secret("anchor"), "at": ws.clock.now(), "zone": secret("zone")}
        connection.execute(
            insert(casework.anchor).values(**anchor, set_by=secret("setter"), set_at=ws.clock.now(), reason=secret("r"))
        )


def written(secret: str) -> Iterator[bytes]:
    """The ways in which a secret could stand in a file."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        raw = secret.encode(encoding)
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for shift in range(3):  # base64 of it wherever it begins among three bytes
            coded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
            yield coded[4 if shift else 0 : -2]


def unfolded(name: str, content: bytes) -> Iterator[bytes]:
    """The bytes of a file, of the members of a ZIP file, and of everything in a PDF that is compressed or text."""
    yield name.encode()
    yield content
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                yield member.comment + member.extra
                yield from unfolded(member.filename, archive.read(member))
    if name.endswith(".pdf"):
        for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
            try:
                yield zlib.decompress(found[1])
            except zlib.error:
                yield found[1]
        reader = pypdf.PdfReader(io.BytesIO(content))
        text = "".join(page.extract_text() for page in reader.pages)
        yield text.encode()
        yield re.sub(r"[\s\u200b]", "", text).encode()
        yield str(reader.metadata).encode()


def leaked(files: dict[str, bytes], secrets: list[str]) -> list[tuple[str, str]]:
    every = {name: b"\0\0".join(unfolded(name, content)) for name, content in files.items()}
    return [
        (name, secret)
        for secret in secrets
        for form in written(secret)
        for name, whole in every.items()
        if form in whole
    ]


def test_no_planted_secret_is_in_any_byte_of_a_release(texas: Desk, tmp_path: Path) -> None:
    secret = Planter()
    texas.linked()
    plant(texas, secret)
    notes.write(texas.ws, INC, PUBLIC, by=ANALYST)
    shown = redacting.standings(texas.ws, PR, by=CLERK)
    redacting.redact(texas.ws, PR, ["*"], by=CLERK, reason="as proposed", exemption=redacting.PROPOSED)
    public = [found.item.id for found in shown if found.item.text == PUBLIC]
    redacting.redact(texas.ws, PR, public, by=CLERK, reason="read", clear=True)
    left = [found.item.id for found in redacting.undecided(redacting.standings(texas.ws, PR, by=CLERK))]
    redacting.redact(texas.ws, PR, left, by=CLERK, reason="names of others", exemption="tx-552-101")
    made = releasing.prepare(texas.ws, PR, by=CLERK)
    releasing.sign(texas.ws, PR, made.sha256, by=COUNSEL, reason="read")
    texas.asked()
    releasing.release(texas.ws, PR, tmp_path / "out", by=CLERK, reason="by mail")
    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert len(files) == 8
    assert len(secret.secrets) > 30
    assert leaked(files, secret.secrets) == []
    assert {name for name, _ in leaked(files, [PUBLIC])} >= {"records.csv", "records.html", "records.json"}
    assert leaked({"records.pdf": files["records.pdf"]}, ["".join(PUBLIC.split())])  # and the search of a PDF finds


def test_a_release_says_nothing_of_machines_or_people(california: Desk) -> None:
    california.linked()
    made = california.signed()
    files = files_of(made.content)
    for name in ("records.pdf", "withheld-index.pdf"):
        reader = pypdf.PdfReader(io.BytesIO(files[name]))
        told = {key: value for key, value in (reader.metadata or {}).items() if value}
        assert set(told) == {"/Title", "/Creator", "/CreationDate", "/ModDate"}
        assert told["/CreationDate"] == "D:20261122101500Z"  # of the version, not of the machine
        assert reader.attachments == {}
        assert not [item for page in reader.pages for item in page.get("/Annots", [])]
        assert "/JavaScript" not in str(reader.trailer["/Root"])
    assert not re.search(rb"<!--|<script|display: *none|hidden", files["records.html"])
    with zipfile.ZipFile(io.BytesIO(archive_of(files))) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {member.extra + member.comment for member in archive.infolist()} == {b""}


class Row:
    """A row of a table as the database would give it, with any values."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._mapping = values

    def __getattr__(self, name: str) -> Any:
        return self._mapping[name]


ANYTHING = st.text(min_size=1).map(lambda text: f"~{text}")
AROUND = Around(ZoneInfo("America/Chicago"), frozenset({"tx-individuals"}))


@settings(max_examples=30)
@given(st.sampled_from(ALLOWED), st.data())
def test_whatever_the_texts_hold_nothing_but_the_allow_list_leaves(kind: Allowed, data: st.DataObject) -> None:
    """Whatever text stands in whatever column, what leaves of the record by itself holds nothing of it."""
    values: dict[str, Any] = {}
    for column in kind.table.c:
        of_code = column.primary_key or column.name in {"incident", "kind"}
        wanted = column.type.python_type
        values[column.name] = (
            {"incident": INC, "kind": "containment"}.get(column.name, 7)
            if of_code
            else data.draw(ANYTHING)
            if wanted is str
            else data.draw(st.one_of(st.integers(-5, 10**18), ANYTHING))
            if wanted is int
            else datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
        )
    record, items = _divided(kind, cast("Any", Row(values)), AROUND)
    given_texts = [value for value in values.values() if isinstance(value, str) and value.startswith("~")]
    told = [text for pair in (record.values if record else ()) for text in pair] + [item.title for item in items]
    assert [text for text in given_texts if any(text in shown for shown in told)] == []
    withheld = {part.name for part in kind.parts if part.columns} | {"whole"}
    assert {item.part for item in items} >= (withheld - {"whole"} if record else {"whole"})


def test_every_column_is_released_withheld_or_a_key() -> None:
    for kind in ALLOWED:
        named = {field.column for field in kind.released} | {name for part in kind.parts for name in part.columns}
        assert {column.name for column in kind.table.c} == named | kind.keys, kind.name
        assert not named & kind.keys, kind.name
    assert set(COUNTED) <= {table.name for table in _of_incidents()}
