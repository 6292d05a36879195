"""Printing a letter, or writing it to a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from breachwatch.cli.documents import write_new
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.report.letters import Letter


def write_letter(letter: Letter, output: Path | None, at: datetime) -> str:
    """Print a letter as plain text, or write it to a new file, .html, .pdf or .txt; returns its plain text.

    `at` (aware) dates it. Raises UsageError for another ending or a file that exists, EnvironmentFault where it cannot
    be written.
    """
    from breachwatch.report.letters import as_html, as_pdf, as_text

    text = as_text(letter)
    if output is None:
        typer.echo(text, nl=False)
        return text
    makers = {".html": as_html, ".pdf": as_pdf}
    if output.suffix not in {*makers, ".txt"}:
        msg = f"{output.name}: a letter is written as .html, .pdf or .txt."
        raise UsageError(msg)
    content = makers[output.suffix](letter, at) if output.suffix in makers else text.encode()
    write_new(output, content)
    return text
