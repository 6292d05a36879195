"""What documents consist of. All text is plain text: nothing in it is ever markup, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

# Controls, line and paragraph separators, marks and overrides of writing direction, zero-width characters, what is no
# character, and the halves of surrogate pairs that stand for bytes that were no UTF-8.
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff\U000e0000-\U000effff]"
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading below the document's title; level 1 is the highest."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """A paragraph whose lines stay apart, such as an address."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list without an order."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A list in order, counted from 1."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Fields:
    """Names and values, such as those of a form."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first line names the columns; `widths` are their shares of the page."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Signatures:
    """Lines to sign on; `beside` is what the second line of each takes."""

    names: Sequence[str]
    beside: str = "Date and time"


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing, twice: `svg` (our own, without script or links) where it can be scaled, `png` elsewhere.

    `alt` says in words what it shows, for whoever cannot see it; `share` is its part of the width of the text.
    """

    svg: str
    png: bytes
    alt: str
    caption: str = ""
    share: float = 1.0


Block = Heading | Paragraph | Lines | Bullets | Numbered | Fields | Table | Signatures | Figure

SIZE_POINTS = 10.0
"""The size of running text where nothing asks for another."""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document. `at` (aware) is its date and makes its bytes the same every time; `footer` is on every page.

    `letterhead` are the lines above the title that say who writes; nothing but the footer is smaller than `size_points`
    where a size is asked for.
    """

    title: str
    blocks: Sequence[Block]
    at: datetime
    author: str = ""
    footer: str = ""
    language: str = "en"
    paper: str = "us-letter"
    letterhead: Sequence[str] = ()
    size_points: float = SIZE_POINTS


def plain(text: str) -> str:
    r"""Text with every character that steers a reader or a printer written out, as in `\x1b` and `\u202e`."""
    return _STEERING.sub(lambda found: written_out(found[0]), text)


def written_out(char: str) -> str:
    """A character by its number."""
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
