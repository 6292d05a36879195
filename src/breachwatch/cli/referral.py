"""`breachwatch referral`: handing an incident on, and what comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.documents import write_new
from breachwatch.cli.incident_options import NumberArgument, ReasonOption, case_number, chosen, time_of
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json

if TYPE_CHECKING:
    from breachwatch.model.referrals import Referral
    from breachwatch.respond.referrals.following import Said
    from breachwatch.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Referrals to police, attorneys, regulators, court, human resources, vendors and insurers.",
)
_ReferralArgument = Annotated[str, typer.Argument(metavar="REFERRAL", help="REF-2026-0001.")]
_PersonOption = Annotated[str, typer.Option("--person", metavar="WHO", help="Who signed, or said so.")]
_AtOption = Annotated[str, typer.Option("--at", metavar="TIME", help="When; default: now.")]
_ReferenceOption = Annotated[str, typer.Option("--reference", metavar="TEXT", help="Their file number.")]
_FileOption = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="What came in writing; it becomes evidence.")
]


@app.command("make")
def make(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: NumberArgument,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="law-enforcement, city-attorney, district-attorney, regulator, municipal-court, human-resources, "
            "vendor-management or insurer.",
        ),
    ],
    to: Annotated[str, typer.Option("--to", metavar="WHO", help="The person or office.")],
    basis: Annotated[str, typer.Option("--basis", metavar="WHY", help="Why, and by which law, contract or order.")],
    organization: Annotated[str, typer.Option("--organization", help="Their organization.")] = "",
    contact: Annotated[str, typer.Option("--contact", help="How they are reached.")] = "",
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", metavar="EV", help="Goes with it, exported; repeatable.")
    ] = None,
    into: Annotated[Path | None, typer.Option("--into", metavar="DIR", help="Where packages are written.")] = None,
    encrypt_to: Annotated[
        list[str] | None, typer.Option("--encrypt-to", metavar="KEY", help="Their public key (age, SSH Ed25519).")
    ] = None,
    letter: Annotated[Path | None, typer.Option("--letter", metavar="PDF", help="Write the letter there.")] = None,
    request: Annotated[str, typer.Option("--request", metavar="TEXT", help="With --letter: what is asked.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Refer an incident, with evidence as packages that anybody can verify, and a letter."""
    from breachwatch.model.referrals import ReferralKind
    from breachwatch.respond.referrals import following, making

    ws = open_workspace(ctx, workspace)
    by = actor(ctx, ws)
    whom = making.To(to, organization, contact, tuple(encrypt_to or ()))
    made = making.refer(
        ws,
        case_number(ws, number),
        chosen(ReferralKind, kind, "kind of referral"),
        whom,
        by=by,
        basis=basis,
        evidence=[item.upper() for item in evidence or ()],
        folder=into,
    )
    if letter is not None:
        write_new(letter, following.letter(ws, made.number, by=by, request=request or basis))
    _tell(made, as_json=as_json)


@app.command("package")
def package(
    ctx: typer.Context,
    number: _ReferralArgument,
    evidence: Annotated[str, typer.Argument(metavar="EV", help="Evidence of the referred incident.")],
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="Where the package is written.")],
    encrypt_to: Annotated[
        list[str] | None, typer.Option("--encrypt-to", metavar="KEY", help="Their public key (age, SSH Ed25519).")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Hand over one more piece of evidence with a referral that was made."""
    from breachwatch.respond.referrals import making
    from breachwatch.respond.referrals.reading import referral_of

    ws = open_workspace(ctx, workspace)
    by, number = actor(ctx, ws), number.upper()
    making.hand_over(ws, number, evidence.upper(), making.To("", keys=tuple(encrypt_to or ())), by=by, folder=into)
    _tell(referral_of(ws, number, by=by), as_json=as_json)


@app.command("receipt")
def receipt(
    ctx: typer.Context,
    number: _ReferralArgument,
    person: _PersonOption,
    at: _AtOption = "",
    reference: _ReferenceOption = "",
    file: _FileOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record that they signed for it; custody of its packages tells so, too."""
    from breachwatch.respond.referrals import following

    ws = open_workspace(ctx, workspace)
    answer = _said(ws, person, at, reference, "", file)
    _tell(following.receipt(ws, number.upper(), answer, by=actor(ctx, ws)), as_json=as_json)


@app.command("status")
def status(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: _ReferralArgument,
    now_is: Annotated[str, typer.Argument(metavar="STATUS", help="accepted, investigating, declined.")],
    person: _PersonOption,
    reason: ReasonOption = "",
    at: _AtOption = "",
    reference: _ReferenceOption = "",
    file: _FileOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record how it stands on their side."""
    from breachwatch.model.referrals import ReferralStatus
    from breachwatch.respond.referrals import following

    ws = open_workspace(ctx, workspace)
    answer = _said(ws, person, at, reference, reason, file)
    wanted = chosen(ReferralStatus, now_is, "status")
    _tell(following.status(ws, number.upper(), wanted, answer, by=actor(ctx, ws)), as_json=as_json)


@app.command("outcome")
def outcome(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: _ReferralArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What came of it.")],
    person: _PersonOption,
    at: _AtOption = "",
    reference: _ReferenceOption = "",
    file: _FileOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record what came of it; a later outcome supersedes it, and both stay."""
    from breachwatch.respond.referrals import following

    ws = open_workspace(ctx, workspace)
    answer = _said(ws, person, at, reference, text, file)
    _tell(following.outcome(ws, number.upper(), answer, by=actor(ctx, ws)), as_json=as_json)


@app.command("list")
def list_referrals(
    ctx: typer.Context,
    incident: Annotated[str, typer.Argument(metavar="[NUMBER]", help="Those of this incident alone.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List referrals, as far as you may see them."""
    from breachwatch.report.referrals import plain_referral, referrals_page
    from breachwatch.respond.referrals.reading import referrals_of

    ws = open_workspace(ctx, workspace)
    found = referrals_of(ws, case_number(ws, incident) if incident else "", by=actor(ctx, ws))
    if as_json:
        show_json([plain_referral(item) for item in found])
    else:
        show(referrals_page(found, ws.settings.city.zone))


@app.command("show")
def show_referral(
    ctx: typer.Context, number: _ReferralArgument, as_json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """Show a referral: basis, packages with their hashes, and what came of it."""
    from breachwatch.report.referrals import plain_referral, referral_page
    from breachwatch.respond.referrals.reading import referral_of

    ws = open_workspace(ctx, workspace)
    found = referral_of(ws, number.upper(), by=actor(ctx, ws))
    if as_json:
        show_json(plain_referral(found))
    else:
        show(referral_page(found, ws.settings.city.zone))


def _said(ws: Workspace, person: str, at: str, reference: str, text: str, file: Path | None) -> Said:
    from breachwatch.respond.referrals.following import Said

    return Said(person, time_of(ws, at) if at else None, reference, text, file)


def _tell(found: Referral, *, as_json: bool) -> None:
    from breachwatch.report.referrals import plain_referral

    if as_json:
        show_json(plain_referral(found))
        return
    remark(f"{found.number}: {found.kind.value}, {found.status.value}.")
    for package in found.packages:
        remark(f"{package.archive}  SHA-256 {package.archive_sha256}  ({package.transfer})")
