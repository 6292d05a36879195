"""`verify`: is a piece of evidence exactly what was sealed? Of a bag in the vault, or of one that was handed on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from breachwatch.errors import EvidenceError, UnknownNameError, UsageError
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.bag import TAG_MANIFEST, hash_file
from breachwatch.evidence.check_disposed import check_disposed
from breachwatch.evidence.checks import check_bag, check_modes, key_in
from breachwatch.evidence.custody import Deed, Handler
from breachwatch.evidence.disposed import disposal_of
from breachwatch.evidence.keyring.history import tenure_of
from breachwatch.evidence.keys import PublicKey
from breachwatch.evidence.names import bags_in, is_number, year_and_count
from breachwatch.evidence.on_disk import BagOnDisk, incident_in
from breachwatch.evidence.sealing import ENVELOPE
from breachwatch.evidence.signing import parse_envelope
from breachwatch.evidence.timestamps.checking import check, check_foreign
from breachwatch.model.evidence import Check, VerifyReport
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases
from breachwatch.workspace import Workspace

CUSTODY_EXTRACT = "custody.jsonl"
"""In an export, beside the bag: the links of the chain that are about this evidence."""


def verify(
    ws: Workspace | None,
    number_or_path: str | Path,
    *,
    by: Actor | Handler | None = None,
    purpose: str = "verification",
) -> VerifyReport:
    """Check a piece of evidence whole; see `VerifyReport.checks` for what was found.

    A number, or the path of its bag in the vault: checked against the workspace's keys, the database and the chain of
    custody, where the result is recorded, too. Any other path: a bag that was handed on, checked with the key that it
    carries; needs neither database nor workspace (`ws` may be None). `by` is the person whom custody names, or a
    handler whose right to it was looked at already; None: the custodian of the settings, for what runs by itself.

    Raises NotPermittedError for a person who may not read evidence, UnknownNameError for a number that is not recorded,
    UsageError for a path that is no folder.
    """
    text = str(number_or_path)
    if ws is not None and is_number(text):
        return _verify_recorded(ws, text, _handler(ws, by), purpose, _check_chain(ws))
    path = Path(text)
    if ws is not None and is_number(path.name) and path.absolute().parent == ws.vault:
        return _verify_recorded(ws, path.name, _handler(ws, by), purpose, _check_chain(ws))
    return _verify_foreign(ws, path)


def verify_all(
    ws: Workspace, *, by: Actor | Handler | None = None, purpose: str = "verification"
) -> list[VerifyReport]:
    """Verify every piece of evidence of a workspace, oldest first, and report bags that no record knows.

    Raises NotPermittedError for a person who may not read evidence.
    """
    handler = _handler(ws, by)
    with ws.database.read() as connection:
        numbers = set(connection.scalars(select(cases.evidence.c.number)))
    chain = _check_chain(ws)
    reports = [_verify_recorded(ws, number, handler, purpose, chain) for number in sorted(numbers, key=year_and_count)]
    for number in sorted(bags_in(ws.vault) - numbers, key=year_and_count):
        detail = "it lies in the vault, but no record knows it. The next run records it or sets it aside."
        reports.append(VerifyReport(number, str(ws.vault / number), (Check("records", False, detail),)))
    return reports


def _handler(ws: Workspace, by: Actor | Handler | None) -> Handler:
    if isinstance(by, Actor):
        require(by, Permission.READ_EVIDENCE)
        return custody.by(by)
    return by or custody.handler(ws)


def _verify_recorded(ws: Workspace, number: str, by: Handler, purpose: str, chain: Check) -> VerifyReport:
    with ws.database.read() as connection:
        row = connection.execute(select(cases.evidence).where(cases.evidence.c.number == number)).first()
        if row is None:
            raise UnknownNameError("piece of evidence", number, connection.scalars(select(cases.evidence.c.number)))
        links = list(custody.lines(connection, number))
        gone = disposal_of(connection, number)
    if gone is not None:
        return check_disposed(ws, number, gone, links, chain)
    path = ws.vault / row.path
    checks: list[Check] = []
    signed_by = ""
    try:
        bag = BagOnDisk(path)
        key, signed_by, trust = _key(ws, bag)
        checks += [trust, *check_bag(bag, key), check_modes(bag), _check_row(bag, row)]
        checks.append(_check_sealed(links, bag.hash(TAG_MANIFEST).sha256))
        checks.append(check(ws, number, bag.small(ENVELOPE)))
    except EvidenceError as error:
        checks.append(Check("structure", False, str(error)))
    except OSError as error:
        checks.append(Check("structure", False, f"cannot read {error.filename}: {error.strerror}"))
    checks.append(chain)
    report = VerifyReport(number, str(path), tuple(checks), signed_by)
    _record(ws, report, by, purpose)
    return report


def _verify_foreign(ws: Workspace | None, path: Path) -> VerifyReport:
    folder = _bag_in(path)
    checks: list[Check] = []
    number, signed_by = folder.name, ""
    try:
        bag = BagOnDisk(folder)
        key, signed_by, trust = _key(ws, bag, foreign=True)
        checks += [trust, *check_bag(bag, key)]
        stamp = check_foreign(folder, bag.small(ENVELOPE))
        checks += [stamp] if stamp else []
        number = str(incident_in(bag).get("evidence", number))
        extract = folder.parent / CUSTODY_EXTRACT
        if extract.is_file() and folder != path:
            links = extract.read_text(encoding="utf-8", errors="replace").splitlines()
            checks.append(_check_sealed(links, hash_file(folder / TAG_MANIFEST).sha256))
    except EvidenceError as error:
        checks.append(Check("structure", False, str(error)))
    except OSError as error:
        checks.append(Check("structure", False, f"cannot read {error.filename}: {error.strerror}"))
    return VerifyReport(number, str(folder), tuple(checks), signed_by)


def _bag_in(path: Path) -> Path:
    """The bag that a path means: the folder itself, or the one bag in an unpacked export."""
    if not path.is_dir():
        msg = f"{path} is no folder. Give the number of a piece of evidence, or the folder of a bag."
        raise UsageError(msg)
    if not (path / "bagit.txt").is_file():
        inside = [item for item in sorted(path.iterdir()) if is_number(item.name) and item.is_dir()]
        if len(inside) == 1:
            return inside[0]
    return path


def _key(ws: Workspace | None, bag: BagOnDisk, *, foreign: bool = False) -> tuple[PublicKey, str, Check]:
    """The key that a bag is checked with, whose it is, and whether that is good enough."""
    key = key_in(bag)
    tenure = tenure_of(ws.keys, key) if ws is not None else None
    if tenure is not None:
        whose, fault = f"{key.fingerprint}, the workspace's key", tenure.fault(_sealed_at(bag))
        return key, whose, Check("key", not fault, f"{whose}; but {fault}" if fault else whose)
    whose = f"{key.fingerprint}, the key in the bag; compare it with what the city has published"
    if foreign:
        return key, whose, Check("key", True, whose)
    return key, whose, Check("key", False, f"the bag's key {key.fingerprint} is not one of this workspace's")


def _sealed_at(bag: BagOnDisk) -> datetime:
    """When the attestation says that the bag was sealed. Raises EvidenceError."""
    try:
        at = datetime.fromisoformat(parse_envelope(bag.small(ENVELOPE)).statement["predicate"]["sealed_at"])
    except (KeyError, TypeError, ValueError) as error:
        msg = "the attestation does not say when this was sealed"
        raise EvidenceError(msg) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _check_row(bag: BagOnDisk, row: Row[Any]) -> Check:
    said = incident_in(bag)
    if bag.hash(TAG_MANIFEST).sha256 != row.tagmanifest_sha256:
        return Check("records", False, f"the database knows another {TAG_MANIFEST}: {row.tagmanifest_sha256}")
    if (said.get("evidence"), said.get("incident"), said.get("events")) != (row.number, row.incident, row.events):
        return Check("records", False, "the database says otherwise about number, incident or events")
    return Check("records", True, "as the database says")


def _check_sealed(links: list[str], tagmanifest_sha256: str) -> Check:
    """The chain's own link about the sealing names this very tag manifest."""
    for line in links:
        link = _parsed(line)
        if link.get("event") == Deed.SEALED.value:
            if link.get("tagmanifest_sha256") != tagmanifest_sha256:
                return Check("custody of this", False, "its sealing was recorded with another tag manifest")
            return Check("custody of this", True, f"sealed {link.get('at')} by {link.get('actor')}; {len(links)} links")
    return Check("custody of this", False, "the chain of custody does not tell of its sealing")


def _parsed(line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _check_chain(ws: Workspace) -> Check:
    with ws.database.read() as connection:
        chain = custody.check_chain(connection)
    if not chain.ok:
        return Check("custody chain", False, chain.detail)
    try:
        contradiction = mirror.contradiction(ws)
    except OSError as error:
        return Check("custody chain", False, f"cannot read its mirror {error.filename}: {error.strerror}")
    if contradiction:
        return Check("custody chain", False, contradiction)
    return Check("custody chain", True, f"{chain.count} links, the last {chain.head}")


def _record(ws: Workspace, report: VerifyReport, by: Handler, purpose: str) -> None:
    now = ws.clock.now()
    failed = ", ".join(check.name for check in report.checks if not check.ok)
    with ws.database.write() as connection:
        connection.execute(
            cases.evidence.update()
            .where(cases.evidence.c.number == report.number)
            .values(verified_at=now, verified_ok=int(report.ok))
        )
        custody.append(
            connection,
            evidence=report.number,
            deed=Deed.VERIFIED if report.ok else Deed.VERIFY_FAILED,
            by=by,
            at=now,
            purpose=purpose,
            details={"failed": failed} if failed else None,
        )
    mirror.update(ws)
