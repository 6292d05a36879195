"""`breachwatch lake hold`: preservation orders, which retention respects."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.workspace import Workspace

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Place, list and release preservation orders.")

Names = list[str] | None


@app.command()
def place(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(metavar="WHY", help="The order, request or case it is for.")],
    account: Annotated[Names, typer.Option(metavar="NAME", help="Events that name this account; repeatable.")] = None,
    host: Annotated[Names, typer.Option(metavar="NAME", help="Events that name this host; repeatable.")] = None,
    source: Annotated[Names, typer.Option(metavar="NAME", help="Events of this source; repeatable.")] = None,
    incident: Annotated[Names, typer.Option(metavar="INC", help="Events around this incident; repeatable.")] = None,
    since: Annotated[str | None, typer.Option(metavar="WHEN", help="Events from then on: a date, a time, 30d.")] = None,
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="Events before then.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="All events of that time.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Place a hold: what it covers is not disposed of until it is released."""
    ws = open_workspace(ctx, workspace)
    from breachwatch.lake import care
    from breachwatch.report.lake_holds import holds_page

    given = {"account": account, "host": host, "source": source, "incident": incident}
    items = [(kind, name) for kind, names in given.items() for name in names or ()]
    if bool(items) == everything:
        msg = "name accounts, hosts, sources or incidents, or say --everything for all events of the time."
        raise UsageError(msg)
    start, end = _moment(ws, since, "--since"), _moment(ws, until, "--until")
    placed = care.place_hold(ws, items, reason=reason, by=actor(ctx, ws), since=start, until=end)
    if as_json:
        show_json(placed)
    else:
        show(holds_page([placed], ws.settings.city.zone))


@app.command("list")
def list_holds(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the holds, released ones too."""
    from breachwatch.lake import care
    from breachwatch.report.lake_holds import holds_page

    ws = open_workspace(ctx, workspace)
    found = care.holds(ws)
    if as_json:
        show_json(found)
    else:
        show(holds_page(found, ws.settings.city.zone))


@app.command()
def release(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="HOLD-2026-0001")],
    reason: Annotated[str, typer.Option(metavar="WHY", help="Why it ends; stays in the records.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Release a hold. What is past its period goes with the next retention."""
    from breachwatch.lake import care
    from breachwatch.report.lake_holds import holds_page

    ws = open_workspace(ctx, workspace)
    ended = care.release_hold(ws, number.upper(), reason=reason, by=actor(ctx, ws))
    if as_json:
        show_json(ended)
    else:
        show(holds_page([ended], ws.settings.city.zone))


def _moment(ws: Workspace, text: str | None, option: str) -> datetime | None:
    from breachwatch.model.moment import moment

    try:
        return None if text is None else moment(text, ws.clock.now(), ws.settings.city.zone)
    except ValueError as error:
        msg = f"{option}: {error}"
        raise UsageError(msg) from None
