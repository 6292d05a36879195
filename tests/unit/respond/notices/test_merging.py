"""Mail-merge: the list fills what counsel left blank and nothing else; its cells stay text; gaps are reported."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader

from breachwatch.errors import BreachwatchError, DataError, LimitError, NotPermittedError, UsageError
from breachwatch.evidence import create_key
from breachwatch.model.papers import Form, Paper
from breachwatch.model.people import Role
from breachwatch.records import audit
from breachwatch.respond.notices import approve, draft, file_of, merge, take_back
from breachwatch.workspace import Workspace
from tests.somebody import a
from tests.unit.respond.notices.conftest import ANALYST, COUNSEL

HEAD = "---\ntitle: Notice\naudience: resident\nfields:\n  recipient_name: name\n  recipient_address: address\n"
HEAD += "  what_happened: what happened\n---\n"


@pytest.fixture
def letter(fresh: Workspace) -> Paper:
    """A paper that is the same for everybody but for name and address."""
    create_key(fresh.keys)
    (fresh.root / "templates").mkdir()
    text = "Dear {{ recipient_name }}\n\n{{ recipient_address }}\n\n{{ what_happened }}\n"
    (fresh.root / "templates" / "letter.en.md").write_text(HEAD + text, encoding="utf-8")
    found = draft(fresh, "letter", by=ANALYST, values={"what_happened": "A theft."}, reason="to residents")
    return approve(fresh, found.number, by=COUNSEL, reason="read it", blanks_reason="filled in by the list")


def listed(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_one_letter_for_each_complete_row(fresh: Workspace, letter: Paper, tmp_path: Path) -> None:
    text = (
        "\ufeffrecipient_name,recipient_address,house_number\n"
        '"O\'Neil, Ann","1 Main St\nOdessa",7\n'
        "Bob,,8\n"
        "../../etc/passwd,<b>x</b> #panic(),9\n"
        "\n"
    )
    made = merge(fresh, letter.number, listed(tmp_path, text), tmp_path / "letters", by=ANALYST)
    assert (made.written, made.unused) == (2, ("house_number",))
    assert [(item.line, item.what) for item in made.lacking] == [(4, ("recipient_address",))]
    files = sorted((tmp_path / "letters").iterdir())
    assert [path.name for path in files] == ["P-2026-000001-00003.pdf", "P-2026-000001-00005.pdf"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)
    first, second = (PdfReader(path).pages[0].extract_text() for path in files)
    assert "Dear O'Neil, Ann" in first
    assert "A theft." in first
    assert "Dear ../../etc/passwd" in second
    assert "<b>x</b> #panic()" in second
    with fresh.database.read() as connection:
        last = audit.trail(connection, letter.number)[-1]
    assert last.change == "merged"
    assert not any(
        "Ann" in path.read_text(errors="replace") for path in (fresh.root / "papers").rglob("*") if path.is_file()
    )


def test_a_sheet_for_a_printing_house_holds_no_formula(fresh: Workspace, letter: Paper, tmp_path: Path) -> None:
    text = 'recipient_name,recipient_address\n"=HYPERLINK(""x"")",+1 432\n@SUM(1),-2\n'
    merge(fresh, letter.number, listed(tmp_path, text), tmp_path / "out.csv", by=ANALYST, form="csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"))))
    assert rows == [
        ["line", "recipient_name", "recipient_address", "what_happened"],
        ["2", '\'=HYPERLINK("x")', "'+1 432", "A theft."],
        ["3", "'@SUM(1)", "'-2", "A theft."],
    ]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("recipient_name,recipient_address,what_happened\na,b,c\n", UsageError, "would change what counsel approved"),
        ("recipient_name\na\n", UsageError, "no column fills: recipient_address"),
        ("recipient_name,recipient_name\na,b\n", DataError, "each once"),
        ("", DataError, "line 1"),
        ('recipient_name,recipient_address\n"a"b,c\n', DataError, "line 2: no CSV"),
        (b"recipient_name,recipient_address\n\xff,c\n", DataError, "line 2: not UTF-8"),
        (b"x" * (20 * 1024 * 1024 + 1), LimitError, "larger than 20 MiB"),
        (b'"' + b"x" * 200_000 + b'"', DataError, "line 1"),
    ],
    ids=["approved", "missing", "twice", "empty", "broken", "bytes", "large", "cell"],
)
def test_lists_that_cannot_be(
    fresh: Workspace, letter: Paper, tmp_path: Path, text: str | bytes, kind: type[BreachwatchError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        merge(fresh, letter.number, listed(tmp_path, text), tmp_path / "letters", by=ANALYST)
    assert not (tmp_path / "letters").exists()


def test_cells_that_are_too_long_get_no_letter(fresh: Workspace, letter: Paper, tmp_path: Path) -> None:
    people = listed(tmp_path, f"recipient_name,recipient_address\n{'x' * 3000},b\n")
    made = merge(fresh, letter.number, people, tmp_path / "letters", by=ANALYST)
    assert made.written == 0
    assert made.lacking[0].what == ("recipient_name (longer than 2000 characters)",)


def test_only_what_is_approved_is_merged(fresh: Workspace, letter: Paper, tmp_path: Path) -> None:
    people = listed(tmp_path, "recipient_name,recipient_address\nAnn,Main St\n")
    with pytest.raises(NotPermittedError):
        merge(fresh, letter.number, people, tmp_path / "letters", by=a(Role.AUDITOR))
    with pytest.raises(UsageError, match="exists already"):
        merge(fresh, letter.number, people, people, by=ANALYST)
    fresh_one = draft(fresh, "letter", by=ANALYST, values={"what_happened": "x"}, reason="another")
    with pytest.raises(UsageError, match="not approved"):
        merge(fresh, fresh_one.number, people, tmp_path / "letters", by=ANALYST)
    word = docx.Document(io.BytesIO(file_of(fresh, letter, Form.DOCX)))
    word.add_paragraph("With regret.")
    edited = io.BytesIO()
    word.save(edited)
    own = take_back(fresh, letter.number, edited.getvalue(), by=COUNSEL, reason="wording")
    approve(fresh, own.number, by=COUNSEL, reason="mine", blanks_reason="list")
    with pytest.raises(UsageError, match="made in the word processor"):
        merge(fresh, letter.number, people, tmp_path / "letters", by=ANALYST)
    merge(fresh, letter.number, people, tmp_path / "own.csv", by=ANALYST, form="csv")
    assert '"Ann","Main St"' in (tmp_path / "own.csv").read_text(encoding="utf-8")
    path = fresh.root / "templates" / "letter.en.md"
    path.write_text(path.read_text(encoding="utf-8") + "more\n", encoding="utf-8")
    with pytest.raises(UsageError, match="changed since"):
        merge(fresh, letter.number, people, tmp_path / "letters", by=ANALYST)
