"""`breachwatch sources`: what is collected, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, show, show_json

if TYPE_CHECKING:
    from breachwatch.report.sources import SourceLine
    from breachwatch.workspace import Workspace


def sources(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the sources and what came of them.

    For each: records read, rows, rejects, and the time of the newest event.
    """
    from breachwatch.report.sources import sources_page

    ws = open_workspace(ctx, workspace)
    lines = _lines(ws)
    if as_json:
        show_json(lines)
    else:
        show(sources_page(lines, ws.settings.city.zone))


def _lines(ws: Workspace) -> list[SourceLine]:
    """The configured sources in their order, then those that only the catalog remembers."""
    from breachwatch import lake
    from breachwatch.report.sources import SourceLine

    counts = {item.source: item for item in lake.counts(ws)}
    configured = {source.name: source for source in ws.settings.sources}
    lines = []
    for name in (*configured, *(name for name in counts if name not in configured)):
        source, count = configured.get(name), counts.get(name)
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
                last_event=count.last_event if count else None,
                last_landed=count.last_landed if count else None,
            )
        )
    return lines
