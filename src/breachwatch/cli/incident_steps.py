"""`breachwatch incident advance`, `verdict`, `decide`, `reopen`, `assign`: its way, and what people decide."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.incident_options import ExpectOption, NumberArgument, ReasonOption, case_number, chosen, tell
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json

if TYPE_CHECKING:
    from breachwatch.incidents.casework.advancing import Way
    from breachwatch.model.people import Actor
    from breachwatch.workspace import Workspace


def advance(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="INC-2026-0042, or 42 for this year's.")] = "",
    to: Annotated[str, typer.Option("--to", metavar="STATE", help="Take this step, such as triage.")] = "",
    reason: ReasonOption = "",
    table: Annotated[bool, typer.Option("--table", help="Show every step, its guards and who may take it.")] = False,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take an incident a step on, or see what is missing for it.

    On a terminal it asks for the step, and for a reason where a guard can be set aside.
    """
    from breachwatch.incidents.casework import advancing
    from breachwatch.incidents.casework.states import STEPS
    from breachwatch.model.incident import IncidentState
    from breachwatch.report.steps import steps_page, ways_page

    if table:
        if as_json:
            show_json(STEPS)
        else:
            show(steps_page(STEPS))
        return
    if not number:
        raise typer.BadParameter("which incident? Give its number, or --table to see every step.")
    ws = open_workspace(ctx, workspace)
    number, by = case_number(ws, number), actor(ctx, ws)
    if to:
        state = advancing.advance(
            ws, number, chosen(IncidentState, to, "state"), by=by, reason=reason, expected_version=expect
        )
        tell(ws, number, f"taken to {state}", as_json=as_json)
        return
    ways = advancing.ways(ws, number, by=by)
    if as_json:
        show_json(ways)
        return
    show(ways_page(number, ways, ws.root))
    if ways and sys.stdin.isatty() and sys.stdout.isatty():
        _ask(ws, number, ways, by)


def _ask(ws: Workspace, number: str, ways: tuple[Way, ...], by: Actor) -> None:
    """The wizard: which step, then a reason for each guard that is set aside; an empty answer changes nothing."""
    from breachwatch.incidents.casework import advancing, decisions
    from breachwatch.model.casework import DecisionKind

    answer = typer.prompt("Which step (its number; Enter: none)", default="", show_default=False).strip()
    if not answer.isdigit() or not 1 <= int(answer) <= len(ways):
        return
    way = ways[int(answer) - 1]
    for item in way.missing:
        typer.echo(f"  missing: {item.what}")
        if not item.waivable:
            typer.echo("  this cannot be set aside; meet it as shown above.")
            return
        reason = typer.prompt("  set it aside because (Enter: stop)", default="", show_default=False).strip()
        if not reason:
            return
        decisions.decide(ws, number, DecisionKind.WAIVER, item.guard.value, by=by, reason=reason)
    reason = ""
    if way.step.back:
        reason = typer.prompt("Why", default="", show_default=False).strip()
    state = advancing.advance(ws, number, way.step.to, by=by, reason=reason)
    tell(ws, number, f"taken to {state}", as_json=False)


def verdict(
    ctx: typer.Context,
    number: NumberArgument,
    verdict: Annotated[
        str,
        typer.Argument(
            metavar="VERDICT",
            help="true-positive, benign-true-positive, false-positive, duplicate, test or no-action.",
        ),
    ],
    reason: ReasonOption,
    of: Annotated[str, typer.Option("--of", metavar="NUMBER", help="Which incident a duplicate repeats.")] = "",
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Say what an incident turned out to be, and why; a verdict that leaves nothing to do closes it."""
    from breachwatch.incidents.casework import verdicts
    from breachwatch.model.casework import Verdict

    ws = open_workspace(ctx, workspace)
    number, said = case_number(ws, number), chosen(Verdict, verdict, "verdict")
    repeats = case_number(ws, of) if of else ""
    verdicts.set_verdict(
        ws, number, said, by=actor(ctx, ws), reason=reason, duplicate_of=repeats, expected_version=expect
    )
    tell(ws, number, f"verdict {said}", as_json=as_json)


def decide(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: NumberArgument,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="notice, notified, waiver, holds, obligations, lessons, statement or referral.",
        ),
    ],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="required, not-required, a role, a guard, none, met, made, ...")
    ],
    reason: ReasonOption,
    decided_by: Annotated[
        str, typer.Option("--decided-by", metavar="WHO", help="Who decided, where it was not you.")
    ] = "",
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record a decision or confirmation: by whom, on what basis.

    Whether a notice is required is for counsel alone; that a role was told, that a guard is set aside, for the case.
    """
    from breachwatch.incidents.casework import decisions
    from breachwatch.model.casework import DecisionKind

    ws = open_workspace(ctx, workspace)
    number, what = case_number(ws, number), chosen(DecisionKind, kind, "decision")
    typed = value.strip().lower().replace("_", "-")
    given = next((known for known in decisions.VALUES[what] if known.replace("_", "-") == typed), typed)
    found = decisions.decide(
        ws,
        number,
        what,
        given,
        by=actor(ctx, ws),
        reason=reason,
        decided_by=decided_by,
        expected_version=expect,
    )
    tell(ws, number, f"{found.kind} {found.subject} {found.outcome}".replace("  ", " "), as_json=as_json)


def reopen(
    ctx: typer.Context,
    number: NumberArgument,
    reason: ReasonOption,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Open a closed incident again; its verdict is taken back."""
    from breachwatch.incidents.casework import advancing

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    advancing.reopen(ws, number, by=actor(ctx, ws), reason=reason, expected_version=expect)
    tell(ws, number, "opened again", as_json=as_json)


def assign(
    ctx: typer.Context,
    number: NumberArgument,
    person: Annotated[str, typer.Argument(metavar="WHO", help="A login of the settings, or a name.")],
    reason: ReasonOption = "",
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Say who leads the work on an incident."""
    from breachwatch.incidents.casework.leading import assign as lead

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    name = lead(ws, number, person, by=actor(ctx, ws), reason=reason, expected_version=expect)
    tell(ws, number, f"led by {name}", as_json=as_json)
