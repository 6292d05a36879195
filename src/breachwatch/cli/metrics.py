"""`breachwatch metrics`: how fast and how well the city responds, and the monthly report to council."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.documents import FormOption, ToOption, write_document
from breachwatch.cli.incident_options import time_of
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json

app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    help="Measure response: times, legal clocks, false positives, nights; the monthly report to council.",
)


@app.callback()
def show_metrics(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option("--from", metavar="WHEN", help="Default: the first of the month eleven months ago.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="WHEN", help="Default: now.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show times to detect, acknowledge, contain, decide and recover, clocks, false positives and nights."""
    if ctx.invoked_subcommand is not None:
        return
    from breachwatch.report.metrics import metrics_page, plain_metrics
    from breachwatch.respond.metrics.measuring import metrics
    from breachwatch.respond.metrics.periods import month_of, month_period, span

    ws = open_workspace(ctx, workspace)
    zone = ws.settings.city.zone
    now = time_of(ws, until) if until else ws.clock.now()
    start = time_of(ws, since) if since else month_period(month_of(now, zone), zone, months=12).since
    found = metrics(ws, span(start, now, zone), by=actor(ctx, ws))
    if as_json:
        show_json(plain_metrics(found))
    else:
        show(metrics_page(found))


@app.command("month")
def write_month(
    ctx: typer.Context,
    month: Annotated[str, typer.Argument(metavar="MONTH", help="As 2026-11, of the city's calendar.")],
    to: ToOption,
    form: FormOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the monthly report to council, with plots: counts and times, and nothing about anybody."""
    from breachwatch.report.monthly import monthly_report
    from breachwatch.respond.metrics.measuring import metrics_of_month

    ws = open_workspace(ctx, workspace)
    of_month, of_year = metrics_of_month(ws, month, by=actor(ctx, ws))
    size = write_document(monthly_report(of_month, of_year, ws.settings.city.name), form, to)
    remark(f"{to}: the report of {month}, {size:,} bytes.")
