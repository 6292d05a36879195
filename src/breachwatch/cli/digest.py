"""`breachwatch digest`: what a morning should know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, remark, show_json
from breachwatch.errors import EnvironmentFault


def digest(
    ctx: typer.Context,
    send: Annotated[bool, typer.Option("--send", help="Send it to the readers of the settings, too.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there: .html, .pdf or .txt.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Say what waits, what failed and what runs out.

    New incidents, those that nobody acknowledged, failed or silent sources, evidence that does not verify or could not
    be sealed, holds without acknowledgement, filters that end soon, missing time stamps.
    """
    from breachwatch import notify
    from breachwatch.cli.letters import write_letter

    ws = open_workspace(ctx, workspace)
    found = notify.digest(ws)
    if as_json:
        show_json({"nothing": found.nothing, **{name: getattr(found, name) for name in ("day", "kinds", "counts")}})
    elif found.nothing and output is None:
        typer.echo(f"{found.day:%Y-%m-%d}: there is nothing to say, all is as it should be.")
    else:
        write_letter(notify.digest_letter(found, ws.settings.city.name), output, ws.clock.now())
    if send:
        if not notify.enter_digest(ws, again=True):
            remark("nobody reads the digest: no channel of [[notify.channels]] reaches a role of notify.digest.")
        errors = notify.send(ws).errors
        for error in errors:
            remark(f"{error}.")
        if errors:
            raise typer.Exit(EnvironmentFault.exit_code)
