"""`breachwatch request redact, preview, sign, release`: what leaves, what does not, and who said so."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.cli.request_options import RequestArgument, WhyOption, request_number
from breachwatch.errors import UsageError

FolderOption = Annotated[Path, typer.Option("--to", metavar="DIR", help="A new folder for the files.")]


def redact(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: RequestArgument,
    items: Annotated[
        list[str] | None, typer.Argument(metavar="[ITEM...]", help="As listed; * stands for anything: 'note:*/text'.")
    ] = None,
    exemption: Annotated[
        str, typer.Option(metavar="ID", help="Withhold them by this exemption of the city's profile.")
    ] = "",
    clear: Annotated[bool, typer.Option("--clear", help="Their text was read, and leaves.")] = False,
    proposed: Annotated[
        bool, typer.Option("--proposed", help="Withhold what is open by what is proposed for each.")
    ] = False,
    open_only: Annotated[bool, typer.Option("--open", help="Show only what is to be decided.")] = False,
    reason: WhyOption = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the items that do not leave by themselves, or decide about some of them."""
    from breachwatch.report.requests import items_page
    from breachwatch.respond.requests import redacting

    ws = open_workspace(ctx, workspace)
    number, by = request_number(ws, number), actor(ctx, ws)
    if exemption or clear or proposed:
        if sum((bool(exemption), clear, proposed)) > 1:
            raise UsageError("one of --exemption, --clear and --proposed.")
        chosen = redacting.PROPOSED if proposed else exemption
        patterns = items or (["*"] if proposed else [])
        count = redacting.redact(ws, number, patterns, by=by, reason=reason, exemption=chosen, clear=clear)
        remark(f"{number}: {count} items {'cleared' if clear else 'withheld'}.")
        return
    found = redacting.standings(ws, number, by=by)
    found = redacting.undecided(found) if open_only else found
    if as_json:
        show_json(found)
    else:
        show(items_page(found))


def preview(
    ctx: typer.Context,
    number: RequestArgument,
    to: FolderOption,
    version: Annotated[int | None, typer.Option(metavar="N", help="An earlier version, as it was.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Prepare what would leave and write its files to look at; the hash is what counsel signs."""
    from breachwatch.model.people import Permission
    from breachwatch.respond.requests.releasing import prepare, write_version

    ws = open_workspace(ctx, workspace)
    number, by = request_number(ws, number), actor(ctx, ws)
    if version is None and by.may(Permission.ANSWER_REQUESTS):
        prepare(ws, number, by=by)
    made = write_version(ws, number, to, by=by, version=version)
    if as_json:
        show_json({"request": number, "version": made.version, "sha256": made.sha256, "withheld": made.withheld})
        return
    remark(f"{number}: version {made.version}, {made.withheld} items withheld, in {to}. Nothing has left.")
    remark(f"For counsel: breachwatch request sign {number} {made.sha256} --reason WHY")


def sign(
    ctx: typer.Context,
    number: RequestArgument,
    sha256: Annotated[str, typer.Argument(metavar="SHA256", help="Of the version that was read, as preview says.")],
    reason: WhyOption,
    refuse: Annotated[bool, typer.Option("--refuse", help="Send it back instead.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Sign as counsel exactly what would leave, or send it back."""
    from breachwatch.respond.requests.releasing import sign as signed

    ws = open_workspace(ctx, workspace)
    number = request_number(ws, number)
    made = signed(ws, number, sha256, by=actor(ctx, ws), reason=reason, refuse=refuse)
    remark(f"{number}: version {made.version} is {'sent back' if refuse else 'signed'}.")


def release(
    ctx: typer.Context,
    number: RequestArgument,
    to: FolderOption,
    reason: WhyOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the files that counsel signed, and enter the release in the log."""
    from breachwatch.respond.requests.clocks import warnings_of
    from breachwatch.respond.requests.reading import request
    from breachwatch.respond.requests.releasing import release as released

    ws = open_workspace(ctx, workspace)
    number, by = request_number(ws, number), actor(ctx, ws)
    made = released(ws, number, to, by=by, reason=reason)
    for warning in warnings_of(request(ws, number, by=by), now=ws.clock.now()):
        remark(f"WARNING: {warning}")
    if as_json:
        show_json(made)
        return
    remark(f"{number}: version {made.version} is in {to}, and kept as {made.evidence}.")
    remark(f"When it was delivered: breachwatch request step {number} delivered --reason HOW --proof FILE")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the group."""
    for command in (redact, preview, sign, release):
        app.command(command.__name__)(command)
