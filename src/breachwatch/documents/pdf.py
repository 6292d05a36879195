r"""Documents as PDF, by Typst: tagged for screen readers (PDF/UA-1, ISO 14289-1), the same bytes for the same document.

Only the fonts that come with Typst are used, so that no machine gives other pages than another. They have the letters
of the Latin, Greek and Cyrillic scripts; any other character is written out by its number, as in `\u4e2d`: PDF/UA
allows no text that is not shown.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from breachwatch.documents.parts import (
    SIZE_POINTS,
    Block,
    Bullets,
    Document,
    Fields,
    Figure,
    Heading,
    Lines,
    Numbered,
    Paragraph,
    Signatures,
    Table,
    plain,
    written_out,
)

_TEMPLATE = Path(__file__).with_name("document.typ")
_SHOWN = re.compile("[^\x20-\x7e\xa0-\u024f\u0370-\u03ff\u0400-\u045f\u2010-\u2027\u2030-\u203a\u20ac\u2116\u2122]")
_ASCII = re.compile("[^\x20-\x7e]")


def render_pdf(document: Document) -> bytes:
    """The document as tagged PDF."""
    import typst

    try:
        return _compiled(document, _SHOWN)
    except typst.TypstError:
        return _compiled(document, _ASCII)  # a letter of those scripts that the fonts lack after all


def _compiled(document: Document, hidden: re.Pattern[str]) -> bytes:
    import typst

    def text(value: str) -> str:
        return hidden.sub(lambda found: written_out(found[0]), plain(value))

    data = {
        "title": text(document.title),
        "author": text(document.author),
        "language": document.language,
        "paper": document.paper,
        "footer": text(document.footer),
        "letterhead": [text(line) for line in document.letterhead],
        "size": document.size_points,
        "small": document.size_points == SIZE_POINTS,  # whether tables and footer may be smaller than the text
        "blocks": [_block(block, text) for block in document.blocks],
    }
    made = typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=["ua-1"],
        timestamp=int(document.at.timestamp()),
    )
    assert isinstance(made, bytes)  # noqa: S101 - one file, because it is a PDF
    return made


def _block(block: Block, text: Any) -> dict[str, Any]:  # noqa: PLR0911 - one for each kind of block
    match block:
        case Heading(words, level):
            return {"kind": "heading", "level": level, "text": text(words)}
        case Paragraph(words):
            return {"kind": "paragraph", "text": text(words)}
        case Lines(items) | Bullets(items) | Numbered(items):
            return {"kind": type(block).__name__.lower(), "items": [text(item) for item in items]}
        case Fields(rows):
            return {"kind": "fields", "rows": [[text(name), text(value)] for name, value in rows]}
        case Table(header, rows, widths):
            return {
                "kind": "table",
                "header": [text(name) for name in header],
                "rows": [[text(cell) for cell in row] for row in rows],
                "widths": list(widths) or [1] * len(header),
            }
        case Figure(_, png, alt, caption, share):
            shown = {"alt": text(alt), "caption": text(caption), "width": share}
            return {"kind": "figure", "image": list(png), **shown}
        case Signatures(names, beside):
            return {"kind": "signatures", "names": [text(name) for name in names], "beside": text(beside)}
