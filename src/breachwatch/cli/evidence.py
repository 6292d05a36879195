"""`breachwatch evidence`: verify, list and hand on what was sealed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli import evidence_dispose, evidence_handover, evidence_more
from breachwatch.cli.evidence_stamp import stamp
from breachwatch.cli.options import Common, JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.errors import EvidenceError, SettingsError, UsageError

if TYPE_CHECKING:
    from breachwatch.model.evidence import VerifyReport
    from breachwatch.model.people import Actor
    from breachwatch.workspace import Workspace

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Verify, list and hand on sealed evidence.")
app.command("dispose")(evidence_dispose.dispose)
app.command("disposals")(evidence_dispose.disposals)
app.command("certificate")(evidence_dispose.certificate)


app.command()(stamp)
evidence_more.register(app)
evidence_handover.register(app)


@app.command()
def verify(
    ctx: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NUMBER|PATH]...", help="Snapshots (EV-...), incidents (INC-...) or folders of bags."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All evidence of the workspace.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Check that evidence is exactly what was sealed. Ends with 4 if one byte is not.

    A folder that somebody handed you is checked with the key it carries, and needs no workspace.
    """
    if bool(targets) == everything:
        msg = "name what to verify: numbers (EV-2026-000001, INC-2026-0001), folders, or --all."
        raise UsageError(msg)
    from breachwatch.report.evidence import verification_page

    reports = _verify(ctx, workspace, targets or ())
    if as_json:
        show_json([{"ok": report.ok, **_fields(report)} for report in reports])
    else:
        show(verification_page(reports))
    if not all(report.ok for report in reports):
        raise typer.Exit(EvidenceError.exit_code)


@app.command("list")
def list_evidence(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the sealed snapshots, oldest first."""
    from breachwatch import evidence
    from breachwatch.report.evidence import evidence_page

    ws = open_workspace(ctx, workspace)
    lines = evidence.listing(ws, by=actor(ctx, ws))
    if as_json:
        show_json(lines)
    else:
        show(evidence_page(lines, ws.settings.city.zone, ws.vault))


@app.command()
def export(  # noqa: PLR0913, PLR0917  each option is one thing that custody tells
    ctx: typer.Context,
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help="A snapshot (EV-...), or an incident (INC-...) whole.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="A folder, or an archive to write: .tar, .tar.gz, .tgz or .zip.")
    ],
    recipient: Annotated[str, typer.Option(metavar="WHO", help="Who receives it, for the chain of custody.")] = "",
    purpose: Annotated[str, typer.Option(metavar="WHY", help="What for, for the chain of custody.")] = "export",
    organization: Annotated[str, typer.Option(metavar="NAME", help="Whose person the recipient is.")] = "",
    authority: Annotated[str, typer.Option(metavar="TEXT", help="Subpoena, warrant, agreement.")] = "",
    encrypt_to: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Encrypt it (age) to this key: age1..., or a line 'ssh-ed25519 AAAA...'."),
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write evidence to an archive that can be handed on, and enter that into the chain of custody."""
    from breachwatch import evidence
    from breachwatch.evidence.export import Destination
    from breachwatch.report.evidence import export_page

    ws = open_workspace(ctx, workspace)
    by = actor(ctx, ws)
    numbers = _snapshots(ws, number.upper(), by)
    if len(numbers) > 1 and target.suffix:
        msg = f"{number} has {len(numbers)} snapshots, each an archive of its own: name a folder, not {target}."
        raise UsageError(msg)
    if not target.suffix:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
    to = Destination(recipient, organization, authority=authority, keys=tuple(encrypt_to or ()))
    done = [evidence.export(ws, item, target, by=by, purpose=purpose, to=to) for item in numbers]
    if as_json:
        show_json(done)
    else:
        show(export_page(done))


def _verify(ctx: typer.Context, workspace: Path | None, targets: Sequence[str]) -> list[VerifyReport]:
    from breachwatch import evidence

    if not targets:
        ws = open_workspace(ctx, workspace)
        reports = evidence.verify_all(ws, by=actor(ctx, ws))
        if not reports:
            remark("there is no evidence yet.")
        return reports
    for target in targets:
        if os.sep in target and not Path(target).is_dir():
            msg = f"there is no folder {target}."
            raise UsageError(msg)
    vault = _workspace_if_any(ctx, workspace, targets)
    found = []
    for target in targets:
        if vault is None or _is_foreign(vault, Path(target)):
            found.append(evidence.verify(vault, target))
            continue
        by = actor(ctx, vault)
        names = [target] if Path(target).is_dir() else _snapshots(vault, target.upper(), by)
        found += [evidence.verify(vault, name, by=by) for name in names]
    return found


def _is_foreign(ws: Workspace, path: Path) -> bool:
    """Whether it is a bag that somebody handed on: who checks it needs no role here, and custody tells of nothing."""
    return path.is_dir() and path.absolute().parent != ws.vault


def _workspace_if_any(ctx: typer.Context, named: Path | None, targets: Sequence[str]) -> Workspace | None:
    """The workspace; None where there is none and only folders are to be verified."""
    try:
        return open_workspace(ctx, named)
    except SettingsError:
        if named or ctx.ensure_object(Common).workspace or not all(Path(target).is_dir() for target in targets):
            raise
        return None


def _snapshots(ws: Workspace, number: str, by: Actor) -> list[str]:
    """The snapshots meant: one by its number, or all of an incident."""
    if not number.startswith("INC-"):
        return [number]
    from breachwatch import incidents

    found = [item.number for item in incidents.incident(ws, number, by=by).evidence]
    if not found:
        msg = f"{number} has no sealed evidence yet. The next run seals it."
        raise EvidenceError(msg)
    return found


def _fields(report: VerifyReport) -> dict[str, object]:
    return {
        "number": report.number,
        "path": report.path,
        "signed_by": report.signed_by,
        "checks": [check._asdict() for check in report.checks],
    }
