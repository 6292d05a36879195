"""Making a referral, and handing evidence over with it: each package exported, hashed, and transferred by custody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.evidence.export import Destination, export
from breachwatch.evidence.handover import Recipient, transfer
from breachwatch.incidents.casework.changing import bounded, changing, said
from breachwatch.incidents.casework.finding import members
from breachwatch.incidents.entities import storable
from breachwatch.model.people import Actor, Permission
from breachwatch.model.referrals import Package, Referral, ReferralKind
from breachwatch.people import require
from breachwatch.records import audit, cases, referrals
from breachwatch.respond.referrals.reading import referral_in, referral_of
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class To:
    """Whom an incident is referred to. `keys`: public keys (age, SSH Ed25519) that packages are encrypted to."""

    person: str
    organization: str = ""
    contact: str = ""
    keys: tuple[str, ...] = ()


def refer(
    ws: Workspace,
    incident: str,
    kind: ReferralKind,
    to: To,
    *,
    by: Actor,
    basis: str,
    evidence: Sequence[str] = (),
    folder: Path | None = None,
) -> Referral:
    """Refer an incident, and hand the evidence over as archives in `folder`.

    The referral is recorded first, then each package: where one fails, the others stand, and `hand_over` goes on.
    Raises NotPermittedError, UnknownNameError, UsageError (no basis, nobody named, no folder), and what
    `evidence.export` raises.
    """
    require(by, Permission.REFER)
    basis = said(basis, "the basis of the referral: why, and by which law, contract or order,")
    person = said(to.person, "to whom it is referred")
    if evidence:
        require(by, Permission.HANDLE_EVIDENCE)
        _check_folder(folder)
    with changing(ws, incident, by=by, may=Permission.REFER, expected_version=None) as change:
        for number in evidence:
            _check_evidence(change.connection, incident, number)
        name = _next_number(change.connection, change.at.astimezone(ws.settings.city.zone).year)
        change.connection.execute(
            referrals.referral.insert().values(
                number=name,
                incident=incident,
                kind=kind.value,
                recipient=storable(person),
                organization=storable(bounded(to.organization, "the organization")),
                contact=storable(bounded(to.contact, "the contact")),
                basis=storable(basis),
                restricted=int(kind.restricted),
                made_by=by.name,
                made_at=change.at,
            )
        )
        if kind.restricted:
            change.note(f"referral {name} (restricted)", "restricted")
        else:
            change.values["referred"] = 1
            change.note(f"referral {name}: {kind.value}", basis, after={"to": storable(person)})
    for number in evidence:
        hand_over(ws, name, number, to, by=by, folder=folder)
    return referral_of(ws, name, by=by)


def hand_over(ws: Workspace, name: str, evidence: str, to: To, *, by: Actor, folder: Path | None) -> Package:
    """Export one piece of evidence for a referral into `folder`, and record its transfer. Raises as `refer` does."""
    require(by, Permission.REFER)
    require(by, Permission.HANDLE_EVIDENCE)
    into = _check_folder(folder)
    with ws.database.read() as connection:
        found = referral_in(connection, name, by)
        _check_evidence(connection, found.incident, evidence)
    if any(package.evidence == evidence for package in found.packages):
        msg = f"{evidence} was handed over with {name} already."
        raise UsageError(msg)
    authority = "" if found.kind.restricted else found.basis
    going = Destination(found.recipient, found.organization, found.contact, authority, to.keys)
    purpose = f"referral {name}"
    made = export(ws, evidence, into / f"{name}-{evidence}.tar.gz", by=by, purpose=purpose, to=going)
    archive = Path(made.path)
    whom = Recipient(found.recipient, found.organization, found.contact, "with the referral", authority)
    moved = transfer(ws, evidence, by=by, to=whom, purpose=purpose, archive=archive)
    package = Package(evidence, archive.name, made.sha256, moved.number)
    with ws.database.write() as connection:
        connection.execute(
            referrals.referral_package.insert().values(
                referral=name,
                evidence=evidence,
                archive=package.archive,
                archive_sha256=package.archive_sha256,
                transfer=package.transfer,
            )
        )
        change = f"package {evidence} handed over ({moved.number})"
        audit.append(connection, at=ws.clock.now(), by=by, entity=name, change=change, reason=made.sha256)
    return package


def _check_folder(folder: Path | None) -> Path:
    if folder is None or not folder.is_dir():
        msg = "name a folder that exists, into which the packages of evidence are written."
        raise UsageError(msg)
    return folder


def _check_evidence(connection: Connection, incident: str, number: str) -> None:
    columns = cases.evidence.c
    of = members(connection, incident)
    known = connection.scalars(select(columns.number).where(columns.incident.in_(of))).all()
    if number not in known:
        raise UnknownNameError(f"evidence of {incident}", number, known)


def _next_number(connection: Connection, year: int) -> str:
    prefix, column = f"REF-{year}-", referrals.referral.c.number
    taken = connection.scalars(select(column).where(column.startswith(prefix)))
    return f"{prefix}{max((int(number.removeprefix(prefix)) for number in taken), default=0) + 1:04d}"
