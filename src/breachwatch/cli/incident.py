"""`breachwatch incident`: one incident."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.incident_lines import incident_lines
from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, show, show_json

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at one incident.")
app.command("lines")(incident_lines)


@app.command("show")
def show_incident(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Like INC-2026-0001.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show one incident.

    Why it was opened, who takes part, its alerts in order of time, its evidence and its history.
    """
    from breachwatch import incidents
    from breachwatch.report.incidents import incident_page

    ws = open_workspace(ctx, workspace)
    found = incidents.incident(ws, number.upper())
    if as_json:
        show_json(found)
    else:
        show(incident_page(found, ws.settings.city.zone, ws.root))
