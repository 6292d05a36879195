"""`breachwatch sources`: what is collected and what came of it; trying a source, adding one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli import sources_add
from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, show, show_json

if TYPE_CHECKING:
    from breachwatch.lake import SourceCounts
    from breachwatch.report.sources import SourceLine
    from breachwatch.settings_sources import Source
    from breachwatch.workspace import Workspace

app = typer.Typer(rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def sources(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the sources and what came of them, try one, add one. Alone: the list.

    For each source: records read, rows, rejects, the time of the newest event, how old that is, and its state.
    """
    if ctx.invoked_subcommand is None:
        list_sources(ctx, as_json, workspace)


@app.command("list")
def list_sources(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the sources: last record, lag, rows, rejects, state."""
    from breachwatch.report.sources import sources_page

    ws = open_workspace(ctx, workspace)
    lines = _lines(ws)
    if as_json:
        show_json(lines)
    else:
        show(sources_page(lines, ws.settings.city.zone))


@app.command("test")
def try_one(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The source's name.")],
    records: Annotated[int, typer.Option("--records", min=1, max=1000, help="How many records to show.")] = 10,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Try a source: show records as they are understood, store nothing, move no checkpoint.

    Ends with 1 where nothing could be understood.
    """
    from breachwatch.dry_run import try_source
    from breachwatch.report.source_trial import trial_page

    ws = open_workspace(ctx, workspace)
    tried = try_source(ws, ws.settings.source(name), records)
    if as_json:
        show_json(tried)
    else:
        show(trial_page(tried, ws.settings.city.zone))
    if not tried.rows:
        raise typer.Exit(1)


app.command("add")(sources_add.add)


def _state(source: Source | None, count: SourceCounts | None, silent: bool) -> str:
    if source is None:
        return "gone"
    if not source.enabled:
        return "off"
    if count is None or not count.segments:
        return "empty"
    return "silent" if silent else "ok"


def _lines(ws: Workspace) -> list[SourceLine]:
    """The configured sources in their order, then those that only the catalog remembers."""
    from contextlib import closing

    from breachwatch import lake
    from breachwatch.detect.health import Silence
    from breachwatch.detect.health.listening import silent_sources
    from breachwatch.report.sources import SourceLine

    now = ws.clock.now()
    counts = {item.source: item for item in lake.counts(ws)}
    with closing(lake.connect_bare(ws)) as connection:
        silent = {item.source for item in silent_sources(ws, connection, now, Silence())}
    configured = {source.name: source for source in ws.settings.sources}
    lines = []
    for name in (*configured, *(name for name in counts if name not in configured)):
        source, count = configured.get(name), counts.get(name)
        last = count.last_event if count else None
        lines.append(
            SourceLine(
                name=name,
                kind=source.kind if source else "",
                format=source.format if source else "",
                paths=source.paths if source else (),
                enabled=source is not None and source.enabled,
                optional=source is not None and source.optional,
                configured=source is not None,
                segments=count.segments if count else 0,
                waiting=count.waiting if count else 0,
                lost=count.lost if count else 0,
                records=count.records if count else 0,
                rows=count.rows if count else 0,
                rejects=count.rejects if count else 0,
                last_event=last,
                last_landed=count.last_landed if count else None,
                lag_seconds=max(0, int((now - last).total_seconds())) if last else None,
                state=_state(source, count, name in silent),
            )
        )
    return lines
