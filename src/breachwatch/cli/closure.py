"""`breachwatch closure`: the end of an incident, what it still asks for, and the report that is made of it."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.documents import FormOption, ToOption, write_document
from breachwatch.cli.incident_options import NumberArgument, ReasonOption, case_number
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json

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


@app.command("report")
def write_report(
    ctx: typer.Context,
    number: NumberArgument,
    to: ToOption,
    form: FormOption = None,
    privileged: Annotated[
        bool, typer.Option("--privileged", help="For counsel alone: with counsel's notes, and marked on every page.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the after-action report of an incident: the same records give the same bytes."""
    from breachwatch.report.after_action import after_action
    from breachwatch.respond.closure.record import case_record

    ws = open_workspace(ctx, workspace)
    record = case_record(ws, case_number(ws, number), by=actor(ctx, ws), privileged=privileged)
    city = ws.settings.city
    size = write_document(after_action(record, city.name, city.zone, privileged=privileged), form, to)
    remark(f"{to}: the after-action report of {record.number}, {size:,} bytes.")


@app.command()
def statement(
    ctx: typer.Context, number: NumberArgument, reason: ReasonOption, workspace: WorkspaceOption = None
) -> None:
    """Draft the closing statement as a paper: what is known is filled in, what is not stands as a blank."""
    from breachwatch.respond.closure.statement import draft_statement

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    paper = draft_statement(ws, number, by=actor(ctx, ws), reason=reason)
    remark(
        f"{number}: {paper.number} is drafted. Its file: `breachwatch paper show {paper.number} --output FILE.docx`."
    )
