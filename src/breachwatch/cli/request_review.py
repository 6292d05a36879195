"""`breachwatch request step, extend, submit, ruling, appeal, review, letter, close`: the steps around an answer."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.incident_options import chosen, time_of
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark
from breachwatch.cli.request_options import (
    AtOption,
    ProofOption,
    RequestArgument,
    WhyOption,
    proof_of,
    request_number,
    show_request,
)


def step(
    ctx: typer.Context,
    number: RequestArgument,
    what: Annotated[
        str,
        typer.Argument(
            metavar="STEP",
            help="clarification-asked, clarified, determined, delivered, previous-determination or reopened.",
        ),
    ],
    reason: WhyOption,
    at: AtOption = "",
    proof: ProofOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record a step, with what proves it."""
    from breachwatch.model.requests import RequestStep
    from breachwatch.respond.requests.handling import note_step

    ws = open_workspace(ctx, workspace)
    number, taken = request_number(ws, number), chosen(RequestStep, what, "step")
    moment = time_of(ws, at) if at else None
    note_step(ws, number, taken, by=actor(ctx, ws), reason=reason, at=moment, proof=proof_of(proof))
    show_request(ctx, ws, number, as_json=as_json)


def extend(
    ctx: typer.Context,
    number: RequestArgument,
    extension: Annotated[str, typer.Argument(metavar="EXTENSION", help="Its id, as unusual_circumstances.")],
    reason: WhyOption,
    at: AtOption = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Extend the time as the statute allows; --at is when the written notice was given to the requester."""
    from breachwatch.respond.requests.handling import extend as extended

    ws = open_workspace(ctx, workspace)
    number = request_number(ws, number)
    moment = time_of(ws, at) if at else ws.clock.now()
    extended(ws, number, extension, by=actor(ctx, ws), reason=reason, at=moment)
    show_request(ctx, ws, number, as_json=as_json)


def submit(
    ctx: typer.Context,
    number: RequestArgument,
    obligation: Annotated[str, typer.Argument(metavar="OBLIGATION", help="As tx-records-decision, tx-records-brief.")],
    reason: WhyOption,
    at: AtOption = "",
    proof: ProofOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record that an authority was asked, or sent its papers, as the Texas Attorney General."""
    from breachwatch.respond.requests.handling import submit as submitted

    ws = open_workspace(ctx, workspace)
    number = request_number(ws, number)
    moment = time_of(ws, at) if at else ws.clock.now()
    submitted(ws, number, obligation, by=actor(ctx, ws), reason=reason, at=moment, proof=proof_of(proof))
    show_request(ctx, ws, number, as_json=as_json)


def ruling(
    ctx: typer.Context,
    number: RequestArgument,
    reason: WhyOption,
    at: AtOption = "",
    proof: ProofOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record what the authority ruled."""
    from breachwatch.respond.requests.handling import ruled

    ws = open_workspace(ctx, workspace)
    number = request_number(ws, number)
    moment = time_of(ws, at) if at else ws.clock.now()
    ruled(ws, number, by=actor(ctx, ws), reason=reason, at=moment, proof=proof_of(proof))
    show_request(ctx, ws, number, as_json=as_json)


def appeal(
    ctx: typer.Context,
    number: RequestArgument,
    decision: Annotated[
        str, typer.Argument(metavar="DECISION", help="step:12 as `show` numbers it, or the id of an item.")
    ],
    reason: WhyOption,
    who: Annotated[str, typer.Option(metavar="NAME", help="Who asks for the review.")] = "the requester",
    at: AtOption = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record that somebody asks for a review of a decision."""
    from breachwatch.respond.requests.appeals import appeal as appealed

    ws = open_workspace(ctx, workspace)
    number = request_number(ws, number)
    moment = time_of(ws, at) if at else ws.clock.now()
    appealed(ws, number, decision, who=who, by=actor(ctx, ws), reason=reason, at=moment)
    show_request(ctx, ws, number, as_json=as_json)


def review(
    ctx: typer.Context,
    number: RequestArgument,
    appeal_number: Annotated[int, typer.Argument(metavar="APPEAL", help="Its number, as `show` says.")],
    outcome: Annotated[str, typer.Argument(help="upheld, changed or withdrawn.")],
    reason: WhyOption,
    decided_by: Annotated[str, typer.Option(metavar="WHO", help="Who decided, where it was somebody else.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record how an appeal ended. Where the decision changed, the request is open again."""
    from breachwatch.model.requests import Review
    from breachwatch.respond.requests.appeals import review as reviewed

    ws = open_workspace(ctx, workspace)
    number, ended = request_number(ws, number), chosen(Review, outcome, "outcome")
    reviewed(ws, number, appeal_number, ended, decided_by=decided_by, by=actor(ctx, ws), reason=reason)
    show_request(ctx, ws, number, as_json=as_json)


def letter(
    ctx: typer.Context,
    number: RequestArgument,
    template: Annotated[
        str,
        typer.Argument(
            help="records-acknowledgement, records-extension, records-response, records-withheld-index or "
            "records-ag-request-tx."
        ),
    ],
    reason: WhyOption,
    workspace: WorkspaceOption = None,
) -> None:
    """Draft a letter of this request from what is on record; `paper` shows, approves and sends it."""
    from breachwatch.respond.requests.letters import draft_letter

    ws = open_workspace(ctx, workspace)
    number = request_number(ws, number)
    made = draft_letter(ws, number, template, by=actor(ctx, ws), reason=reason)
    remark(f"{number}: drafted {made.number}. To read it: breachwatch paper show {made.number}")


def close(
    ctx: typer.Context,
    number: RequestArgument,
    reason: WhyOption,
    without_release: Annotated[
        bool, typer.Option("--without-release", help="It was withdrawn, or nothing was found.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Close a request that was answered."""
    from breachwatch.respond.requests.handling import close as closed

    ws = open_workspace(ctx, workspace)
    number = request_number(ws, number)
    closed(ws, number, by=actor(ctx, ws), reason=reason, without_release=without_release)
    remark(f"{number} is closed.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the group."""
    for command in (step, extend, submit, ruling, appeal, review, letter, close):
        app.command(command.__name__)(command)
