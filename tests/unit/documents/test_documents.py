"""Documents: hostile text stays text, the PDF is tagged and always the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.documents import Document, Fields, Heading, Paragraph, Signatures, Table, render_html, render_pdf

AT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
HOSTILE = [
    '#panic("x")',
    "#import sys: *",
    "$ x $",
    "\\ @label <label> *bold* _it_ `raw` // no comment",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b[2J\x00",
    "\u202egnp.exe",
    "中文 \U0001f600 \ud800",
    "x" * 5000,
    "",
]


def document(text: str) -> Document:
    blocks = [
        Heading(text or "x"),
        Paragraph(text),
        Fields([(text, text)]),
        Table([text, "b"], [[text, "1"]], [1, 2]),
        Signatures([text]),
    ]
    return Document(text or "x", blocks, AT, author=text, footer=text)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


OURS = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "dl", "dt", "dd", "table"}
OURS |= {"thead", "tr", "th", "tbody", "td", "span", "footer"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text(text: str) -> None:
    html = Tags()
    html.feed(render_html(document(text)).decode())
    assert html.tags <= OURS
    if text.isprintable():
        assert html.text.count(text) >= 5
    pdf = render_pdf(document(text))
    assert pdf.startswith(b"%PDF-")
    assert b"pdfuaid" in pdf
    assert b"/StructTreeRoot" in pdf
    assert b"/Lang" in pdf


@settings(max_examples=25)
@given(st.text(max_size=60))
def test_any_text_gives_a_document(text: str) -> None:
    assert render_pdf(document(text)).startswith(b"%PDF-")
    html = Tags()
    html.feed(render_html(document(text)).decode())
    assert html.tags <= OURS


def test_the_same_document_gives_the_same_bytes() -> None:
    made = document("Chain of custody")
    assert render_pdf(made) == render_pdf(made)
    assert render_html(made) == render_html(made)


def test_a_long_table_goes_over_pages() -> None:
    rows = [[str(number), "x" * 64] for number in range(300)]
    pdf = render_pdf(Document("Long", [Table(["number", "hash"], rows, [1, 4])], AT))
    assert pdf.count(b"/Type/Page") + pdf.count(b"/Type /Page") > 3
