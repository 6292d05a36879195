"""Documents for people and courts: one description, rendered as HTML, as tagged PDF and as DOCX."""

from __future__ import annotations

from breachwatch.documents.docx import render_docx
from breachwatch.documents.html import render_html
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
)
from breachwatch.documents.pdf import render_pdf

__all__ = [
    "SIZE_POINTS",
    "Block",
    "Bullets",
    "Document",
    "Fields",
    "Figure",
    "Heading",
    "Lines",
    "Numbered",
    "Paragraph",
    "Signatures",
    "Table",
    "render_docx",
    "render_html",
    "render_pdf",
]
