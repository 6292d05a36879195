"""Moving a finished bag into the vault and recording it: the move first, then one transaction for everything.

Killed between the two, the vault holds a bag that no record knows: an orphan. The next job of its incident verifies it
and records it. What cannot be recorded is set aside, never deleted: it may be all that is left after a database was
restored from an old backup.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from breachwatch import incidents
from breachwatch.durable import sync_folder
from breachwatch.errors import EvidenceError
from breachwatch.evidence import bag as bags
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.checks import check_bag
from breachwatch.evidence.keys import PublicKey
from breachwatch.evidence.names import bags_in, next_number
from breachwatch.evidence.on_disk import BagOnDisk, incident_in, match_lines
from breachwatch.evidence.sealing import ENVELOPE
from breachwatch.evidence.signing import parse_envelope
from breachwatch.model.incident import Snapshot
from breachwatch.records import cases
from breachwatch.workspace import Workspace

SET_ASIDE = "set-aside"
"""Folder below `state/` for bags of the vault that no record knows and that cannot be recorded."""
_log = logging.getLogger(__name__)


def free_number(ws: Workspace, at: datetime) -> str:
    """The number for the next piece of evidence, by the year of sealing in UTC; needs the lock `evidence`."""
    with ws.database.read() as connection:
        recorded = set(connection.scalars(select(cases.evidence.c.number)))
    return next_number(at.year, recorded | bags_in(ws.vault) | bags_in(ws.state / SET_ASIDE))


def install(folder: Path, ws: Workspace, number: str) -> None:
    """Move a finished bag into the vault, read-only. Atomic: the vault never holds half a bag."""
    bags.make_read_only(folder)
    folder.chmod(0o700)  # a folder must be writable to be moved
    folder.rename(ws.vault / number)
    (ws.vault / number).chmod(bags.FOLDER_MODE)
    sync_folder(ws.vault)


def record(ws: Workspace, snapshot: Snapshot, run_id: str, supplements: str | None, alert_keys: Sequence[str]) -> None:
    """Record a bag that lies in the vault: evidence, custody, alerts, incident, in one transaction; then the mirror.

    Only the events that the bag holds count as sealed: another run may have added some to the same alerts meanwhile.
    """
    events = [str(match["event_id"]) for match in match_lines(BagOnDisk(ws.vault / snapshot.number))]
    with ws.database.write() as connection:
        connection.execute(
            cases.evidence.insert().values(
                number=snapshot.number,
                incident=snapshot.incident,
                path=snapshot.number,
                tagmanifest_sha256=snapshot.tagmanifest_sha256,
                events=snapshot.events,
                bytes=snapshot.bytes,
                sealed_at=snapshot.sealed_at,
                run_id=run_id,
                supplements=supplements,
            )
        )
        custody.append(
            connection,
            evidence=snapshot.number,
            deed=custody.Deed.SEALED,
            by=custody.handler(ws),
            at=snapshot.sealed_at,
            purpose=f"preserved for {snapshot.incident}, before any triage",
            details={"tagmanifest_sha256": snapshot.tagmanifest_sha256, "run_id": run_id},
        )
        _mark(connection, snapshot, alert_keys, events)
    mirror.update(ws)


def _mark(connection: Connection, snapshot: Snapshot, alert_keys: Sequence[str], events: Collection[str]) -> None:
    incidents.mark_sealed(
        connection,
        incident=snapshot.incident,
        alert_keys=alert_keys,
        evidence=snapshot.number,
        at=snapshot.sealed_at,
        event_ids=events,
    )


def adopt_orphans(ws: Workspace, incident: str, key: PublicKey) -> None:
    """Record the bags of this incident that a killed run left in the vault. The caller holds the lock `evidence`.

    A bag that is damaged, or that does not fit the records, is set aside below `state/`.
    """
    with ws.database.read() as connection:
        recorded = set(connection.scalars(select(cases.evidence.c.number)))
    for number in sorted(bags_in(ws.vault) - recorded):
        try:
            orphan = BagOnDisk(ws.vault / number)
            said = incident_in(orphan)
            if said.get("incident") == incident:
                _adopt(ws, number, orphan, said, key)
        except EvidenceError as error:
            _set_aside(ws, number, str(error))


def _adopt(ws: Workspace, number: str, orphan: BagOnDisk, said: Any, key: PublicKey) -> None:
    broken = [check for check in check_bag(orphan, key) if not check.ok]
    if broken:
        msg = f"{broken[0].name}: {broken[0].detail}"
        raise EvidenceError(msg)
    predicate = parse_envelope(orphan.small(ENVELOPE)).statement["predicate"]
    keys = [str(item) for item in said["alert_keys"]]
    with ws.database.read() as connection:
        alert = cases.alert.c
        known = set(connection.scalars(select(alert.key).where(alert.incident == said["incident"])))
    if predicate["evidence"] != number or not known.issuperset(keys):
        msg = "it names alerts or a number that the records do not"
        raise EvidenceError(msg)
    bags.make_read_only(ws.vault / number)
    snapshot = Snapshot(
        number=number,
        incident=said["incident"],
        path=str(ws.vault / number),
        sealed_at=datetime.fromisoformat(predicate["sealed_at"]),
        tagmanifest_sha256=bags.hash_file(ws.vault / number / bags.TAG_MANIFEST).sha256,
        events=said["events"],
        bytes=predicate["payload"]["bytes"],
    )
    record(ws, snapshot, predicate["run_id"], said["supplements"], keys)
    _log.warning("%s was sealed by a run that was killed before it could record it; it is recorded now", number)


def _set_aside(ws: Workspace, number: str, reason: str) -> None:
    folder = ws.state / SET_ASIDE
    folder.mkdir(mode=0o700, exist_ok=True)
    bag = ws.vault / number
    bag.chmod(0o700)  # a folder must be writable to be moved
    bag.rename(folder / number)
    _log.error(
        "%s lies in the vault but in no record, and cannot be recorded (%s); moved to %s", number, reason, folder
    )
