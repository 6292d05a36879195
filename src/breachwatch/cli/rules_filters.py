"""`breachwatch rules filters` and `filter-preview`: what tunes the rules, and what a filter would have hidden."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, show, show_json
from breachwatch.errors import DataError, UsageError

if TYPE_CHECKING:
    from breachwatch.detect.filtering import Filter
    from breachwatch.report.filters import FilterLine
    from breachwatch.workspace import Workspace


def list_filters(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the filters: whose they are, why, until when, and whether they are in force."""
    from breachwatch.report.filters import filters_page

    lines = _lines(open_workspace(ctx, workspace))
    if as_json:
        show_json(lines)
    else:
        show(filters_page(lines))


def preview_filter(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A Sigma filter.")],
    days: Annotated[float, typer.Option(min=0.01, max=3660, help="Of how many days past.")] = 30.0,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what a filter would have hidden of the stored events and alerts, before it goes into force.

    Nothing is changed. A filter that cannot be applied (it would keep what it should take out, say) ends with 1.
    """
    from breachwatch.detect.previewing import preview
    from breachwatch.report.filters import filter_preview_page

    ws = open_workspace(ctx, workspace)
    found = preview(ws, _read(ws, file), days)
    if as_json:
        show_json(found)
    else:
        show(filter_preview_page(found))


def _read(ws: Workspace, file: Path) -> Filter:
    from breachwatch.detect.filtering import read_filter
    from breachwatch.detect.loading import FILE_BYTES, LoadProblem, documents
    from breachwatch.detect.placeholders import load_placeholders

    if not file.is_file():
        msg = f"there is no file {file}."
        raise UsageError(msg)
    with file.open("rb") as stream:
        texts = list(documents(str(file), stream.read(FILE_BYTES)))
    if len(texts) != 1:
        msg = f"{file} holds {len(texts)} documents; give a file with one filter."
        raise UsageError(msg)
    text = texts[0]
    if isinstance(text, LoadProblem):
        msg = f"{file} {text.reason}."
        raise DataError(msg)
    try:
        return read_filter(text, load_placeholders(ws.settings.detect.placeholders, ws.root).of)
    except ValueError as error:
        msg = f"{file}: the filter cannot be applied: {error}"
        raise DataError(msg) from error


def _lines(ws: Workspace) -> list[FilterLine]:
    """The filters in force, then those that are not, with why."""
    from breachwatch import detect
    from breachwatch.detect.filtering import load_filters
    from breachwatch.detect.placeholders import load_placeholders
    from breachwatch.report.filters import IN_FORCE, FilterLine

    values = load_placeholders(ws.settings.detect.placeholders, ws.root)
    today = ws.clock.now().astimezone(ws.settings.city.zone)
    filters = load_filters(detect.load_rules(ws).filters, today, values.of)
    lines = [
        FilterLine(
            title=item.title,
            owner=item.owner,
            reason=item.reason,
            expires=item.expires.isoformat() if item.expires else "",
            where=item.text.origin,
            state=IN_FORCE,
        )
        for item in filters.applied
    ]
    return lines + [
        FilterLine(item.title.removeprefix("filter: "), "", "", "", item.rule_id, item.reason)
        for item in filters.problems
    ]
