"""`breachwatch closure`: the end of an incident, what it still asks for, and the report that is made of it."""

from __future__ import annotations

import typer

from breachwatch.cli.incident_options import NumberArgument, case_number
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Close an incident: what is met, what is missing, the after-action report.",
)


@app.command("show")
def show_closure(
    ctx: typer.Context, number: NumberArgument, as_json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """Show what closing an incident asks for: what is met and by whom, what is missing and how to mend it."""
    from breachwatch.report.closure import checklist_page
    from breachwatch.report.plain import plain
    from breachwatch.respond.closure.checklist import checklist

    ws = open_workspace(ctx, workspace)
    found = checklist(ws, case_number(ws, number), by=actor(ctx, ws))
    if as_json:
        show_json({**plain(found), "ready": found.ready})
    else:
        show(checklist_page(found, ws.settings.city.zone, ws.root))
