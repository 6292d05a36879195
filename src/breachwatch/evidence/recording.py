"""Moving a finished bag into the vault and recording it: the move first, then one transaction for everything.

Killed between the two, the vault holds a bag that no record knows: an orphan (see `orphans`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from breachwatch import incidents
from breachwatch.durable import sync_folder
from breachwatch.evidence import bag as bags
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.items import title_of
from breachwatch.evidence.names import bags_in, next_number
from breachwatch.model.incident import Snapshot
from breachwatch.records import cases
from breachwatch.records.received import FILE, received
from breachwatch.workspace import Workspace

SET_ASIDE = "set-aside"
"""Folder below `state/` for bags of the vault that no record knows and that cannot be recorded."""
_HASHES_TOLD = 20  # files whose hashes stand in the link itself; the tag manifest's covers all


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


def record(
    ws: Workspace,
    snapshot: Snapshot,
    run_id: str,
    supplements: str | None,
    alert_keys: Sequence[str],
    events: Collection[str],
) -> None:
    """Record a bag that lies in the vault: evidence, custody, alerts, incident, in one transaction; then the mirror.

    Only `events`, those that the bag holds, count as sealed: another run may have added some to the same alerts
    meanwhile.
    """
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


def record_files(ws: Workspace, snapshot: Snapshot, said: Mapping[str, Any], by: custody.Handler) -> None:
    """Record a bag of received files that lies in the vault: evidence, receipt, custody, in one transaction."""
    files = said["files"]
    with ws.database.write() as connection:
        connection.execute(
            cases.evidence.insert().values(
                number=snapshot.number,
                incident=snapshot.incident or None,
                path=snapshot.number,
                tagmanifest_sha256=snapshot.tagmanifest_sha256,
                events=0,
                bytes=snapshot.bytes,
                sealed_at=snapshot.sealed_at,
                run_id="",
                kind=FILE,
                title=title_of(said),
            )
        )
        connection.execute(
            received.insert().values(
                evidence=snapshot.number,
                received_from=said["received_from"],
                received_at=datetime.fromisoformat(said["received_at"]),
                received_by=said["received_by"],
                source=said["source"],
                purpose=said["purpose"],
                files=json.dumps(
                    [{name: file[name] for name in ("file", "name", "sha256", "bytes")} for file in files]
                ),
            )
        )
        custody.append(
            connection,
            evidence=snapshot.number,
            deed=custody.Deed.RECEIVED,
            by=by,
            at=snapshot.sealed_at,
            purpose=said["purpose"],
            details={
                "received_at": said["received_at"],
                "received_from": said["received_from"],
                "source": said["source"],
                "files": str(len(files)),
                "sha256": " ".join(file["sha256"] for file in files[:_HASHES_TOLD]),
            },
        )
        custody.append(
            connection,
            evidence=snapshot.number,
            deed=custody.Deed.SEALED,
            by=by,
            at=snapshot.sealed_at,
            purpose=said["purpose"],
            details={"tagmanifest_sha256": snapshot.tagmanifest_sha256},
        )
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
