"""Writing a document to a new file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    from breachwatch.documents import Document


class Form(StrEnum):
    """How a document is written."""

    DOCX = "docx"
    PDF = "pdf"
    HTML = "html"


FormOption = Annotated[Form, typer.Option("--form", help="DOCX to edit, accessible PDF or HTML to send.")]
ToOption = Annotated[Path, typer.Option("--to", metavar="FILE", help="A new file; one that exists is not overwritten.")]


def rendered(document: Document, form: Form) -> bytes:
    """The bytes of a document in a form; the same for the same document."""
    from breachwatch import documents

    makers = {Form.DOCX: documents.render_docx, Form.PDF: documents.render_pdf, Form.HTML: documents.render_html}
    return makers[form](document)


def write_document(document: Document, form: Form, to: Path) -> int:
    """Write a document to a new file; returns how many bytes it has.

    Raises UsageError for a file that exists, EnvironmentFault where it cannot be written.
    """
    content = rendered(document, form)
    try:
        with to.open("xb") as file:
            return file.write(content)
    except FileExistsError:
        msg = f"{to} exists already and is not overwritten. Choose another name."
        raise UsageError(msg) from None
    except OSError as error:
        msg = f"cannot write {to}: {error.strerror}"
        raise EnvironmentFault(msg) from error
