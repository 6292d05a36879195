"""`breachwatch queue`: the incidents that wait for an analyst."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.incident_options import case_number, chosen
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json


def queue(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Closed incidents, too.")] = False,
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="STATE", help="Only in this state; repeatable.")
    ] = None,
    level: Annotated[str, typer.Option("--level", metavar="LEVEL", help="From this severity on.")] = "informational",
    lead: Annotated[str, typer.Option("--lead", metavar="WHO", help="Only those that this person leads.")] = "",
    entity: Annotated[str, typer.Option("--who", metavar="NAME", help="With this account, address or host.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="So many at a time.")] = 100,
    after: Annotated[str, typer.Option("--after", metavar="NUMBER", help="Those after this one: the next page.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List the incidents that wait for you.

    The highest level first, then the oldest. Those whose evidence could not be sealed say so. Below them stand the
    reports that wait for triage.
    """
    from breachwatch import incidents
    from breachwatch.model.finding import Level
    from breachwatch.model.incident import IncidentState
    from breachwatch.report.incidents import queue_page
    from breachwatch.report.intake import reports_page
    from breachwatch.report.terminal import output
    from breachwatch.respond.intake.reading import reports

    ws = open_workspace(ctx, workspace)
    only = incidents.Only(
        states=tuple(chosen(IncidentState, item, "state") for item in state or ()),
        minimum=Level.parse(level),
        lead=lead,
        entity=entity,
    )
    start = case_number(ws, after) if after else ""
    lines = incidents.queue(ws, by=actor(ctx, ws), closed=everything, only=only, limit=limit, after=start)
    if as_json:
        show_json(lines)
        return
    waiting = incidents.count_waiting(ws)
    page = queue_page(lines, ws.clock.now(), ws.settings.city.zone, waiting=waiting, width=output().width)
    show(page)
    reported = reports(ws, by=actor(ctx, ws), waiting=True, limit=limit)
    if reported:
        show(reports_page(reported, ws.settings.city.zone))
        remark("reports wait for triage: breachwatch report triage NUMBER --open, --attach INCIDENT or --no-incident")
    if len(lines) == limit:
        rest = incidents.count_open(ws)
        remark(f"{len(lines)} shown, {rest} in the queue. The next: breachwatch queue --after {lines[-1].number}")
