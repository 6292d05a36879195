"""Writing documents, letters and other files that must not be there yet."""

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


FormOption = Annotated[
    Form | None,
    typer.Option("--form", help="DOCX to edit, accessible PDF or HTML to send. Default: what the file's name ends in."),
]
ToOption = Annotated[Path, typer.Option("--to", metavar="FILE", help="A new file; one that exists is not overwritten.")]


def rendered(document: Document, form: Form) -> bytes:
    """The bytes of a document in a form; the same for the same document."""
    from breachwatch import documents

    makers = {Form.DOCX: documents.render_docx, Form.PDF: documents.render_pdf, Form.HTML: documents.render_html}
    return makers[form](document)


def form_of(form: Form | None, to: Path) -> Form:
    """The form that is asked for, or that the file's name ends in.

    Raises UsageError where the two differ, or where neither says: a letter of one form under the name of another opens
    nowhere.
    """
    ending = to.suffix.removeprefix(".").lower()
    named = Form(ending) if ending in set(Form) else None
    if form is not None and named is not None and form is not named:
        msg = f"{to.name} would hold {form.upper()}: leave --form out, or name it .{form}."
        raise UsageError(msg)
    found = form or named
    if found is None:
        msg = f"{to.name}: name a file that ends in .docx, .pdf or .html."
        raise UsageError(msg)
    return found


def write_document(document: Document, form: Form | None, to: Path) -> int:
    """Write a document to a new file; returns how many bytes it has.

    Raises UsageError as `form_of` does, and for a file that exists; EnvironmentFault where it cannot be written.
    """
    content = rendered(document, form_of(form, to))
    write_new(to, content)
    return len(content)


def write_new(path: Path, content: bytes) -> None:
    """Write a new file. Raises UsageError where there is one, EnvironmentFault where it cannot be written."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        msg = f"{path} exists already and is not overwritten. Choose another name."
        raise UsageError(msg) from None
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}"
        raise EnvironmentFault(msg) from error
