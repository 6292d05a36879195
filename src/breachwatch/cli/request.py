"""`breachwatch request`: requests for public records, from receipt to release."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli import request_answer, request_review
from breachwatch.cli.incident_options import case_number, time_of
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.cli.request_options import (
    AtOption,
    RequestArgument,
    WhyOption,
    pages_of,
    request_number,
    show_request,
)
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.evidence.adding import Given

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Answer requests for public records: the City Clerk's desk."
)


@app.command()
def receive(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    words: Annotated[str, typer.Argument(metavar="WORDS", help="The request exactly as it came; - reads it.")],
    channel: Annotated[
        str, typer.Option(metavar="HOW", help="mail, e-mail, portal, fax, 'in person', telephone or other.")
    ],
    received: Annotated[str, typer.Option(metavar="WHEN", help="When it came, in the city's zone or its own.")] = "",
    postmark: Annotated[
        str,
        typer.Option(
            metavar="DAY", help="Of a letter of which nobody can show when it came; where the law has a rule."
        ),
    ] = "",
    requester: Annotated[str, typer.Option(metavar="NAME", help="Who asks; nobody has to say.")] = "",
    contact: Annotated[str, typer.Option(metavar="WHERE", help="Address for the answer.")] = "",
    language: Annotated[str, typer.Option(metavar="en|es", help="Of letters to the requester.")] = "en",
    file: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="The letter or message itself; repeatable.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write down a request; its bytes become evidence, and the clock of the statute starts."""
    from breachwatch.respond.requests.receiving import Incoming, receive_mailed
    from breachwatch.respond.requests.receiving import receive as received_now

    ws = open_workspace(ctx, workspace)
    if bool(received) is bool(postmark):
        msg = "say when it came (--received), or of a letter the day of its postmark where nobody can show that."
        raise UsageError(msg)
    text = sys.stdin.read(100_000) if words == "-" else words
    at = time_of(ws, received or postmark)
    what = Incoming(text, channel.strip().lower(), at, requester, contact, language)
    files: list[Path | Given] = list(file or ())
    if postmark:
        found = receive_mailed(ws, what, at.astimezone(ws.settings.city.zone).date(), by=actor(ctx, ws), files=files)
    else:
        found = received_now(ws, what, by=actor(ctx, ws), files=files)
    show_request(ctx, ws, found.number, as_json=as_json)


@app.command("list")
def list_requests(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the requests that wait, the most urgent first: the queue of the records officer."""
    from breachwatch.report.requests import plain_request, queue_page

    ws = open_workspace(ctx, workspace)
    found = pages_of(ws, actor(ctx, ws), closed=everything)
    if as_json:
        show_json([plain_request(request, clocks) for request, clocks in found])
    else:
        show(queue_page(found, ws.settings.city.zone))


@app.command("show")
def show_one(
    ctx: typer.Context, number: RequestArgument, as_json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """Show a request: its words, its clocks and how they were counted, and all that was done."""
    ws = open_workspace(ctx, workspace)
    show_request(ctx, ws, request_number(ws, number), as_json=as_json)


@app.command()
def correct(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: RequestArgument,
    reason: WhyOption,
    words: Annotated[str, typer.Option(metavar="TEXT", help="The request as it really reads.")] = "",
    requester: Annotated[str, typer.Option(metavar="NAME", help="Who asks.")] = "",
    contact: Annotated[str, typer.Option(metavar="WHERE", help="Address for the answer.")] = "",
    received: Annotated[str, typer.Option(metavar="WHEN", help="When it really came: moves the clock.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Correct what was written down at receipt. What stood there before stays."""
    from breachwatch.respond.requests.receiving import correct as corrected

    ws = open_workspace(ctx, workspace)
    number, at = request_number(ws, number), time_of(ws, received) if received else None
    given = {"words": words, "requester": requester, "contact": contact}
    corrected(ws, number, by=actor(ctx, ws), reason=reason, received_at=at, **given)
    show_request(ctx, ws, number, as_json=as_json)


@app.command("link")
def link_incident(
    ctx: typer.Context,
    number: RequestArgument,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="INC-2026-0042, or 42 for this year's.")],
    reason: WhyOption,
    undo: Annotated[bool, typer.Option("--undo", help="It is not about that one.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Say which incident a request is about."""
    from breachwatch.respond.requests.receiving import link

    ws = open_workspace(ctx, workspace)
    number = request_number(ws, number)
    found = link(ws, number, case_number(ws, incident), by=actor(ctx, ws), reason=reason, undo=undo)
    remark(f"{number} is about {', '.join(found.incidents) or 'no incident'}.")


@app.command("search")
def search_records(
    ctx: typer.Context,
    number: RequestArgument,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="What was searched, where, and for what.")],
    at: AtOption = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record a search, with what the records hold about the linked incidents."""
    from breachwatch.respond.requests.handling import search

    ws = open_workspace(ctx, workspace)
    number = request_number(ws, number)
    moment = time_of(ws, at) if at else None
    detail = search(ws, number, what, by=actor(ctx, ws), at=moment).steps[-1].detail
    if as_json:
        show_json(detail)
        return
    found = ", ".join(f"{count} {kind}" for kind, count in detail["found"].items()) or "nothing"
    remark(f"{number}: found {found}; {detail['items']} items are to be decided: breachwatch request redact {number}")


request_answer.add_to(app)
request_review.add_to(app)
