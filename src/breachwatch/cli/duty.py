"""`breachwatch duty` and `breachwatch clocks`: what the law asks in an incident, and by when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachwatch.cli.incident_options import NumberArgument, ReasonOption, case_number, chosen, time_of
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.errors import UsageError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="What the law asks in an incident: proposals, counsel's decisions, steps, deadlines.",
)
DutyArgument = Annotated[str, typer.Argument(metavar="OBLIGATION", help="Its id, as `duty list` names it.")]


@app.command("list")
def list_duties(
    ctx: typer.Context, number: NumberArgument, as_json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """Show the obligations of an incident: proposed, decided, done, and their clocks."""
    from breachwatch.report.duties import duties_page, plain_duties
    from breachwatch.respond.duties.standing import duties_of, readings

    ws = open_workspace(ctx, workspace)
    number, by = case_number(ws, number), actor(ctx, ws)
    found = duties_of(ws, number, by=by)
    if as_json:
        show_json(plain_duties(found))
    else:
        show(duties_page(found, readings(ws, number, by=by), ws.settings.city.zone))


@app.command()
def decide(
    ctx: typer.Context,
    number: NumberArgument,
    obligation: DutyArgument,
    outcome: Annotated[str, typer.Argument(metavar="OUTCOME", help="required, or not-required.")],
    reason: ReasonOption,
    workspace: WorkspaceOption = None,
) -> None:
    """Record counsel's decision about an obligation. Only counsel may."""
    from breachwatch.model.duties import DutyOutcome
    from breachwatch.respond.duties.deciding import decide as decided
    from breachwatch.respond.duties.standing import recalculate

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    what = chosen(DutyOutcome, outcome, "outcome")
    made = decided(ws, number, obligation, what, by=actor(ctx, ws), basis=reason)
    recalculate(ws, number, because=f"{obligation} was decided: {what.value}")
    remark(f"{number}: {obligation} is {made.outcome.value}, decided by {made.decided_by}.")


@app.command()
def decide_rest(
    ctx: typer.Context, number: NumberArgument, reason: ReasonOption, workspace: WorkspaceOption = None
) -> None:
    """Record counsel's word that all that was found not triggered is not required. Only counsel may."""
    from breachwatch.respond.duties.deciding import decide_rest as decided

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    made = decided(ws, number, by=actor(ctx, ws), basis=reason)
    names = ", ".join(item.obligation for item in made)
    remark(f"{number}: not required: {names}." if made else f"{number}: nothing was left to decide so.")


@app.command()
def step(
    ctx: typer.Context,
    number: NumberArgument,
    obligation: DutyArgument,
    what: Annotated[
        str,
        typer.Argument(
            metavar="STEP", help="drafted, approved, sent, acknowledged, delay-begun, delay-ended, extended."
        ),
    ],
    reason: ReasonOption,
    at: Annotated[str | None, typer.Option(metavar="WHEN", help="When it happened. Default: now.")] = None,
    detail: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="As method=mail, extension=law_enforcement, authority='Police, letter'."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Record a step on the way to meeting an obligation. Counsel alone approves, delays and extends."""
    from breachwatch.model.duties import DutyStep
    from breachwatch.respond.duties.deciding import take_step
    from breachwatch.respond.duties.standing import recalculate

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    taken = chosen(DutyStep, what, "step")
    moment = time_of(ws, at) if at else ws.clock.now()
    by = actor(ctx, ws)
    take_step(ws, number, obligation, taken, by=by, at=moment, reason=reason, detail=_details(detail or []))
    recalculate(ws, number, because=f"{obligation}: {taken.value}")
    remark(f"{number}: {obligation} {taken.value.replace('_', ' ')}.")


def clocks(
    ctx: typer.Context,
    calendar: Annotated[
        Path | None, typer.Option("--calendar", metavar="FILE", help="Write the safe dates as iCalendar.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show all open legal clocks, of incidents and of requests for public records, the most urgent first."""
    from breachwatch.report.duties import board_page, plain_duties
    from breachwatch.report.requests import clocks_page, plain_clock
    from breachwatch.respond.duties import board
    from breachwatch.respond.requests.clocks import open_clocks

    ws = open_workspace(ctx, workspace)
    by = actor(ctx, ws)
    found, requests = board.board(ws, by=by), open_clocks(ws, by=by)
    if calendar is not None:
        calendar.write_bytes(board.calendar(ws, found, requests))
        dues = [*(duty.due for duty in found), *(clock.due for clock in requests)]
        remark(f"{calendar}: {sum(due.safe is not None for due in dues)} dates.")
    elif as_json:
        show_json([*plain_duties(found), *map(plain_clock, requests)])
    else:
        show(board_page(found, ws.settings.city.zone))
        if requests:
            show(clocks_page(requests, ws.settings.city.zone))


def _details(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    wrong = [text for text, (_, equals, _) in zip(given, pairs, strict=True) if not equals]
    if wrong:
        msg = f"--detail {wrong[0]}: write NAME=VALUE."
        raise UsageError(msg)
    return {name.strip(): value.strip() for name, _, value in pairs}
