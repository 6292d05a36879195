"""`breachwatch incident action`: measures, who carried them out, and who made sure that they work."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.incident_options import ExpectOption, NumberArgument, case_number, chosen, tell, time_of
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Measures: ordered, carried out, verified by somebody else."
)
ActionArgument = Annotated[int, typer.Argument(metavar="ACTION", help="Its number, from the list.")]
ByOption = Annotated[str, typer.Option("--by", metavar="WHO", help="Who carries it out; default: you.")]


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: NumberArgument,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="containment, eradication, recovery, access-suspension, sanction or vendor."
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The host, account, system or vendor.")],
    text: Annotated[str, typer.Option("--text", metavar="WHAT", help="What exactly is to be done.")] = "",
    done: Annotated[bool, typer.Option("--done", help="It is carried out already.")] = False,
    by: ByOption = "",
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="When it was carried out; default: now.")] = "",
    ordered_by: Annotated[
        str, typer.Option("--ordered-by", metavar="WHO", help="Who gave the order, where it was not you.")
    ] = "",
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record a measure that was ordered; with --done that it was carried out, too."""
    from breachwatch.incidents.casework import actions
    from breachwatch.model.casework import ActionKind

    ws = open_workspace(ctx, workspace)
    number, who = case_number(ws, number), actor(ctx, ws)
    when = time_of(ws, at) if at else None
    made = actions.order(
        ws,
        number,
        chosen(ActionKind, kind, "kind of action"),
        target,
        by=who,
        description=text,
        ordered_by=ordered_by,
        implementer=by,
        expected_version=expect,
    )
    if done:
        actions.done(ws, number, made, by=who, result=text, implementer=by, at=when)
    tell(ws, number, f"action {made} {'done' if done else 'ordered'}", as_json=as_json)


@app.command("done")
def mark_done(
    ctx: typer.Context,
    number: NumberArgument,
    action: ActionArgument,
    result: Annotated[str, typer.Option("--result", metavar="TEXT", help="What came of it.")] = "",
    by: ByOption = "",
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="When; default: now.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record that a measure was carried out."""
    from breachwatch.incidents.casework import actions

    ws = open_workspace(ctx, workspace)
    number, when = case_number(ws, number), time_of(ws, at) if at else None
    actions.done(ws, number, action, by=actor(ctx, ws), result=result, implementer=by, at=when)
    tell(ws, number, f"action {action} done", as_json=as_json)


@app.command("verify")
def verify(
    ctx: typer.Context,
    number: NumberArgument,
    action: ActionArgument,
    finding: Annotated[str, typer.Option("--finding", metavar="TEXT", help="What you checked, and what you saw.")],
    waive: Annotated[
        str, typer.Option("--waive", metavar="WHY", help="Why nobody else than who carried it out can verify it.")
    ] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record that a measure works; by somebody else than who carried it out."""
    from breachwatch.incidents.casework import actions

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    actions.verify(ws, number, action, by=actor(ctx, ws), finding=finding, waiver=waive)
    tell(ws, number, f"action {action} verified", as_json=as_json)


@app.command("list")
def list_actions(
    ctx: typer.Context, number: NumberArgument, as_json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """List the measures of an incident."""
    from breachwatch.incidents.casework import actions
    from breachwatch.report.casework import actions_page

    ws = open_workspace(ctx, workspace)
    found = actions.actions(ws, case_number(ws, number), by=actor(ctx, ws))
    if as_json:
        show_json(found)
    else:
        show(actions_page(found, ws.settings.city.zone))
