"""`breachwatch evidence stamp`: trusted time for what has none yet."""

from __future__ import annotations

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.errors import EnvironmentFault, SettingsError


def stamp(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Have the time stamp authority of the settings stamp all evidence and ledgers that wait for it.

    Each nightly run does so too. Ends with 3 if something goes on waiting.
    """
    from breachwatch.evidence.timestamps.queue import stamp_pending
    from breachwatch.report.trust import stamped_page

    ws = open_workspace(ctx, workspace)
    if not ws.settings.evidence.timestamp.url:
        msg = "no authority is set: give url and ca_file in [evidence.timestamp] of the settings."
        raise SettingsError(msg)
    done = stamp_pending(ws, by=actor(ctx, ws))
    if as_json:
        show_json(done)
    else:
        show(stamped_page(done))
    for problem in done.problems:
        remark(f"breachwatch: {problem}")
    if done.pending:
        raise typer.Exit(EnvironmentFault.exit_code)
