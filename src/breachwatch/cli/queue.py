"""`breachwatch queue`: the incidents that wait for an analyst."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, show, show_json


def queue(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Closed incidents, too.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List the incidents that wait for you.

    The highest level first, then the oldest. Those whose evidence could not be sealed say so.
    """
    from breachwatch import incidents
    from breachwatch.report.incidents import queue_page
    from breachwatch.report.terminal import output

    ws = open_workspace(ctx, workspace)
    lines = incidents.queue(ws, closed=everything)
    if as_json:
        show_json(lines)
        return
    waiting = incidents.count_waiting(ws)
    show(queue_page(lines, ws.clock.now(), ws.settings.city.zone, waiting=waiting, width=output().width))
