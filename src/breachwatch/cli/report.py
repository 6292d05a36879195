"""`breachwatch report`: what people report, from receipt to triage, and what is written to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli import report_add, report_after
from breachwatch.cli.incident_options import ReasonOption, case_number
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.cli.report_options import ReportArgument, number_of
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.model.people import Actor
    from breachwatch.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="What staff, vendors and residents report: take it in, look at it, answer it.",
)
report_add.register(app)


@app.command("list")
def list_reports(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Those that were triaged, too.")] = False,
    role: Annotated[str, typer.Option("--for", metavar="ROLE", help="Routed to this role: records-officer.")] = "",
    incident: Annotated[
        str, typer.Option("--incident", metavar="NUMBER", help="Those that belong to this incident.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="So many at most.")] = 200,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List the reports that wait for triage, in the order of receipt."""
    from breachwatch.cli.incident_options import chosen
    from breachwatch.model.people import Role
    from breachwatch.report.intake import plain_report, reports_page
    from breachwatch.respond.intake.reading import reports

    ws = open_workspace(ctx, workspace)
    asked = chosen(Role, role, "role") if role else None
    of = case_number(ws, incident) if incident else ""
    found = reports(ws, by=actor(ctx, ws), waiting=not (everything or of), role=asked, incident=of, limit=limit)
    if as_json:
        show_json([plain_report(item) for item in found])
    else:
        show(reports_page(found, ws.settings.city.zone))


@app.command("show")
def show_report(
    ctx: typer.Context, number: ReportArgument, as_json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """Show a report: what was said, what was done, what was written."""
    from breachwatch.report.intake import plain_report, report_page
    from breachwatch.respond.intake.communications import communications
    from breachwatch.respond.intake.reading import report_of

    ws = open_workspace(ctx, workspace)
    number, by = number_of(ws, number), actor(ctx, ws)
    found, letters = report_of(ws, number, by=by), communications(ws, by=by, report=number)
    if as_json:
        show_json({**plain_report(found), "communications": letters})
    else:
        show(report_page(found, letters, ws.settings.city.zone))


@app.command()
def triage(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: ReportArgument,
    reason: ReasonOption,
    attach: Annotated[str, typer.Option("--attach", metavar="INCIDENT", help="It belongs to this incident.")] = "",
    opens: Annotated[bool, typer.Option("--open", help="Open an incident from it.")] = False,
    level: Annotated[
        str, typer.Option("--level", metavar="LEVEL", help="With --open: how severe it looks.")
    ] = "medium",
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="With --open: default, its first line.")] = "",
    duplicate: Annotated[str, typer.Option("--duplicate", metavar="REPORT", help="It repeats this report.")] = "",
    no_incident: Annotated[bool, typer.Option("--no-incident", help="Nothing happened.")] = False,
    again: Annotated[bool, typer.Option("--reopen", help="It was triaged by mistake and waits again.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Decide what becomes of a report: attach it to an incident, open one, or close it with a reason."""
    from breachwatch.respond.intake.reading import report_of

    if sum(map(bool, (attach, opens, duplicate, no_incident, again))) != 1:
        msg = "say one of --attach INCIDENT, --open, --duplicate REPORT, --no-incident, --reopen."
        raise UsageError(msg)
    ws = open_workspace(ctx, workspace)
    number, by = number_of(ws, number), actor(ctx, ws)
    what = _triaged(ws, number, by, reason, (attach, opens, duplicate, again), (level, title))
    found = report_of(ws, number, by=by)
    if as_json:
        show_json({"report": number, "state": found.state, "incident": found.incident})
    else:
        remark(f"{number}: {what}")


def _triaged(
    ws: Workspace, number: str, by: Actor, reason: str, where: tuple[str, bool, str, bool], how: tuple[str, str]
) -> str:
    """Do it, and say in words what was done."""
    from breachwatch.model.finding import Level
    from breachwatch.model.intake import ReportState
    from breachwatch.respond.intake import triage as deciding
    from breachwatch.respond.intake.reading import report_of

    attach, opens, duplicate, again = where
    if attach:
        to = case_number(ws, attach)
        evidence = deciding.attach(ws, number, to, by=by, reason=reason)
        return f"attached to {to}; sealed for it in {evidence}."
    if opens:
        opened = deciding.open_incident(ws, number, by=by, reason=reason, level=Level.parse(how[0]), title=how[1])
        if report_of(ws, number, by=by).state is ReportState.OPENING:
            return f"opened {opened}. PRESERVATION FAILED; why: breachwatch incident show {opened}"
        return f"opened {opened}. The reporter may be told: breachwatch report reply {number}"
    if again:
        deciding.reopen(ws, number, by=by, reason=reason)
        return "waits again."
    other = number_of(ws, duplicate) if duplicate else ""
    state = ReportState.DUPLICATE if duplicate else ReportState.NO_INCIDENT
    deciding.close(ws, number, state, by=by, reason=reason, duplicate_of=other)
    return f"closed: {state.value}{f' of {other}' if other else ''}."


report_after.register(app)
