"""`breachwatch incident preview-grouping`: what other parameters of grouping would do to stored alerts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, show, show_json
from breachwatch.errors import UsageError


def preview_grouping(
    ctx: typer.Context,
    gap_hours: Annotated[float | None, typer.Option("--gap-hours", help="As [incidents] gap_hours.")] = None,
    order: Annotated[str, typer.Option("--order", metavar="KINDS", help="As order: user,source_ip,host.")] = "",
    shared: Annotated[
        list[str] | None, typer.Option("--shared", metavar="NAME", help="Added to shared; repeatable.")
    ] = None,
    others: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME=VALUE", help="Another key of [incidents]: max_span_days=3; repeatable."),
    ] = None,
    days: Annotated[float, typer.Option("--days", min=0.01, max=3660, help="Alerts of so many days past.")] = 30.0,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show which incidents would join or split if alerts were grouped otherwise.

    The stored alerts are placed anew, by the settings and by what is given here. Nothing is changed.
    """
    from datetime import timedelta

    from pydantic import ValidationError

    from breachwatch.incidents.replay import preview_grouping as preview
    from breachwatch.report.grouping import grouping_page
    from breachwatch.settings_incidents import Incidents

    ws = open_workspace(ctx, workspace)
    now = ws.settings.incidents
    asked: dict[str, Any] = dict(_pair(item) for item in others or ())
    if gap_hours is not None:
        asked["gap_hours"] = gap_hours
    if order:
        asked["order"] = tuple(kind.strip() for kind in order.split(","))
    if shared:
        asked["shared"] = (*now.shared, *shared)
    if not asked:
        msg = "name what should be otherwise, such as --gap-hours 12."
        raise UsageError(msg)
    try:
        changed = Incidents.model_validate({**now.model_dump(), **asked})
    except ValidationError as error:
        first = error.errors()[0]
        msg = f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg'].removeprefix('Value error, ')}."
        raise UsageError(msg) from None
    found = preview(ws, changed, since=ws.clock.now() - timedelta(days=days))
    if as_json:
        show_json(found)
    else:
        show(grouping_page(found, ws.settings.city.zone))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        msg = f"--with {text!r}: write NAME=VALUE, such as max_span_days=3."
        raise UsageError(msg)
    return name.strip(), value.strip()
