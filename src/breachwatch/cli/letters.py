"""Printing a letter, or writing it to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from breachwatch.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    from breachwatch.report.letters import Letter


def write_letter(letter: Letter, output: Path | None) -> str:
    """Print a letter as plain text, or write it to a new file, .html or .txt; returns its plain text.

    Raises UsageError for another ending or a file that exists, EnvironmentFault where it cannot be written.
    """
    from breachwatch.report.letters import as_html, as_text

    text = as_text(letter)
    if output is None:
        typer.echo(text, nl=False)
        return text
    if output.suffix not in {".html", ".txt"}:
        msg = f"{output.name}: a letter is written as .html or .txt."
        raise UsageError(msg)
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(as_html(letter) if output.suffix == ".html" else text)
    except FileExistsError:
        msg = f"{output} exists already and is not overwritten. Choose another name."
        raise UsageError(msg) from None
    except OSError as error:
        msg = f"cannot write {output}: {error.strerror}"
        raise EnvironmentFault(msg) from error
    return text
