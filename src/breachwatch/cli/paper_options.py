"""What the commands of papers share: numbers as people type them, new files, what is said after a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import remark, show_json

if TYPE_CHECKING:
    from breachwatch.model.papers import Paper
    from breachwatch.workspace import Workspace

PaperArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="P-2026-000042, or 42 for this year's.")]


def number_of(ws: Workspace, text: str) -> str:
    """The number of a paper as it is kept."""
    from breachwatch.respond.notices.reading import paper_number

    return paper_number(text, ws.clock.now().astimezone(ws.settings.city.zone).year)


def tell(paper: Paper, what: str, *, as_json: bool) -> None:
    """Say what was done with a paper, and what it still lacks."""
    if as_json:
        show_json({"state": paper.state, "paper": paper})
        return
    remark(f"{paper.number}: {what}, version {paper.latest.number}. It is {paper.state.value} now.")
    if paper.latest.blanks:
        remark(f"Blanks: {'; '.join(paper.latest.blanks)}.")
