"""`breachwatch example`: play a worked example, from simulated logs to the closed case."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import Common, remark

if TYPE_CHECKING:
    from breachwatch.examples import Happened, Ran

_COLUMNS = "110"
"""The width of what an example shows, whatever the terminal: a page is made of it."""


def example(
    name: Annotated[str, typer.Argument(metavar="NAME", help="odessa or oxnard.")],
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="A new or empty folder, made a workspace.")],
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write it all as a page of Markdown, too.")
    ] = None,
) -> None:
    """Play a worked example: logs, detection, evidence, assessment, clocks, papers, closing.

    Each step is shown with the command that a person would type and what came of it. The clock is the example's own,
    so that each time gives the same documents. The workspace stays, to be looked at.
    """
    from breachwatch.examples import as_page, play, read_script

    done = play(read_script(name), into, carry_out, _tell)
    if page is not None:
        page.write_text(as_page(done), encoding="utf-8")
    remark(f"The workspace of the example: {into}. Look around: breachwatch -w {into} queue")


def carry_out(arguments: Sequence[str], at: datetime) -> Ran:
    """Carry out a command of breachwatch in this process at a moment, and keep what it says."""
    from breachwatch.cli.app import main
    from breachwatch.clock import FixedClock
    from breachwatch.examples import Ran

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), _width(_COLUMNS):
        code = main(list(arguments), Common(clock=FixedClock(at)))
    return Ran(code, said.getvalue())


@contextlib.contextmanager
def _width(columns: str) -> Iterator[None]:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = columns
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _tell(happened: Happened) -> None:
    from breachwatch.examples import as_page

    page = as_page([happened])
    if page.strip():
        typer.echo(page)
