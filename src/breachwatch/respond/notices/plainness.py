"""How hard a paper is to read as it stands: after counsel's own changes, too."""

from __future__ import annotations

import io

from breachwatch.model.papers import Form, Paper
from breachwatch.papers.plain_language import Reading, measure_pieces
from breachwatch.papers.template import Audience
from breachwatch.respond.notices.reading import file_of
from breachwatch.workspace import Workspace

MEASURED = frozenset({Audience.RESIDENT, Audience.PUBLIC, Audience.REPORTER, Audience.REQUESTER})
"""Who receives papers that must be plain: not authorities, nor people inside."""


def reading_of_paper(ws: Workspace, paper: Paper, *, version: int | None = None) -> Reading:
    """The measure of a version's running text, of the latest where none is named; tables and forms are left out.

    It is read from the DOCX, which every version has. Raises UsageError for a version that there is none of,
    EvidenceError for a file that was changed.
    """
    import docx

    content = file_of(ws, paper, Form.DOCX, version=version)
    paragraphs = docx.Document(io.BytesIO(content)).paragraphs
    return measure_pieces((paragraph.text for paragraph in paragraphs), paper.language)
