"""What the commands share: options, the workspace they mean, and where their output goes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from breachwatch.clock import Clock
    from breachwatch.model.people import Actor
    from breachwatch.workspace import Workspace


@dataclass
class Common:
    """What was said before the command, and what the error handling needs to know later."""

    workspace: Path | None = None
    login: str | None = None
    traceback: bool = field(default_factory=lambda: os.environ.get("BREACHWATCH_TRACEBACK", "") not in {"", "0"})
    opened: Path | None = None  # the folder `state` of the workspace, once one is open
    clock: Clock | None = None  # of an example or a test; None: the machine's


WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="DIR",
        help="The workspace's folder. Default: $BREACHWATCH_WORKSPACE, else the nearest with a breachwatch.toml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of a table.")]


def open_workspace(ctx: typer.Context, named: Path | None = None) -> Workspace:
    """The workspace that was named after or before the command, else the one found from here."""
    from breachwatch import workspace

    common = ctx.ensure_object(Common)
    ws = workspace.open_workspace(named or common.workspace, common.clock)
    common.opened = ws.state
    return ws


def show(page: RenderableType) -> None:
    """Print a page for people on standard output."""
    from breachwatch.report.terminal import output

    # Uncropped: a long command to copy runs on into the next line of the terminal.
    output().print(page, crop=False)


def show_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    from breachwatch.report.plain import to_json

    typer.echo(to_json(value))


def remark(text: str) -> None:
    """Tell a person something on standard error, beside the data on standard output."""
    from breachwatch.report.text import visible

    typer.echo("\n".join(visible(line) for line in text.splitlines()), err=True)


def was_interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C ended it; DuckDB, in the middle of a query, gives that another name."""
    return isinstance(error, KeyboardInterrupt) or (
        isinstance(error, RuntimeError) and str(error) == "Query interrupted"
    )


def actor(ctx: typer.Context, ws: Workspace) -> Actor:
    """Who calls: the account's person in the settings, or who was named by `breachwatch --as LOGIN`."""
    from breachwatch.people import acting

    return acting(ws, ctx.ensure_object(Common).login)
