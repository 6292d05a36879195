"""`breachwatch alert`: alerts that stand alone, without an incident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.incident_options import ExpectOption, ReasonOption, case_number, chosen
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json

if TYPE_CHECKING:
    from breachwatch.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Look at alerts that no incident has, and close them."
)
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Of the alert: its first characters are enough.")]


@dataclass(frozen=True, slots=True)
class _Done:
    key: str
    what: str


@app.command("list")
def list_alerts(
    ctx: typer.Context,
    state: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE", help="new, acknowledged, closed or linked; repeatable. Default: new, acknowledged."
        ),
    ] = None,
    level: Annotated[str, typer.Option(metavar="LEVEL", help="From this level on.")] = "informational",
    rule: Annotated[str, typer.Option(metavar="RULE-ID", help="Only of this rule.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many at a time.")] = 50,
    after: Annotated[str, typer.Option(metavar="KEY", help="Those after this one, for the next page.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List alerts, the latest first, with what people said about the like before."""
    from breachwatch.incidents.casework import alerts
    from breachwatch.model.casework import AlertState
    from breachwatch.model.finding import Level
    from breachwatch.report.casework import alerts_page

    ws = open_workspace(ctx, workspace)
    states = [chosen(AlertState, item, "state") for item in state or ["new", "acknowledged"]]
    found = alerts.alerts(
        ws, by=actor(ctx, ws), states=states, minimum=Level.parse(level), rule=rule, limit=limit, after=after
    )
    if as_json:
        show_json(found)
    else:
        show(alerts_page(found, ws.clock.now(), ws.settings.city.zone, full=len(found) == limit))


@app.command("ack")
def acknowledge(
    ctx: typer.Context,
    key: KeyArgument,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take note of an alert: somebody looks into it."""
    from breachwatch.incidents.casework import alerts

    ws = open_workspace(ctx, workspace)
    alerts.acknowledge(ws, key, by=actor(ctx, ws), expected_version=expect)
    _tell(ws, key, "acknowledged", as_json=as_json)


@app.command("close")
def close(
    ctx: typer.Context,
    key: KeyArgument,
    reason: ReasonOption,
    verdict: Annotated[
        str,
        typer.Option(
            "--as", metavar="VERDICT", help="false-positive, benign-true-positive, duplicate, test or no-action."
        ),
    ],
    propose: Annotated[
        bool, typer.Option("--filter", help="Of a false positive: propose a filter, for a second person to approve.")
    ] = False,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Close an alert, with what it turned out to be and why."""
    from breachwatch.incidents.casework import alerts
    from breachwatch.model.casework import Verdict

    ws = open_workspace(ctx, workspace)
    said = chosen(Verdict, verdict, "verdict")
    alerts.close(ws, key, said, by=actor(ctx, ws), reason=reason, expected_version=expect)
    if propose:
        _propose(ctx, ws, key, f"closed as {said}", as_json=as_json)
    else:
        _tell(ws, key, f"closed as {said}", as_json=as_json)


@app.command("reopen")
def reopen(
    ctx: typer.Context,
    key: KeyArgument,
    reason: ReasonOption,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Open a closed alert again."""
    from breachwatch.incidents.casework import alerts

    ws = open_workspace(ctx, workspace)
    alerts.reopen(ws, key, by=actor(ctx, ws), reason=reason, expected_version=expect)
    _tell(ws, key, "opened again", as_json=as_json)


@app.command("link")
def link(
    ctx: typer.Context,
    key: KeyArgument,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The incident it belongs into.")],
    reason: ReasonOption,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Put an alert into an incident; the next run seals its evidence."""
    from breachwatch.incidents.casework import alerts

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    alerts.link(ws, key, number, by=actor(ctx, ws), reason=reason, expected_version=expect)
    _tell(ws, key, f"put into {number}", as_json=as_json)


def _tell(ws: Workspace, key: str, what: str, *, as_json: bool) -> None:
    from breachwatch.incidents.casework.finding import alert_row

    with ws.database.read() as connection:
        whole = alert_row(connection, key).key
    if as_json:
        show_json(_Done(whole, what))
    else:
        remark(f"alert {whole[:8]}: {what}.")


def _propose(ctx: typer.Context, ws: Workspace, key: str, what: str, *, as_json: bool) -> None:
    """Propose a filter from the alert that was just closed; it is refused for what is no false positive."""
    from breachwatch.incidents import tuning
    from breachwatch.report.tuning import proposals_page

    if not as_json:
        _tell(ws, key, what, as_json=False)
    found = tuning.propose_filter(ws, [key], by=actor(ctx, ws))
    if as_json:
        show_json({"key": key, "what": what, "filters": found})
    else:
        show(proposals_page(found, ws.root))
