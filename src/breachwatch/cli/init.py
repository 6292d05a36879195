"""`breachwatch init`: lay out a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachwatch.cli.options import Common, WorkspaceOption, remark

MACHINE, NONE = "machine", "none"


def init(
    ctx: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The folder; default: the current one.")
    ] = None,
    name: Annotated[str, typer.Option(help="The city's name, for summaries and evidence.")] = "City",
    time_zone: Annotated[
        str, typer.Option(help="The city's IANA time zone, like America/Chicago. Default: this machine's.")
    ] = "",
    sources: Annotated[
        str,
        typer.Option(metavar="machine|none|FILE", help="This machine's own logs, none, or the [[sources]] of a file."),
    ] = MACHINE,
    workspace: WorkspaceOption = None,
) -> None:
    """Lay out a workspace.

    Writes commented settings, folders, the signing key and the database; nothing is overwritten.
    Folders are made for you alone, because logs hold what is nobody else's business.
    """
    from breachwatch import layout, machine
    from breachwatch.report.next_steps import command

    root = folder or workspace or ctx.ensure_object(Common).workspace or Path()
    if sources == MACHINE:
        chosen = machine.sources()
    elif sources == NONE:
        chosen = ()
    else:
        chosen = layout.read_sources(Path(sources), root)
    ws = layout.lay_out(root, name=name, time_zone=time_zone or machine.time_zone(), sources=chosen)
    ctx.ensure_object(Common).opened = ws.state
    settings = ws.settings
    count = f"{len(chosen)} source{'' if len(chosen) == 1 else 's'}"
    zone = settings.city.time_zone
    remark(f"Workspace {ws.root}: settings for {settings.city.name!r} ({zone}, {count}), signing key, database.")
    remark(f"Look through {ws.root / 'breachwatch.toml'}, then type: {command('run', workspace=ws.root)}")
