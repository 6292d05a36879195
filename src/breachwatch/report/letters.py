"""Letters and certificates: one content, written as plain text, as HTML or as PDF.

HTML and PDF are `breachwatch.documents`': accessible (public bodies owe accessible documents, 28 CFR part 35, subpart
H), alone, and with nothing in them that is markup. In the plain text every word passes through `visible`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from breachwatch.documents import Block, Document, Fields, Heading, Paragraph, render_html, render_pdf
from breachwatch.report.text import visible

WIDTH = 76
LONGEST = 4000  # characters of one value


@dataclass(frozen=True, slots=True)
class Part:
    """A section: its paragraphs, then fields with their names, then a list. An empty heading goes on with the last."""

    heading: str = ""
    paragraphs: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A document with a title, who it is from, and its parts."""

    title: str
    organization: str
    parts: tuple[Part, ...] = ()


def as_text(letter: Letter) -> str:
    """The letter as plain text, wrapped; ends with a line feed."""
    title = visible(letter.title, LONGEST)
    lines = [visible(letter.organization, LONGEST), "", title, "=" * min(len(title), WIDTH), ""]
    for part in letter.parts:
        if part.heading:
            heading = visible(part.heading, LONGEST)
            lines += [heading, "-" * min(len(heading), WIDTH)]
        for paragraph in part.paragraphs:
            lines += [*_wrapped(paragraph), ""]
        for name, value in part.fields:
            lines += _wrapped(f"{name}: {value}", after="    ")
        lines += [""] if part.fields else []
        for item in part.items:
            lines += _wrapped(item, first="- ", after="  ")
        lines += [""] if part.items else []
    return "\n".join(lines).rstrip("\n") + "\n"


def as_html(letter: Letter, at: datetime) -> bytes:
    """The letter as one HTML page, dated `at` (aware)."""
    return render_html(_document(letter, at))


def as_pdf(letter: Letter, at: datetime) -> bytes:
    """The letter as tagged PDF, dated `at` (aware)."""
    return render_pdf(_document(letter, at))


def _document(letter: Letter, at: datetime) -> Document:
    blocks = [Paragraph(letter.organization), *(block for part in letter.parts for block in _blocks(part))]
    return Document(
        letter.title, blocks, at, author=letter.organization, footer=f"{letter.organization}, {at:%Y-%m-%d}"
    )


def _blocks(part: Part) -> Iterator[Block]:
    if part.heading:
        yield Heading(part.heading)
    yield from (Paragraph(paragraph) for paragraph in part.paragraphs)
    if part.fields:
        yield Fields(part.fields)
    yield from (Paragraph(f"\u2013 {item}") for item in part.items)


def _wrapped(text: str, first: str = "", after: str = "") -> list[str]:
    shown = visible(text, LONGEST)
    return textwrap.wrap(
        shown, WIDTH, initial_indent=first, subsequent_indent=after, break_long_words=False, break_on_hyphens=False
    ) or [first.rstrip()]
