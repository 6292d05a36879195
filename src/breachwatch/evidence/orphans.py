"""What killed runs left: unfinished bags are removed, finished ones that no record knows are recorded or set aside.

What cannot be recorded is set aside below `state/`, never deleted: it may be all that is left after a database was
restored from an old backup.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from breachwatch.errors import EvidenceError
from breachwatch.evidence import bag as bags
from breachwatch.evidence import mirror, recording, sealing
from breachwatch.evidence.checks import check_bag, key_in
from breachwatch.evidence.custody import Handler
from breachwatch.evidence.keyring.history import tenure_of
from breachwatch.evidence.names import bags_in, year_and_count
from breachwatch.evidence.on_disk import BagOnDisk, incident_in, match_lines
from breachwatch.evidence.recording import SET_ASIDE
from breachwatch.evidence.sealing import ENVELOPE
from breachwatch.evidence.signing import parse_envelope
from breachwatch.model.evidence import Mended
from breachwatch.model.incident import Snapshot
from breachwatch.records import cases
from breachwatch.records.received import FILE
from breachwatch.workspace import Workspace

_log = logging.getLogger(__name__)


def sweep(ws: Workspace) -> tuple[Mended, ...]:
    """Mend whatever killed runs left of evidence, and tell it; nothing where all is well.

    Raises BusyError where somebody else seals for too long, EvidenceError or EnvironmentFault where the workspace's
    public keys cannot be read.
    """
    with ws.lock("evidence"):
        mended = [Mended(name, "removed", "it was never finished") for name in sealing.sweep(ws)]
        mirror.update(ws)
        mended += adopt(ws)
    return tuple(mended)


def adopt(ws: Workspace, incident: str | None = None) -> list[Mended]:
    """Record the bags that a killed run left in the vault, all or those of one incident; the caller has the lock.

    A bag that is damaged, or that does not fit the records, is set aside.
    """
    mended = []
    for number in sorted(bags_in(ws.vault) - _recorded(ws), key=year_and_count):
        try:
            orphan = BagOnDisk(ws.vault / number)
            said = incident_in(orphan)
            if incident is None or said.get("incident") == incident:
                _adopt(ws, number, orphan, said)
                mended.append(Mended(number, "recorded", "it was sealed, but its run was killed before recording it"))
                _log.warning("%s was sealed by a run that was killed before it could record it; it is now", number)
        except EvidenceError as error:
            mended.append(_set_aside(ws, number, str(error)))
    return mended


def _recorded(ws: Workspace) -> set[str]:
    with ws.database.read() as connection:
        return set(connection.scalars(select(cases.evidence.c.number)))


def _adopt(ws: Workspace, number: str, orphan: BagOnDisk, said: Mapping[str, Any]) -> None:
    key = key_in(orphan)
    if tenure_of(ws.keys, key) is None:
        msg = f"it is signed with {key.fingerprint}, which is no key of this workspace"
        raise EvidenceError(msg)
    broken = [check for check in check_bag(orphan, key) if not check.ok]
    if broken:
        msg = f"{broken[0].name}: {broken[0].detail}"
        raise EvidenceError(msg)
    predicate = parse_envelope(orphan.small(ENVELOPE)).statement["predicate"]
    if predicate["evidence"] != number:
        msg = "it names another number"
        raise EvidenceError(msg)
    snapshot = Snapshot(
        number=number,
        incident=said["incident"] or "",
        path=str(ws.vault / number),
        sealed_at=datetime.fromisoformat(predicate["sealed_at"]),
        tagmanifest_sha256=orphan.hash(bags.TAG_MANIFEST).sha256,
        events=said["events"],
        bytes=predicate["payload"]["bytes"],
    )
    _check_known(ws, said)
    bags.make_read_only(ws.vault / number)
    if said.get("kind") == FILE:
        by = orphan.json("data/acquisition.json")
        handler = Handler(by["custodian"], by["title"], by["contact"], by["location"])
        recording.record_files(ws, snapshot, said, handler)
    else:
        alert_keys = [str(key) for key in said["alert_keys"]]
        events = [str(match["event_id"]) for match in match_lines(orphan)]
        recording.record(ws, snapshot, predicate["run_id"], said["supplements"], alert_keys, events)


def _check_known(ws: Workspace, said: Mapping[str, Any]) -> None:
    """Whether the records know the incident and the alerts that a bag names. Raises EvidenceError."""
    with ws.database.read() as connection:
        numbers = set(connection.scalars(select(cases.incident.c.number)))
        alert = cases.alert.c
        alerts = set(connection.scalars(select(alert.key).where(alert.incident == said["incident"])))
    if said["incident"] not in numbers | {None} or not alerts.issuperset(said.get("alert_keys", ())):
        msg = "it names an incident or alerts that the records do not"
        raise EvidenceError(msg)


def _set_aside(ws: Workspace, number: str, reason: str) -> Mended:
    folder = ws.state / SET_ASIDE
    folder.mkdir(mode=0o700, exist_ok=True)
    bag = ws.vault / number
    bag.chmod(0o700)  # a folder must be writable to be moved
    bag.rename(folder / number)
    _log.error(
        "%s lies in the vault but in no record, and cannot be recorded (%s); moved to %s", number, reason, folder
    )
    return Mended(number, "set aside", f"no record knows it, and it cannot be recorded ({reason}); moved to {folder}")
