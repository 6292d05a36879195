"""`breachwatch ledger`: the signed page of each night that says which logs there were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.errors import EnvironmentFault, EvidenceError

if TYPE_CHECKING:
    from breachwatch.model.evidence import VerifyReport

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The ledger of each night.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A ledger, like 2026-11-22; or `last`.")]


@app.command("list")
def list_ledgers(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the ledgers, oldest first, with their hashes and where they were sent."""
    from breachwatch.evidence.ledger.reading import entries
    from breachwatch.report.trust import ledgers_page

    ws = open_workspace(ctx, workspace)
    found = entries(ws)
    if as_json:
        show_json(found)
    else:
        show(ledgers_page(found, ws.settings.city.zone))


@app.command("show")
def show_ledger(
    ctx: typer.Context, name: NameArgument = "last", as_json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """Show what a ledger says."""
    from breachwatch.evidence.ledger.reading import entry, load, path_of
    from breachwatch.report.trust import ledger_page

    ws = open_workspace(ctx, workspace)
    item = entry(ws, name)
    _, page = load(path_of(ws, item.name))
    if as_json:
        show_json(page)
    else:
        show(ledger_page(item, page, ws.settings.city.zone))


@app.command()
def verify(
    ctx: typer.Context,
    against: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Copies that were kept elsewhere: files or folders of ledgers."),
    ] = None,
    stored: Annotated[bool, typer.Option("--store", help="Compare with the copies in locked storage, too.")] = False,
    reread: Annotated[bool, typer.Option("--read-segments", help="Read the stored bytes of all logs again.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Check all ledgers, and that logs, custody, audit and evidence still are what they say. Ends with 4 if not.

    Only copies that lie elsewhere show that a night was signed anew: give them with --against.
    """
    from breachwatch.evidence.ledger import copies, locked, verifying
    from breachwatch.report.trust import ledgers_verified_page

    ws = open_workspace(ctx, workspace)
    reports: list[VerifyReport] = verifying.verify(ws, reread=reread)
    if against:
        reports.append(copies.compare(ws, copies.in_paths(against), ", ".join(str(path) for path in against)))
    if stored:
        reports.append(copies.compare(ws, locked.copies(ws), "locked storage"))
    if as_json:
        show_json(
            [
                {
                    "ok": report.ok,
                    "name": report.number,
                    "path": report.path,
                    "checks": [check._asdict() for check in report.checks],
                }
                for report in reports
            ]
        )
    else:
        show(ledgers_verified_page(reports))
    if not all(report.ok for report in reports):
        raise typer.Exit(EvidenceError.exit_code)


@app.command()
def send(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Ledgers to send again. Default: what was not sent.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Send ledgers by mail and to locked storage, as the settings say. Each nightly run does so too."""
    from breachwatch.evidence.ledger.reading import entry
    from breachwatch.evidence.ledger.sending import send as send_ledgers
    from breachwatch.report.trust import sent_page

    ws = open_workspace(ctx, workspace)
    done = send_ledgers(ws, by=actor(ctx, ws), names=[entry(ws, name).name for name in names or ()])
    if as_json:
        show_json(done)
    else:
        show(sent_page(done))
    for problem in done.problems:
        remark(f"breachwatch: {problem}")
    if done.problems:
        raise typer.Exit(EnvironmentFault.exit_code)
