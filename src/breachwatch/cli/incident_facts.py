"""`breachwatch incident anchor`, `affected`, `note`: moments, who is touched, and what people write down."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from breachwatch.cli.incident_options import (
    ExpectOption,
    NumberArgument,
    ReasonOption,
    case_number,
    chosen,
    tell,
    time_of,
)
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json
from breachwatch.errors import UsageError


def anchor(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: NumberArgument,
    which: Annotated[
        str,
        typer.Argument(
            metavar="[MOMENT]",
            help="occurred, detected, discovered, determined, contained, eradicated, recovered or closed.",
        ),
    ] = "",
    time: Annotated[
        str, typer.Argument(metavar="[TIME]", help="2026-11-22T02:14, in the city's zone or with its own.")
    ] = "",
    reason: ReasonOption = "",
    history: Annotated[bool, typer.Option("--history", help="Also those that were superseded.")] = False,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the moments that legal clocks begin from, or set one; what was set before stays."""
    from breachwatch.incidents.casework import anchors
    from breachwatch.model.casework import Anchor
    from breachwatch.report.casework import anchors_page

    ws = open_workspace(ctx, workspace)
    number, by = case_number(ws, number), actor(ctx, ws)
    if which:
        if not time:
            raise UsageError(f"when was it {which}? Give a time like 2026-11-22T02:14.")
        what, at = chosen(Anchor, which, "moment"), time_of(ws, time)
        anchors.set_anchor(ws, number, what, at, by=by, reason=reason, expected_version=expect)
        tell(ws, number, f"{what} at {at.isoformat()}", as_json=as_json)
        return
    found = anchors.history(ws, number, by=by) if history else tuple(anchors.anchors(ws, number, by=by).values())
    if as_json:
        show_json(found)
    else:
        show(anchors_page(found, ws.settings.city.zone))


def affected(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: NumberArgument,
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help="system, account or group (of persons).")] = "",
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Of the system, account or group; no single person.")
    ] = "",
    status: Annotated[
        str,
        typer.Option(metavar="HOW", help="suspected, accessed, acquired, compromised, encrypted or 'not affected'."),
    ] = "suspected",
    element: Annotated[
        list[str] | None, typer.Option(metavar="DATA", help="Kind of data: ssn, health, card, ...; repeatable.")
    ] = None,
    count: Annotated[int | None, typer.Option(metavar="N", help="So many persons or records.")] = None,
    about: Annotated[bool, typer.Option("--about", help="The count is an estimate.")] = False,
    resident: Annotated[
        list[str] | None, typer.Option(metavar="TX=120", help="Residents by state; repeatable.")
    ] = None,
    vendor: Annotated[str, typer.Option(metavar="NAME", help="Whose system it is.")] = "",
    reason: ReasonOption = "",
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what is affected, or state it of a system, an account or a group of persons."""
    from breachwatch.incidents.casework import affected as stated
    from breachwatch.report.casework import affected_page

    ws = open_workspace(ctx, workspace)
    number, by = case_number(ws, number), actor(ctx, ws)
    if kind:
        what = stated.Statement(
            kind=kind.lower(),
            name=name,
            status=status.lower(),
            elements=tuple(item.lower() for item in element or ()),
            count=count,
            estimated=about,
            states=_residents(resident or []),
            vendor=vendor,
        )
        stated.state_affected(ws, number, what, by=by, reason=reason, expected_version=expect)
        tell(ws, number, f"affected {kind} {name}: {status}", as_json=as_json)
        return
    found = stated.affected(ws, number, by=by)
    if as_json:
        show_json(found)
    else:
        show(affected_page(found))


def note(
    ctx: typer.Context,
    number: NumberArgument,
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="The note; - reads it from standard input.")] = "",
    privileged: Annotated[
        bool, typer.Option("--privileged", help="Counsel's: only counsel reads it, no export has it.")
    ] = False,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write a note, or show those that you may read."""
    from breachwatch.incidents.casework import notes
    from breachwatch.report.casework import notes_page

    ws = open_workspace(ctx, workspace)
    number, by = case_number(ws, number), actor(ctx, ws)
    if text:
        written = sys.stdin.read(100_000) if text == "-" else text
        made = notes.write(ws, number, written, by=by, privileged=privileged, expected_version=expect)
        tell(ws, number, f"note {made} written", as_json=as_json)
        return
    found = notes.notes(ws, number, by=by)
    if as_json:
        show_json(found)
    else:
        show(notes_page(found, ws.settings.city.zone))


def _residents(given: list[str]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for item in given:
        state, _, count = item.partition("=")
        if count and not (count.isascii() and count.isdigit()):
            msg = f"{item!r}: {count!r} is no number. Write it like TX=120, or TX where the number is not known."
            raise UsageError(msg)
        found[state.strip().upper()] = int(count) if count else None
    return found
