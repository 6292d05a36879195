"""Collecting one Windows event log file: one whole segment each time new records are in it."""

from __future__ import annotations

from dataclasses import replace

from breachwatch.collect.checkpoints import Log
from breachwatch.collect.evtx import (
    HEADER_BYTES,
    Ids,
    Run,
    Survey,
    chunks,
    combined,
    known_runs,
    make_evtx_id,
    new_records,
    ranges,
    shares_records,
    survey,
)
from breachwatch.collect.places import ShrunkError
from breachwatch.collect.store import open_segment
from breachwatch.collect.stream import LogFile
from breachwatch.collect.work import Work
from breachwatch.model.formats import Format, format_named

EVTX: Format = format_named("evtx")


def collect_evtx(work: Work, file: LogFile) -> None:
    """Collect the records of `file` that were not collected before. Raises CutOffError, EnvironmentFault."""
    file.check_transfer()  # it is rewritten in place, so it is always taken whole
    logs = [log for log in work.logs.values() if log.format == EVTX.name]
    stream = file.stream()
    found = survey(stream, {run.last for log in logs for run in known_runs(log)})
    stream.check_cut_off()
    said = str(stream.broken) if stream.broken else ""
    if said:
        work.say(file.shown, f"{said}. What came before that place was read.", lost_data=True)
    if isinstance(stream.broken, ShrunkError) or found.size == 0:
        return
    log = _log_of(work, file, found, logs)
    if any(item.file_sha256 == found.sha256 for item in log.kept):
        work.seen(file, log, said=said)
        return
    if not any(item.file_sha256 == found.sha256 for item in log.planned):
        planned = _plan(work, file, log, found)
        if planned is None:
            if log.file_id in work.logs:
                work.seen(file, log, said=said)
            return
        log = planned
    _store(work, file, log, found, said)


def _log_of(work: Work, file: LogFile, found: Survey, logs: list[Log]) -> Log:
    for log in logs:
        if any(item.file_sha256 == found.sha256 for item in (*log.kept, *log.planned)):
            return log
    sharing = [log for log in logs if shares_records(found, log)]
    if sharing:
        return max(sharing, key=lambda log: (max(run.last for run in known_runs(log)), log.file_id))
    file_id = make_evtx_id(work.source.name, file, found)
    return work.logs.get(file_id) or Log(file_id, work.source.name, file.shown, EVTX.name, 0, "")


def _fresh(work: Work, file: LogFile, log: Log, found: Survey) -> Ids:
    """The record ids of the file that were not collected before."""

    def exactly(run: Run) -> Ids:
        before: set[tuple[int, int]] = set()
        for item in log.kept:
            with open_segment(work.ws, item) as stored:
                for records in chunks(stored):
                    # A record without a time (damaged) proves nothing: it is collected rather than missed.
                    before.update(
                        (number, time) for number, time in records if run.first <= number <= run.last and time
                    )
        stream = file.stream()
        mine = {record for records in chunks(stream) for record in records}
        stream.check_cut_off()
        return ranges(number for number, time in mine - before if run.first <= number <= run.last)

    return new_records(found, known_runs(log), exactly)


def _plan(work: Work, file: LogFile, log: Log, found: Survey) -> Log | None:
    """Promise the file as a segment; None where it has nothing new."""
    new = _fresh(work, file, log, found)
    if not new and (found.runs or (found.sound and found.size > HEADER_BYTES)):
        return None
    first_new = min((first for first, _ in new), default=1)
    held = sum(run.last - run.first + 1 for run in found.runs)
    below = sum(max(0, min(run.last, first_new - 1) - run.first + 1) for run in found.runs)
    if again := held - below - _count(new):
        what = f"{again} records that were collected before lie between new ones and are collected again, with the same"
        work.say(file.shown, f"{what} event ids. It seems to be a filtered export that overlaps others.")
    item = work.segment(
        log,
        file.shown,
        EVTX,
        (0, found.size),
        found.sha256,
        first_record=1,
        modified_at=file.modified_at,
        file_sha256=found.sha256,
        # Where nothing was collected before, damage may hide ids below the first one seen.
        after=first_new - 1 if below else 0,
    )
    _say_gap(work, file, log, found)
    return work.plan(log, [item])


def _count(ids: Ids) -> int:
    return sum(last - first + 1 for first, last in ids)


def _say_gap(work: Work, file: LogFile, log: Log, found: Survey) -> None:
    """A log at its own path whose oldest record is younger than the last one collected has overwritten some."""
    last = max((run.last for run in known_runs(log)), default=0)
    first = min((run.first for run in found.runs), default=0)
    if log.path == file.shown and last and first > last + 1:
        what = f"records {last + 1} to {first - 1} were overwritten before they could be collected."
        work.say(file.shown, f"{what} Make the log larger or collect more often.", lost_data=True)


def _store(work: Work, file: LogFile, log: Log, found: Survey, said: str) -> None:
    fresh = _count(_fresh(work, file, log, found))
    runs = combined(found, known_runs(log))

    def landed(now: Log) -> Log:
        position = str(max((run.last for run in runs), default=0))
        notes = {**now.notes, "runs": [run.as_list() for run in runs]}
        return replace(now, records=now.records + fresh, position=position, notes=notes)

    mine = replace(log, segments=tuple(item for item in log.planned if item.file_sha256 == found.sha256))
    log, state = work.keep(mine, file.stream(), EVTX, file.shown, landed)
    if state is not None:
        work.seen(file, log, said=said)
