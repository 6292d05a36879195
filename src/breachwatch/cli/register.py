"""`breachwatch register`: the register of systems, checked and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, show, show_json
from breachwatch.errors import DataError, UsageError

if TYPE_CHECKING:
    from breachwatch.register import Register
    from breachwatch.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The register of systems: what they are worth and hold."
)


@app.command("check")
def check(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Read the register and tell everything that is wrong with it, with its place and how to mend it.

    Ends with 1 where something is.
    """
    found = _register(open_workspace(ctx, workspace))
    if as_json:
        show_json({"systems": len(found.systems), "problems": found.problems})
    else:
        for problem in found.problems:
            typer.echo(_plain(str(problem)))
        typer.echo(f"{len(found.systems):,} systems can be used, {len(found.problems):,} problems.")
    if found.problems:
        raise typer.Exit(1)


@app.command("show")
def show_register(
    ctx: typer.Context,
    host: Annotated[str, typer.Argument(metavar="[HOST]", help="Only the system that a host of the logs is.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the systems of the register, or the one that a host is."""
    from breachwatch.report.severity import register_page

    found = _register(open_workspace(ctx, workspace))
    systems = found.of([host]) if host else found.systems
    if as_json:
        show_json(systems)
    else:
        show(register_page(found, systems))


def _register(ws: Workspace) -> Register:
    from breachwatch.register import load

    if not ws.settings.systems.file:
        msg = "the settings name no register of systems. Write one and name it under [systems] file."
        raise UsageError(msg)
    found = load(ws)
    if found.fault:
        raise DataError(found.fault)
    return found


def _plain(text: str) -> str:
    from breachwatch.report.text import visible

    return visible(text, 600)
