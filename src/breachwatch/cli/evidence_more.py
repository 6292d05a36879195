"""`breachwatch evidence add`, `reproduce`, `sweep`: files as evidence, repeating a snapshot, mending."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachwatch.cli.evidence_handover import moment_of
from breachwatch.cli.incident_options import case_number
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.errors import EvidenceError


def register(app: typer.Typer) -> None:
    """Add the commands to the group `evidence`."""
    app.command()(add)
    app.command()(reproduce)
    app.command()(sweep)


def add(  # noqa: PLR0913, PLR0917  each option is one thing that custody tells
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Screenshots, mails, disk images: any files.")],
    received_from: Annotated[str, typer.Option("--from", metavar="WHO", help="From whom they were received.")],
    purpose: Annotated[str, typer.Option(metavar="WHY", help="What they are kept for.")],
    incident: Annotated[str | None, typer.Option(metavar="INC", help="The incident they belong to.")] = None,
    source: Annotated[str, typer.Option(metavar="WHERE", help="Where they were before: a phone, a mailbox.")] = "",
    received_at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="When they were received (ISO 8601; default: now).")
    ] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Seal files as evidence, with their hashes at receipt. The originals stay where they are."""
    from breachwatch import evidence
    from breachwatch.report.evidence import added_page

    ws = open_workspace(ctx, workspace)
    receipt = evidence.Receipt(received_from, purpose, source, moment_of(received_at, ws.settings.city.zone))
    number = case_number(ws, incident) if incident else None
    snapshot = evidence.add_file(ws, files, by=actor(ctx, ws), receipt=receipt, incident=number)
    if as_json:
        show_json(snapshot)
    else:
        show(added_page(snapshot))


def reproduce(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="A snapshot (EV-...).")],
    purpose: Annotated[str, typer.Option(metavar="WHY", help="What for, for the chain of custody.")] = "reproduction",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Parse a snapshot's original bytes again, run its queries again, and compare. Ends with 4 on a difference."""
    from breachwatch.evidence.reproduction import reproduce as again
    from breachwatch.report.reproduction import reproduction_page

    ws = open_workspace(ctx, workspace)
    result = again(ws, number.upper(), by=actor(ctx, ws), purpose=purpose)
    if as_json:
        show_json(result)
    else:
        show(reproduction_page(result))
    if not result.ok:
        raise typer.Exit(EvidenceError.exit_code)


def sweep(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Mend what killed runs left in the vault, and tell what was mended. Each run does the same."""
    from breachwatch import evidence
    from breachwatch.model.people import Permission
    from breachwatch.people import require
    from breachwatch.report.evidence import mended_page

    ws = open_workspace(ctx, workspace)
    require(actor(ctx, ws), Permission.PRESERVE)
    mended = evidence.sweep(ws)
    if as_json:
        show_json(mended)
    elif mended:
        show(mended_page(mended))
    else:
        remark("nothing to mend.")
