"""`breachwatch hold`: preservation orders over events and evidence."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli import hold_notices
from breachwatch.cli.incident_options import case_number
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.evidence.holds import HoldRecord
    from breachwatch.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Place, acknowledge and release preservation orders."
)

Names = list[str] | None
NumberArgument = Annotated[str, typer.Argument(metavar="HOLD", help="HOLD-2026-0001")]
Custodians = Annotated[
    Names,
    typer.Option("--custodian", metavar="WHO", help="Who must keep it: a login, or 'Name <contact>'; repeatable."),
]


@app.command()
def place(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(metavar="WHY", help="The request, case or matter it is for.")],
    authority: Annotated[
        str, typer.Option(metavar="ORDER", help="The order, statute or counsel's letter it rests on.")
    ] = "",
    account: Annotated[Names, typer.Option(metavar="NAME", help="What names this account; repeatable.")] = None,
    host: Annotated[Names, typer.Option(metavar="NAME", help="What names this host; repeatable.")] = None,
    source: Annotated[Names, typer.Option(metavar="NAME", help="What comes from this source; repeatable.")] = None,
    incident: Annotated[Names, typer.Option(metavar="INC", help="This incident and what is around it.")] = None,
    since: Annotated[str | None, typer.Option(metavar="WHEN", help="Events from then on: a date, a time, 30d.")] = None,
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="Events before then.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="All events of that time.")] = False,
    custodian: Custodians = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Place a hold: no event and no evidence that it covers is disposed of until it is released."""
    ws = open_workspace(ctx, workspace)
    from breachwatch.evidence import holds

    given = {"account": account, "host": host, "source": source, "incident": incident}
    items = [
        (kind, case_number(ws, name) if kind == "incident" else name)
        for kind, names in given.items()
        for name in names or ()
    ]
    if bool(items) == everything:
        msg = "name accounts, hosts, sources or incidents, or say --everything for all events of the time."
        raise UsageError(msg)
    placed = holds.place(
        ws,
        items,
        reason=reason,
        authority=authority,
        by=actor(ctx, ws),
        custodians=custodian or (),
        since=_moment(ws, since, "--since"),
        until=_moment(ws, until, "--until"),
    )
    _show(ws, holds.record(ws, placed.number, by=actor(ctx, ws)), as_json)


@app.command("list")
def list_holds(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the holds, released ones too."""
    from breachwatch.evidence import holds
    from breachwatch.report.holds import holds_page

    ws = open_workspace(ctx, workspace)
    found = holds.records(ws, by=actor(ctx, ws))
    if as_json:
        show_json(found)
    else:
        show(holds_page(found, ws.settings.city.zone))


@app.command("show")
def show_hold(
    ctx: typer.Context, number: NumberArgument, as_json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """Show a hold: what it covers, its custodians and what they answered, the evidence it keeps."""
    from breachwatch.evidence import holds

    ws = open_workspace(ctx, workspace)
    _show(ws, holds.record(ws, number.upper(), by=actor(ctx, ws)), as_json)


@app.command("custodian")
def add_custodian(
    ctx: typer.Context,
    number: NumberArgument,
    who: Annotated[list[str], typer.Argument(metavar="WHO...", help="Logins of the settings, or 'Name <contact>'.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Name further custodians of a hold in force."""
    from breachwatch.evidence import holds

    ws = open_workspace(ctx, workspace)
    holds.add_custodians(ws, number.upper(), who, by=actor(ctx, ws))
    _show(ws, holds.record(ws, number.upper(), by=actor(ctx, ws)), as_json)


@app.command()
def acknowledge(
    ctx: typer.Context,
    number: NumberArgument,
    custodian: Annotated[
        str, typer.Option(metavar="WHO", help="For whom: a custodian of the hold. Default: yourself.")
    ] = "",
    how: Annotated[str, typer.Option(metavar="HOW", help="A signed letter, a mail: how they said it.")] = "",
    at: Annotated[str | None, typer.Option(metavar="WHEN", help="When they said it. Default: now.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record that a custodian has understood a hold and keeps what it covers."""
    from breachwatch.evidence import holds

    ws = open_workspace(ctx, workspace)
    person = " ".join(custodian.split())
    holds.acknowledge(ws, number.upper(), by=actor(ctx, ws), person=person, how=how, at=_moment(ws, at, "--at"))
    _show(ws, holds.record(ws, number.upper(), by=actor(ctx, ws)), as_json)


@app.command()
def release(
    ctx: typer.Context,
    number: NumberArgument,
    reason: Annotated[str, typer.Option(metavar="WHY", help="Why it ends; stays in the records.")],
    authority: Annotated[str, typer.Option(metavar="ORDER", help="The order, statute or letter that ends it.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Release a hold: for counsel and the records officer. Events past their period go with the next retention.

    Evidence stays until its disposal was asked for and approved: `breachwatch evidence dispose`.
    """
    from breachwatch.evidence import holds

    ws = open_workspace(ctx, workspace)
    ended = holds.release(ws, number.upper(), reason=reason, authority=authority, by=actor(ctx, ws))
    _show(ws, holds.record(ws, ended.number, by=actor(ctx, ws)), as_json)
    if not as_json and holds.record(ws, ended.number, by=actor(ctx, ws)).custodians:
        remark("tell its custodians: they keep what the hold covered until they know.")


app.command("notice")(hold_notices.notice)
app.command("remind")(hold_notices.remind)


def _show(ws: Workspace, record: HoldRecord, as_json: bool) -> None:
    from breachwatch.report.holds import hold_page

    if as_json:
        show_json(record)
    else:
        show(hold_page(record, ws.settings.city.zone))


def _moment(ws: Workspace, text: str | None, option: str) -> datetime | None:
    from breachwatch.model.moment import moment

    try:
        return None if text is None else moment(text, ws.clock.now(), ws.settings.city.zone)
    except ValueError as error:
        msg = f"{option}: {error}"
        raise UsageError(msg) from None
