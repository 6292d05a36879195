"""`breachwatch incident severity`: how bad an incident is and why; set by a person, or judged anew."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.incident_options import case_number
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json
from breachwatch.errors import UsageError


def incident_severity(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="[NUMBER]", help="INC-2026-0042, or 42 for this year's.")] = "",
    level: Annotated[
        str, typer.Option("--set", metavar="LEVEL", help="What it is by your judgement: low, medium, high, critical.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; needed with --set.")] = "",
    again: Annotated[
        bool, typer.Option("--again", help="Judge all that wait anew, after the register or the settings changed.")
    ] = False,
    expected: Annotated[
        int | None, typer.Option("--expected-version", help="Refuse if it changed since this version.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show why an incident is as severe as it is, set its severity with a reason, or judge all anew.

    A severity never sinks by itself: only a person lowers it.
    """
    from rich.console import Group

    from breachwatch import incidents
    from breachwatch.incidents import weighing
    from breachwatch.model.finding import Level
    from breachwatch.report.severity import severity_lines

    ws = open_workspace(ctx, workspace)
    if again:
        changed = weighing.judge_anew(ws, by=actor(ctx, ws))
        if as_json:
            show_json(changed)
        else:
            for name, now in changed.items():
                typer.echo(f"{name}: {now}")
            typer.echo(f"{len(changed):,} severities changed.")
        return
    if not number:
        msg = "name an incident, or give --again."
        raise UsageError(msg)
    number = case_number(ws, number)
    if level:
        if level.upper() not in Level.__members__:
            msg = f"{level!r} is no level: low, medium, high or critical."
            raise UsageError(msg)
        found = weighing.override(
            ws, number, Level.parse(level), reason=reason, by=actor(ctx, ws), expected_version=expected
        )
    else:
        known = incidents.incident(ws, number, by=actor(ctx, ws)).severity
        if known is None:
            msg = f"{number} was recorded before severities were. `breachwatch incident severity --again`."
            raise UsageError(msg)
        found = known
    if as_json:
        show_json(found)
    else:
        show(Group(*severity_lines(found, ws.settings.city.zone)))
