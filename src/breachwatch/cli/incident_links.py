"""`breachwatch incident merge`, `unmerge`, `link`: incidents that belong together."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.incident_options import ExpectOption, NumberArgument, ReasonOption, case_number, chosen, tell
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace

OtherArgument = Annotated[str, typer.Argument(metavar="OTHER", help="The other incident.")]


def merge(
    ctx: typer.Context,
    number: NumberArgument,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The incident in which it goes on.")],
    reason: ReasonOption,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Let an incident go on in another one. Nothing is moved or lost; `unmerge` takes it back."""
    from breachwatch.incidents.casework import merging

    ws = open_workspace(ctx, workspace)
    number, into = case_number(ws, number), case_number(ws, into)
    merging.merge(ws, number, into, by=actor(ctx, ws), reason=reason, expected_version=expect)
    tell(ws, number, f"merged into {into}", as_json=as_json)


def unmerge(
    ctx: typer.Context,
    number: NumberArgument,
    reason: ReasonOption,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take a merge back: both incidents stand on their own again."""
    from breachwatch.incidents.casework import merging

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    merging.unmerge(ws, number, by=actor(ctx, ws), reason=reason, expected_version=expect)
    tell(ws, number, "stands on its own again", as_json=as_json)


def link(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: NumberArgument,
    other: OtherArgument,
    reason: ReasonOption,
    relation: Annotated[
        str, typer.Option("--as", metavar="HOW", help="related, or recurrence (of OTHER).")
    ] = "related",
    undo: Annotated[bool, typer.Option("--undo", help="Take the link back; it stays visible.")] = False,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Note that two incidents have to do with each other, without merging them."""
    from breachwatch.incidents.casework import merging
    from breachwatch.model.casework import Relation

    ws = open_workspace(ctx, workspace)
    number, other, by = case_number(ws, number), case_number(ws, other), actor(ctx, ws)
    if undo:
        merging.unlink(ws, number, other, by=by, reason=reason)
        tell(ws, number, f"link to {other} taken back", as_json=as_json)
        return
    how = chosen(Relation, relation, "relation")
    merging.link(ws, number, other, how, by=by, reason=reason, expected_version=expect)
    tell(ws, number, f"{how}: {other}", as_json=as_json)
