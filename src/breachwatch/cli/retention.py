"""`breachwatch retention`: how long the files of incidents are kept, and their disposal by two persons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachwatch.cli.documents import form_of, write_document
from breachwatch.cli.incident_options import case_number
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Dispose of the files of closed incidents, with a certificate."
)
DisposalArgument = Annotated[str, typer.Argument(metavar="DISPOSAL", help="RET-2026-0001")]
ReasonOption = Annotated[str, typer.Option("--reason", "-r", metavar="WHY", help="Why; it stays on record.")]


@app.command()
def due(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Show the files whose period is over, and what keeps them."""
    from breachwatch.report.retention import due_page
    from breachwatch.respond.retention.keeping import due_files
    from breachwatch.respond.retention.periods import law_of, period

    ws = open_workspace(ctx, workspace)
    found = due_files(ws, by=actor(ctx, ws))
    if as_json:
        show_json(found)
        return
    with ws.database.read() as connection:
        held = period(ws, connection)
    law = law_of(ws)
    show(due_page(found, held, f"{law.minimum_years}; {law.rule}" if law else "not specified", ws.settings.city.zone))


@app.command("period")
def enter(
    ctx: typer.Context,
    years: Annotated[int, typer.Argument(metavar="YEARS", help="After the incident was closed.")],
    source: Annotated[str, typer.Option(metavar="SCHEDULE", help="The schedule, statute or resolution that sets it.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Enter the period of the city's schedule; never shorter than the law's minimum."""
    from breachwatch.respond.retention.periods import enter_period

    ws = open_workspace(ctx, workspace)
    made = enter_period(ws, years, source=source, by=actor(ctx, ws))
    remark(f"files of incidents are kept {made.years} years after closing: {made.source}")


@app.command()
def ask(
    ctx: typer.Context,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="INC-2026-0042, or 42 for this year's.")],
    authority: Annotated[str, typer.Option(metavar="WHAT", help="The schedule, resolution or consent that allows it.")],
    reason: ReasonOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Ask that the file of a closed incident be disposed of; somebody else decides."""
    from breachwatch.respond.retention.asking import ask as asked

    ws = open_workspace(ctx, workspace)
    made = asked(ws, case_number(ws, incident), authority=authority, reason=reason, by=actor(ctx, ws))
    if as_json:
        show_json(made)
    else:
        remark(f"{made.number}: somebody else decides with `breachwatch retention approve {made.number} --reason WHY`")


@app.command()
def approve(
    ctx: typer.Context,
    number: DisposalArgument,
    reason: ReasonOption,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it instead.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Approve a disposal that somebody else asked for, or refuse it. What is approved goes at once."""
    from breachwatch.respond.retention.asking import decide
    from breachwatch.respond.retention.carrying import carry_out

    ws = open_workspace(ctx, workspace)
    number, by = number.strip().upper(), actor(ctx, ws)
    made = decide(ws, number, approve=not refuse, reason=reason, by=by)
    if not refuse:
        made = carry_out(ws, number, by=by)
    if as_json:
        show_json(made)
    else:
        remark(f"{number} is {made.state}{f': certificate {made.certificate}' if made.certificate else ''}.")


@app.command("list")
def list_disposals(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Show the disposals of files that were asked for, and what became of them."""
    from breachwatch.report.retention import disposals_page
    from breachwatch.respond.retention.asking import disposals

    ws = open_workspace(ctx, workspace)
    found = disposals(ws, by=actor(ctx, ws))
    if as_json:
        show_json(found)
    else:
        show(disposals_page(found, ws.settings.city.zone))


@app.command()
def certificate(
    ctx: typer.Context,
    number: DisposalArgument,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="A new file: .pdf, .html or .docx.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Write the certificate of a disposal; finish it first where it was broken off."""
    from breachwatch.respond.retention.carrying import certificate_of, sweep

    form = form_of(None, to)  # before anything is finished
    ws = open_workspace(ctx, workspace)
    sweep(ws, by=actor(ctx, ws))
    write_document(certificate_of(ws, number.strip().upper()).document, form, to)
    remark(f"{to}: the certificate of {number.strip().upper()}.")
