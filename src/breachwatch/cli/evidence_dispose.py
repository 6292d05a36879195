"""`breachwatch evidence dispose`, `disposals`, `certificate`: evidence goes by the word of two persons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.evidence.disposal import Disposal
    from breachwatch.model.people import Actor
    from breachwatch.workspace import Workspace


def dispose(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    numbers: Annotated[
        list[str],
        typer.Argument(metavar="NUMBER...", help="Snapshots (EV-...) or incidents (INC-...); or one DISP-..."),
    ],
    authority: Annotated[str, typer.Option(metavar="RULE", help="The schedule, order or statute that allows it.")] = "",
    reason: Annotated[str, typer.Option(metavar="WHY", help="Why; stays in the records.")] = "",
    before_its_period: Annotated[
        bool, typer.Option("--before-its-period", help="An order demands it before [evidence] retention_days are over.")
    ] = False,
    approve: Annotated[bool, typer.Option("--approve", help="Of a DISP-...: approve it, and carry it out.")] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="Of a DISP-...: refuse it.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Ask for the disposal of evidence, or decide on it as a second person.

    Never under hold, never of an incident that is not closed. The bytes leave the vault; record, hashes and chain of
    custody stay, and a certificate says what went. An approved DISP-... that was broken off goes on when it is named.
    """
    from breachwatch.report.disposals import disposals_page

    ws = open_workspace(ctx, workspace)
    by = actor(ctx, ws)
    wanted = [number.upper() for number in numbers]
    if wanted[0].startswith("DISP-"):
        if len(wanted) > 1 or authority or before_its_period or (approve and refuse):
            msg = "decide on one DISP-... at a time: --approve or --refuse, with --reason."
            raise UsageError(msg)
        done = _decided(ws, wanted[0], by, reason, approve=approve, refuse=refuse)
    elif approve or refuse:
        msg = "approve or refuse a request by its number, DISP-...: `breachwatch evidence disposals` lists them."
        raise UsageError(msg)
    else:
        done = _asked(ws, wanted, by, authority, reason, early=before_its_period)
    if as_json:
        show_json(done)
    else:
        show(disposals_page([done], ws.settings.city.zone))


def disposals(
    ctx: typer.Context,
    due: Annotated[bool, typer.Option("--due", help="Evidence past its period instead, and what keeps it.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List what was asked to be disposed of, what was decided and done; or what is past its period."""
    from breachwatch.evidence import disposal
    from breachwatch.report.disposals import disposals_page, due_page

    ws = open_workspace(ctx, workspace)
    zone, by = ws.settings.city.zone, actor(ctx, ws)
    if due:
        past = disposal.due(ws, by=by)
        show_json(past) if as_json else show(due_page(past, zone, ws.settings.evidence.retention_days))
    else:
        found = disposal.disposals(ws, by=by)
        show_json(found) if as_json else show(disposals_page(found, zone))


def certificate(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="DISP", help="Like DISP-2026-0001.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there: .html, .pdf or .txt.")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the certificate of a disposal: what is gone, with its hash, by which authority, and the two persons."""
    from breachwatch.cli.letters import write_letter
    from breachwatch.evidence import disposal
    from breachwatch.report.disposals import certificate as certificate_of

    ws = open_workspace(ctx, workspace)
    found = disposal.disposal(ws, number.upper(), by=actor(ctx, ws))
    if not any(item.disposed_at for item in found.items):
        msg = f"nothing was disposed of by {found.number} yet: there is nothing to certify."
        raise UsageError(msg)
    write_letter(certificate_of(found, ws.settings.city.name, ws.settings.city.zone), output, ws.clock.now())


def _asked(ws: Workspace, wanted: Sequence[str], by: Actor, authority: str, reason: str, *, early: bool) -> Disposal:
    from breachwatch import incidents
    from breachwatch.evidence import disposal

    numbers: list[str] = []
    for number in wanted:
        if number.startswith("INC-"):
            numbers += [item.number for item in incidents.incident(ws, number, by=by).evidence]
        else:
            numbers.append(number)
    return disposal.request(ws, numbers, authority=authority, reason=reason, by=by, early=early)


def _decided(ws: Workspace, number: str, by: Actor, reason: str, *, approve: bool, refuse: bool) -> Disposal:
    from breachwatch.evidence import disposal

    if refuse:
        return disposal.decide(ws, number, approve=False, reason=reason, by=by)
    if approve:
        disposal.decide(ws, number, approve=True, reason=reason, by=by)
    return disposal.carry_out(ws, number, by=by)
