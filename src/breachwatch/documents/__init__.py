"""Documents for people and courts: one description, rendered as HTML and as tagged PDF."""

from __future__ import annotations

from breachwatch.documents.html import render_html
from breachwatch.documents.parts import Block, Document, Fields, Heading, Paragraph, Signatures, Table
from breachwatch.documents.pdf import render_pdf

__all__ = [
    "Block",
    "Document",
    "Fields",
    "Heading",
    "Paragraph",
    "Signatures",
    "Table",
    "render_html",
    "render_pdf",
]
