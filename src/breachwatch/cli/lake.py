"""`breachwatch lake`: check the lake, merge small files, keep to retention, see what it uses."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json
from breachwatch.errors import DataError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Check and tend the lake.")


@app.command()
def check(
    ctx: typer.Context,
    quick: Annotated[
        bool, typer.Option("--quick", help="Sizes and footers only: a changed byte may stay unseen.")
    ] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Check files, catalog and hashes against each other. Ends with 1 if they differ.

    Reads every lake file and every stored segment, and changes nothing. What a killed process left behind is told and
    is no difference: the next run finishes or removes it.
    """
    from breachwatch.cli.progress import bars
    from breachwatch.lake import care
    from breachwatch.report.lake_check import check_page

    ws = open_workspace(ctx, workspace)
    with bars() as progress:
        report = care.check(ws, quick=quick, progress=progress)
    if as_json:
        show_json({"ok": report.ok, **vars(report)})
    else:
        show(check_page(report))
    if not report.ok:
        raise typer.Exit(DataError.exit_code)


@app.command()
def stats(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Show what each dataset uses, how it grows, and when the disk or the quota is full."""
    from breachwatch.lake import care
    from breachwatch.report.lake_stats import stats_page

    ws = open_workspace(ctx, workspace)
    used = care.statistics(ws)
    if as_json:
        show_json(used)
    else:
        show(stats_page(used, ws.settings.city.zone))


@app.command()
def compact(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be merged; change nothing.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Merge small files of the same dataset and day; each night does it, too.

    Events keep their ids and where they came from. Ends with 1 if a day had to stay as it is.
    """
    from breachwatch.cli.progress import bars
    from breachwatch.lake import care
    from breachwatch.report.lake import compacted_page

    ws = open_workspace(ctx, workspace)
    with bars() as progress:
        done = care.compact(ws, by=actor(ctx, ws), dry_run=dry_run, progress=progress)
    if as_json:
        show_json(done)
    else:
        show(compacted_page(done))
    if done.refused:
        raise typer.Exit(DataError.exit_code)


@app.command()
def retain(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would go; remove nothing.")] = False,
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="Go on although nothing has landed for a month.")
    ] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Dispose of what is past its period ([lake] retention); each night does it, too.

    What a hold or an incident that is not closed covers stays, and so does what is in doubt; then it ends with 1.
    Each disposal is recorded for good: `breachwatch lake disposals`.
    """
    from breachwatch.cli.progress import bars
    from breachwatch.lake import care
    from breachwatch.report.lake import retained_page

    ws = open_workspace(ctx, workspace)
    with bars() as progress:
        done = care.retain(ws, by=actor(ctx, ws), dry_run=dry_run, sure_of_clock=clock_is_right, progress=progress)
    if as_json:
        show_json(done)
    else:
        show(retained_page(done, periods=bool(ws.settings.lake.retention)))
    if done.doubted:
        raise typer.Exit(DataError.exit_code)


@app.command()
def disposals(
    ctx: typer.Context,
    last: Annotated[int, typer.Option(min=0, help="Only so many of the latest; 0: all.")] = 50,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List what retention has disposed of: what, when, why, by whom, with its hash."""
    from breachwatch.lake import care
    from breachwatch.report.lake import disposals_page

    ws = open_workspace(ctx, workspace)
    found = care.disposals(ws, last=last)
    if as_json:
        show_json(found)
    else:
        show(disposals_page(found, ws.settings.city.zone))
