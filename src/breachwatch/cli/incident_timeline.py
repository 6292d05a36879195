"""`breachwatch incident timeline`: the story of an incident, built from the records and curated by people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.documents import FormOption, ToOption, write_document
from breachwatch.cli.incident_options import NumberArgument, ReasonOption, case_number, chosen, tell, time_of
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json

if TYPE_CHECKING:
    from breachwatch.incidents.casework.timeline import Curation

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The story of an incident.")
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Of a line, as `timeline show` has it.")]


@app.command("show")
def show_timeline(
    ctx: typer.Context,
    number: NumberArgument,
    pinned: Annotated[bool, typer.Option("--pinned", help="Only what people pinned.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also what people left out.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the story in order of time: alerts, steps, measures, evidence, and what people added."""
    from breachwatch.incidents.casework import timeline
    from breachwatch.report.casework import timeline_page

    ws = open_workspace(ctx, workspace)
    found = timeline.timeline(ws, case_number(ws, number), by=actor(ctx, ws), everything=everything)
    lines = [line for line in found if line.pinned or not pinned]
    if as_json:
        show_json(lines)
    else:
        show(timeline_page(lines, ws.settings.city.zone))


@app.command("export")
def export(
    ctx: typer.Context,
    number: NumberArgument,
    to: ToOption,
    form: FormOption = None,
    pinned: Annotated[bool, typer.Option("--pinned", help="Only what people pinned.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the curated story to a file, for others to read: without what people left out."""
    from breachwatch.incidents.casework import timeline
    from breachwatch.model.people import Permission
    from breachwatch.people import require
    from breachwatch.report.timeline import timeline_document

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    require(actor(ctx, ws), Permission.READ)
    lines = [line for line in timeline.timeline(ws, number, by=None) if line.pinned or not pinned]
    city = ws.settings.city
    size = write_document(timeline_document(number, lines, city.name, city.zone, ws.clock.now()), form, to)
    remark(f"{to}: {len(lines)} lines, {size:,} bytes.")


@app.command("add")
def add(
    ctx: typer.Context,
    number: NumberArgument,
    time: Annotated[str, typer.Argument(metavar="TIME", help="2026-11-22T02:14, in the city's zone or with its own.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What happened.")],
    precision: Annotated[str, typer.Option(metavar="HOW", help="second, minute, hour or day.")] = "minute",
    means: Annotated[str, typer.Option("--means", metavar="TEXT", help="What you make of it.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Add what no log knows, such as a telephone call."""
    from breachwatch.incidents.casework import timeline
    from breachwatch.model.casework import Precision

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    key = timeline.add(
        ws,
        number,
        time_of(ws, time),
        text,
        by=actor(ctx, ws),
        precision=chosen(Precision, precision, "precision"),
        interpretation=means,
    )
    tell(ws, number, f"{key} added", as_json=as_json)


@app.command("pin")
def pin(
    ctx: typer.Context,
    number: NumberArgument,
    key: KeyArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Unpin it.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Pin a line that matters."""
    from breachwatch.incidents.casework.timeline import Curation

    _curate(ctx, number, key, Curation(pinned=not undo), as_json=as_json, workspace=workspace)


@app.command("hide")
def hide(
    ctx: typer.Context,
    number: NumberArgument,
    key: KeyArgument,
    reason: ReasonOption = "",
    undo: Annotated[bool, typer.Option("--undo", help="Show it again.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Leave a line out of the story, with a reason; nothing is deleted."""
    from breachwatch.incidents.casework.timeline import Curation

    _curate(ctx, number, key, Curation(shown=undo), reason=reason, as_json=as_json, workspace=workspace)


@app.command("means")
def means(
    ctx: typer.Context,
    number: NumberArgument,
    key: KeyArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What you make of it.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Say what a line means, beside what it says."""
    from breachwatch.incidents.casework.timeline import Curation

    _curate(ctx, number, key, Curation(interpretation=text), as_json=as_json, workspace=workspace)


@app.command("correct")
def correct(
    ctx: typer.Context,
    number: NumberArgument,
    key: KeyArgument,
    reason: ReasonOption,
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="What happened.")] = None,
    time: Annotated[str, typer.Option("--at", metavar="TIME", help="When it happened.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Correct a line that a person added; what stood there before is kept."""
    from breachwatch.incidents.casework.timeline import Curation

    ws = open_workspace(ctx, workspace)
    what = Curation(text=text, at=time_of(ws, time) if time else None)
    _curate(ctx, number, key, what, reason=reason, as_json=as_json, workspace=workspace)


def _curate(
    ctx: typer.Context,
    number: str,
    key: str,
    what: Curation,
    *,
    reason: str = "",
    as_json: bool,
    workspace: WorkspaceOption,
) -> None:
    from breachwatch.incidents.casework import timeline

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    timeline.curate(ws, number, key, what, by=actor(ctx, ws), reason=reason)
    tell(ws, number, f"{key} curated", as_json=as_json)
