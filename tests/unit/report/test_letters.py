"""Letters say the same as text and as HTML, and nothing in them is taken for markup."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from breachwatch.report.letters import WIDTH, Letter, Part, as_html, as_pdf, as_text

AT = datetime(2026, 11, 22, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script>\x1b[31m\u202egnp.exe & "quotes"'


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not any(name.startswith("on") or name in {"src", "href"} for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def letter(text: str) -> Letter:
    return Letter(text, text, (Part(text, (text,), ((text, text),), (text,)),))


@given(st.text(max_size=60))
def test_nothing_in_a_letter_is_markup(text: str) -> None:
    tags = Tags()
    tags.feed(as_html(letter(text), AT).decode())
    allowed = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "footer",
        "p",
        "h1",
        "h2",
        "dl",
        "dt",
        "dd",
        "ul",
        "li",
    }
    assert set(tags.seen) <= allowed
    plain = as_text(letter(text))
    assert all(char == "\n" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in plain)


def test_hostile_content_is_shown_as_what_it_is() -> None:
    page, plain = as_html(letter(HOSTILE), AT).decode(), as_text(letter(HOSTILE))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    for shown in (page, plain):
        assert "\\x1b[31m" in shown
        assert "\\u202e" in shown
    assert max(len(line) for line in as_text(Letter("t", "o", (Part("", ("word " * 200,)),))).splitlines()) <= WIDTH


def test_a_letter_as_pdf_is_the_same_bytes_for_the_same_letter() -> None:
    page = as_pdf(letter(HOSTILE), AT)
    assert page.startswith(b"%PDF-")
    assert page == as_pdf(letter(HOSTILE), AT)
