"""`breachwatch rules filters propose|show|try|approve|refuse|withdraw`: from a false positive to a filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli import rules_filters
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json

if TYPE_CHECKING:
    from breachwatch.incidents.tuning import TunedFilter

app = typer.Typer(
    rich_markup_mode=None,
    help="The filters: which there are; propose one from false positives, try it, approve it as a second person.",
    invoke_without_command=True,
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Of the filter, as `proposed` lists it.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit log.")]
ExpectOption = Annotated[
    int | None, typer.Option("--expected-version", metavar="N", help="Refuse if it changed since this version.")
]


@app.callback()
def filters(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the filters: whose they are, why, until when, and whether they are in force."""
    if ctx.invoked_subcommand is None:
        rules_filters.list_filters(ctx, as_json=as_json, workspace=workspace)


@app.command("list")
def list_filters(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the filters: whose they are, why, until when, and whether they are in force."""
    rules_filters.list_filters(ctx, as_json=as_json, workspace=workspace)


@app.command("proposed")
def proposed(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the filters that were proposed from false positives: what they wait for, who decided."""
    from breachwatch.incidents import tuning
    from breachwatch.report.tuning import tuned_page

    ws = open_workspace(ctx, workspace)
    found = tuning.tuned_filters(ws)
    if as_json:
        show_json(found)
    else:
        show(tuned_page(found, ws.settings.city.zone))


@app.command("propose")
def propose(
    ctx: typer.Context,
    keys: Annotated[
        list[str], typer.Argument(metavar="KEY...", help="First characters of alerts' keys, or numbers of incidents.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", help="Why it is harmless. Default: what the alert was closed with.")
    ] = "",
    owner: Annotated[str, typer.Option("--owner", help="Who is asked whether it is still wanted. Default: you.")] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="In force for so many days.")] = 90,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, and file nothing.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Propose the narrowest filter that hides these false positives, and show what it would have hidden.

    It is filed as pending; nothing is hidden before a second person approves it. A filter that would hide an event of a
    confirmed case is refused, and ends with 1.
    """
    from breachwatch.incidents import tuning
    from breachwatch.report.tuning import proposals_page

    ws = open_workspace(ctx, workspace)
    found = tuning.propose_filter(ws, keys, by=actor(ctx, ws), reason=reason, owner=owner, days=days, file=not dry_run)
    if as_json:
        show_json(found)
    else:
        show(proposals_page(found, ws.root))


@app.command("try")
def try_filter(
    ctx: typer.Context,
    name: NameArgument,
    days: Annotated[float, typer.Option("--days", min=0.01, max=3660, help="Of how many days past.")] = 30.0,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Try a proposed filter on stored events and alerts again. Nothing is changed."""
    from breachwatch.detect.filtering import read_filter
    from breachwatch.detect.loading import RuleText
    from breachwatch.incidents import tuning
    from breachwatch.report.tuning import trial_page

    ws = open_workspace(ctx, workspace)
    item = _named(ctx, name, workspace)
    trial = tuning.try_filter(
        ws, read_filter(RuleText(f"tuning/{name}.yml", item.text)), days=days, leave_out=item.alerts
    )
    if as_json:
        show_json(trial)
    else:
        show(trial_page(trial))


@app.command("approve")
def approve(
    ctx: typer.Context,
    name: NameArgument,
    reason: ReasonOption,
    expected: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Put a proposed filter into force, as a second person. It is tried again before."""
    from breachwatch.incidents import tuning

    ws = open_workspace(ctx, workspace)
    _tell(tuning.approve(ws, name, reason=reason, by=actor(ctx, ws), expected_version=expected), as_json)


@app.command("refuse")
def refuse(
    ctx: typer.Context,
    name: NameArgument,
    reason: ReasonOption,
    expected: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Turn a proposed filter down."""
    from breachwatch.incidents import tuning

    ws = open_workspace(ctx, workspace)
    _tell(tuning.refuse(ws, name, reason=reason, by=actor(ctx, ws), expected_version=expected), as_json)


@app.command("withdraw")
def withdraw(
    ctx: typer.Context,
    name: NameArgument,
    reason: ReasonOption,
    expected: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take a filter out of force: the rules find again what it hid."""
    from breachwatch.incidents import tuning

    ws = open_workspace(ctx, workspace)
    _tell(tuning.withdraw(ws, name, reason=reason, by=actor(ctx, ws), expected_version=expected), as_json)


def _named(ctx: typer.Context, name: str, workspace: object) -> TunedFilter:
    from pathlib import Path

    from breachwatch.errors import UnknownNameError
    from breachwatch.incidents import tuning

    known = tuning.tuned_filters(open_workspace(ctx, workspace if isinstance(workspace, Path) else None))
    for item in known:
        if item.name == name:
            return item
    raise UnknownNameError("filter", name, (item.name for item in known))


def _tell(item: TunedFilter, as_json: bool) -> None:
    if as_json:
        show_json(item)
    else:
        until = f", in force until {item.expires}" if item.state.value == "approved" else ""
        typer.echo(f"{item.name}: {item.state}{until}.")
