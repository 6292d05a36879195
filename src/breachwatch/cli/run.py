"""`breachwatch run`: one nightly run, without a server."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, remark, show_json
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.model.night import Night
    from breachwatch.workspace import Workspace

PARTIAL = 5
"""Exit code of a run that completed and left something out."""


def run(
    ctx: typer.Context,
    night: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD", help="The night to do, until that day's scheduled time. Default: until now."
        ),
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Do one night, from logs to sealed evidence.

    Collects, parses, searches, opens incidents and seals their evidence. Ends with 0 when all
    went well and with 5 when something was left out; the summary says what.
    """
    ws = open_workspace(ctx, workspace)
    chosen = _night(ws, night)
    from breachwatch import run as pipeline
    from breachwatch.cli.progress import bars
    from breachwatch.model.summary import RunState
    from breachwatch.report.terminal import print_summary

    with bars() as progress:
        summary = pipeline.run(ws, chosen, progress)
    for problem in pipeline.round_off(ws):
        remark(f"after the run: {problem}.")
    if as_json:
        show_json(summary)
    else:
        print_summary(summary, ws.settings.city.zone)
    if summary.state is RunState.PARTIAL:
        raise typer.Exit(PARTIAL)


def _night(ws: Workspace, text: str | None) -> Night | None:
    if text is None:
        return None
    from breachwatch.model.night import Night

    try:
        day = date.fromisoformat(text)
    except ValueError:
        msg = f"--night {text!r} is no date. Write it like 2026-11-22."
        raise UsageError(msg) from None
    return Night.on(day, ws.settings.run.time_of_day, ws.settings.city.zone)
