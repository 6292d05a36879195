"""`preserve`: seal the evidence of one incident, or say loudly why that failed."""

from __future__ import annotations

import errno

from breachwatch import incidents, lake
from breachwatch.errors import BreachwatchError, explain
from breachwatch.evidence import mirror, orphans, recording, sealing
from breachwatch.evidence.case import load_case, sealed_already
from breachwatch.evidence.content import Sealing
from breachwatch.evidence.keyring.current import signing_key
from breachwatch.model.incident import PreservationFailure, Snapshot, ToPreserve
from breachwatch.workspace import Workspace


def preserve(ws: Workspace, job: ToPreserve, run_id: str) -> Snapshot | PreservationFailure:
    """Seal one job's evidence: a new bag for each job, a supplement where its incident has one already.

    The bag is built aside, hashed twice, signed, synced and moved into the vault; then it is recorded in one
    transaction with the state of its incident. What a killed run left is finished first. A job of which nothing waits
    any more gives the snapshot that holds it.

    Whatever stands in the way is a PreservationFailure, recorded on the incident, and no exception: missing or altered
    bytes, a full disk, an unusable key, and also a fault of the program, which must not keep the evidence of the other
    incidents from being sealed. Raises BusyError where another process seals for too long, and what keeps the failure
    itself from being recorded.
    """
    with ws.lock("evidence"):
        try:
            with lake.all_read(ws):
                return _preserve(ws, job, run_id)
        except Exception as error:  # noqa: BLE001  nothing is swallowed: the incident says it, and the run is partial
            reason = _reason(error)
            with ws.database.write() as connection:
                incidents.mark_failed(connection, incident=job.incident, reason=reason, at=ws.clock.now())
            return PreservationFailure(job.incident, reason)


def _preserve(ws: Workspace, job: ToPreserve, run_id: str) -> Snapshot:
    sealing.sweep(ws)
    mirror.update(ws)  # a run killed right after its transaction has not written it
    key = signing_key(ws)
    orphans.adopt(ws, job.incident)
    done = sealed_already(ws, job)
    if done is not None:
        return done
    with ws.database.read() as connection:
        case = load_case(connection, job, run_id)
    at = ws.clock.now()
    number = recording.free_number(ws, at)
    with sealing.seal(ws, Sealing(number, at, run_id, case), key) as sealed:
        recording.install(sealed.folder, ws, number)
    snapshot = Snapshot(
        number=number,
        incident=job.incident,
        path=str(ws.vault / number),
        sealed_at=at,
        tagmanifest_sha256=sealed.tagmanifest_sha256,
        events=sealed.events,
        bytes=sealed.bytes,
    )
    recording.record(ws, snapshot, run_id, case.supplements, case.alert_keys, case.all_event_ids)
    return snapshot


def _reason(error: Exception) -> str:
    if isinstance(error, BreachwatchError):
        return str(error)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full; free some space, and the next run seals the evidence"
    if isinstance(error, OSError):
        where = f" {error.filename}" if error.filename else ""
        return f"the machine refused{where}: {error.strerror or error}"
    import duckdb
    import pyarrow as pa

    if isinstance(error, duckdb.Error | pa.ArrowException):
        return f"the lake cannot be read ({type(error).__name__}). Compare its files with the catalog's hashes."
    return explain(error)
