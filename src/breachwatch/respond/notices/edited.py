"""The further forms of a file that somebody edited: HTML and tagged PDF, where all that it says can be carried."""

from __future__ import annotations

from datetime import datetime

from breachwatch.documents import SIZE_POINTS, render_html, render_pdf
from breachwatch.documents.docx_reading import read_docx
from breachwatch.errors import DataError
from breachwatch.model.papers import Form, Paper, Version
from breachwatch.papers import load_template
from breachwatch.respond.notices.files import read, store
from breachwatch.workspace import Workspace


def other_forms(ws: Workspace, paper: Paper, content: bytes, at: datetime) -> dict[Form, str]:
    """Keep an edited DOCX as HTML and PDF, too; their hashes, none where something of it cannot be carried.

    The caller has looked through the file (see `word_file`). Raises EnvironmentFault.
    """
    front = load_template(ws, paper.template, paper.language).front
    try:
        document = read_docx(content, at=at, language=paper.language, size_points=front.size_points or SIZE_POINTS)
    except DataError:  # said by `why_only_docx` to whoever takes the file in, or asks for the other forms
        return {}
    return {Form.HTML: store(ws, render_html(document)), Form.PDF: store(ws, render_pdf(document))}


def why_only_docx(ws: Workspace, paper: Paper, version: Version) -> str:
    """What of an edited version cannot be carried into HTML and PDF; empty where it was. Raises EvidenceError."""
    if Form.PDF in version.files or Form.DOCX not in version.files:
        return ""
    try:
        read_docx(read(ws, version.files[Form.DOCX]), at=version.at, language=paper.language, size_points=SIZE_POINTS)
    except DataError as error:
        return str(error).rstrip(".")
    return "it was taken in before edited files were carried: take it in again with `paper write`"
