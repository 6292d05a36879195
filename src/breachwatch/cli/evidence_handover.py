"""`breachwatch evidence` lines, open, custody, transfer, receipt, returned, transfers: evidence in people's hands."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from breachwatch.cli.documents import write_new
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.errors import UsageError

_NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="A piece of evidence (EV-...).")]
_TransferArgument = Annotated[str, typer.Argument(metavar="TRANSFER", help="A transfer (TR-...).")]
_PurposeOption = Annotated[str, typer.Option(metavar="WHY", help="What for, for the chain of custody.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group `evidence`."""
    for command in (lines, custody, transfer, receipt, returned, transfers):
        app.command()(command)
    app.command("open")(open_file)


def lines(
    ctx: typer.Context,
    number: _NumberArgument,
    purpose: _PurposeOption,
    most: Annotated[int, typer.Option("--most", min=1, max=100_000, help="So many lines at most.")] = 100,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the original lines that matched, as they were sealed. The chain of custody tells of it."""
    from breachwatch.evidence import handover
    from breachwatch.report.handover import lines_page

    ws = open_workspace(ctx, workspace)
    found = handover.read_lines(ws, number.upper(), by=actor(ctx, ws), purpose=purpose, most=most)
    if as_json:
        show_json(found)
    else:
        show(lines_page(found))


def open_file(
    ctx: typer.Context,
    number: _NumberArgument,
    name: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="A file in it (data/...). Without: which files there are.")
    ] = None,
    to: Annotated[Path, typer.Option(metavar="PATH", help="Where the working copy goes.")] = Path(),
    purpose: Annotated[str, typer.Option(metavar="WHY", help="What for, for the chain of custody.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List the files of a piece of evidence, or copy one out to look at it. Custody tells of each copy."""
    from breachwatch.evidence import handover
    from breachwatch.report.handover import files_page

    ws = open_workspace(ctx, workspace)
    by = actor(ctx, ws)
    if name is None:
        files = handover.files_in(ws, number.upper(), by=by)
        if as_json:
            show_json(files)
        else:
            show(files_page(files))
        return
    if not purpose.strip():
        msg = "say what for with --purpose: the chain of custody tells of the copy."
        raise UsageError(msg)
    copy = handover.copy_out(ws, number.upper(), name, to, by=by, purpose=purpose)
    if as_json:
        show_json({"copy": str(copy)})
    else:
        remark(f"a working copy; the original stays sealed: {copy}")


def custody(
    ctx: typer.Context,
    number: _NumberArgument,
    target: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write the form: a name ending in .html or .pdf.")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Print the chain-of-custody form, or write it as HTML or PDF to sign."""
    from breachwatch.documents import render_html, render_pdf
    from breachwatch.evidence import handover
    from breachwatch.report.handover import custody_page

    ws = open_workspace(ctx, workspace)
    form = handover.custody_form(ws, number.upper(), by=actor(ctx, ws))
    if target is None:
        show(custody_page(form))
        return
    render = {".html": render_html, ".pdf": render_pdf}.get(target.suffix)
    if render is None:
        msg = f"{target.name}: a form is written as .html or .pdf"
        raise UsageError(msg)
    write_new(target, render(form))


def transfer(  # noqa: PLR0913, PLR0917  each option is one thing that custody tells
    ctx: typer.Context,
    number: _NumberArgument,
    to: Annotated[str, typer.Option(metavar="WHO", help="The person who receives it.")],
    purpose: _PurposeOption,
    organization: Annotated[str, typer.Option(metavar="NAME", help="Whose person that is.")] = "",
    contact: Annotated[str, typer.Option(metavar="TEXT", help="Telephone or address.")] = "",
    method: Annotated[str, typer.Option(metavar="HOW", help="In person, by courier, by upload.")] = "",
    authority: Annotated[str, typer.Option(metavar="TEXT", help="Subpoena, warrant, agreement.")] = "",
    archive: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The export that is handed over; its hash is recorded.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record that evidence is handed over. Its number goes on the receipt that comes back."""
    from breachwatch.evidence import handover
    from breachwatch.report.handover import transfers_page

    ws = open_workspace(ctx, workspace)
    recipient = handover.Recipient(to, organization, contact, method, authority)
    made = handover.transfer(ws, number.upper(), by=actor(ctx, ws), to=recipient, purpose=purpose, archive=archive)
    if as_json:
        show_json(made)
    else:
        show(transfers_page([made], ws.settings.city.zone))


def receipt(
    ctx: typer.Context,
    name: _TransferArgument,
    person: Annotated[str, typer.Option("--by", metavar="WHO", help="Who signed the receipt.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="When (ISO 8601; default: now).")] = "",
    note: Annotated[str, typer.Option(metavar="TEXT", help="What else is to be noted.")] = "",
    scan: Annotated[Path | None, typer.Option(metavar="FILE", help="The signed receipt; its hash is recorded.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record the receipt that came back for a transfer."""
    from breachwatch.evidence import handover
    from breachwatch.report.handover import transfers_page

    ws = open_workspace(ctx, workspace)
    answer = handover.Answer(person, moment_of(at, ws.settings.city.zone), note, scan)
    made = handover.acknowledge(ws, name.upper(), answer, by=actor(ctx, ws))
    if as_json:
        show_json(made)
    else:
        show(transfers_page([made], ws.settings.city.zone))


def returned(
    ctx: typer.Context,
    name: _TransferArgument,
    person: Annotated[str, typer.Option("--by", metavar="WHO", help="Who brought it back.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="When (ISO 8601; default: now).")] = "",
    note: Annotated[str, typer.Option(metavar="TEXT", help="Or that it was destroyed as agreed.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record that what was handed over came back."""
    from breachwatch.evidence import handover
    from breachwatch.report.handover import transfers_page

    ws = open_workspace(ctx, workspace)
    answer = handover.Answer(person, moment_of(at, ws.settings.city.zone), note)
    made = handover.give_back(ws, name.upper(), answer, by=actor(ctx, ws))
    if as_json:
        show_json(made)
    else:
        show(transfers_page([made], ws.settings.city.zone))


def transfers(
    ctx: typer.Context,
    number: Annotated[str | None, typer.Argument(metavar="[NUMBER]", help="Of one piece of evidence only.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List the transfers, and which receipts are still missing."""
    from breachwatch.evidence import handover
    from breachwatch.report.handover import transfers_page

    ws = open_workspace(ctx, workspace)
    found = handover.transfers_of(ws, number.upper() if number else None, by=actor(ctx, ws))
    if as_json:
        show_json(found)
    else:
        show(transfers_page(found, ws.settings.city.zone))


def moment_of(text: str, zone: ZoneInfo) -> datetime | None:
    """The time that an option names, local where it names no zone; None for no text. Raises UsageError."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"--at {text!r} is no time like 2026-11-22T14:30 (local) or 2026-11-22T20:30:00Z."
        raise UsageError(msg) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
