"""`breachwatch incident`: one incident."""

from __future__ import annotations

import typer

from breachwatch.cli import (
    incident_actions,
    incident_facts,
    incident_links,
    incident_steps,
    incident_tasks,
    incident_timeline,
)
from breachwatch.cli.incident_grouping import preview_grouping
from breachwatch.cli.incident_lines import incident_lines
from breachwatch.cli.incident_options import NumberArgument, case_number
from breachwatch.cli.incident_severity import incident_severity
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at one incident, and work on it.")
app.command("lines")(incident_lines)
app.command("severity")(incident_severity)
app.command("preview-grouping")(preview_grouping)
app.command("advance")(incident_steps.advance)
app.command("verdict")(incident_steps.verdict)
app.command("decide")(incident_steps.decide)
app.command("reopen")(incident_steps.reopen)
app.command("assign")(incident_steps.assign)
app.command("merge")(incident_links.merge)
app.command("unmerge")(incident_links.unmerge)
app.command("link")(incident_links.link)
app.command("anchor")(incident_facts.anchor)
app.command("affected")(incident_facts.affected)
app.command("note")(incident_facts.note)
app.add_typer(incident_actions.app, name="action")
app.add_typer(incident_tasks.app, name="task")
app.add_typer(incident_timeline.app, name="timeline")


@app.command("show")
def show_incident(
    ctx: typer.Context,
    number: NumberArgument,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show one incident.

    Why it was opened, who takes part, its alerts in order of time, its evidence, its history, and what people added:
    verdict, moments, measures, tasks, decisions, notes, who is affected. With --json that is under `case`. Then the
    reports, referrals, papers and records requests that belong to it; with --json under `belonging`.
    """
    from breachwatch import incidents
    from breachwatch.incidents.casework.case import case
    from breachwatch.report.belonging import belonging_parts
    from breachwatch.report.casework import case_parts
    from breachwatch.report.incidents import incident_page
    from breachwatch.report.plain import plain
    from breachwatch.respond.belonging import belongings

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    who = actor(ctx, ws)
    found = incidents.incident(ws, number, by=who)
    added = case(ws, number, by=who)
    belonging = belongings(ws, number, by=who)
    if as_json:
        show_json({**plain(found), "case": added, "belonging": belonging})
    else:
        zone = ws.settings.city.zone
        more = (*case_parts(added, ws.clock.now(), zone), *belonging_parts(belonging, zone))
        show(incident_page(found, zone, ws.root, more))
