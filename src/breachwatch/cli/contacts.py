"""`breachwatch contacts`: who is turned to, inside and outside, and where the official forms are."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.incident_options import chosen
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json


def contacts(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help="police, regulator, insurer, ...: only those.")] = "",
    check: Annotated[bool, typer.Option("--check", help="End with 1 where something is missing.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the directory of people and contacts with the official forms, and what is missing in it."""
    from breachwatch.report.papers import directory_page
    from breachwatch.respond.contacts import directory
    from breachwatch.settings_contacts import ContactKind

    ws = open_workspace(ctx, workspace)
    found = directory(ws, by=actor(ctx, ws), kind=chosen(ContactKind, kind, "kind of contact") if kind else None)
    if as_json:
        people = [item.model_dump(mode="json") for item in found.people]
        outside = [item.model_dump(mode="json") for item in found.contacts]
        show_json({"people": people, "contacts": outside, "missing": found.missing})
    else:
        show(directory_page(found))
    if check and found.missing:
        raise typer.Exit(1)
