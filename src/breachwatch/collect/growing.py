"""Collecting one log that is only appended to: lines, journal export, utmp."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from breachwatch.collect.checkpoints import Log
from breachwatch.collect.cutting import Cuts, cut
from breachwatch.collect.framing import IDENTITY_BYTES, LONGEST_RECORD, first_record
from breachwatch.collect.identity import Match, logs_beginning_with, make_file_id, recognise_log
from breachwatch.collect.paths import is_rotated_name
from breachwatch.collect.places import CutOffError, PausedError, ShrunkError
from breachwatch.collect.stream import LogFile, LogStream
from breachwatch.collect.work import Work
from breachwatch.errors import LimitError
from breachwatch.model.formats import FORMATS, Format, format_named

SPOOL_BYTES = 256 * 1024 * 1024
"""How much of a far log is fetched before that is stored and the next part is fetched."""


def collect_growing(work: Work, file: LogFile, head: bytes, form: Format | None) -> None:
    """Collect what is new in `file`, which begins with `head` and looks like `form`."""
    if form and work.partial:
        work.add(logs_beginning_with(work.ws, work.source.name, first_record(form.framing, head, whole=True)))
    found = recognise_log(work.ws, file, head, work.logs.values())
    if found.match:
        if work.source.format == "auto":
            form = format_named(found.match.log.format)
        if found.match.older:
            _older(work, file, found.match.log)
        elif form:
            _go_on(work, file, found.match, form)
    elif form is None:
        what = "its format is not recognised. If it is a log, set the source's format; if not, correct its paths."
        work.say(file.shown, f"{what} Known formats: {', '.join(FORMATS)}.", lost_data=not work.source.optional)
    else:
        for log in found.alike:
            _changed_behind_us(work, file, log)
        _begin(work, file, head, form)


def _older(work: Work, file: LogFile, log: Log) -> None:
    """A copy that holds less than was collected: nothing new, but a log that shrank in place is worth a word."""
    note = log.notes.get("seen", {}).get(file.shown)
    if note and log.path == file.shown and file.look.size < note["look"][0] and not file.packed:
        shrank = f"it shrank from {note['look'][0]} to {file.look.size} bytes"
        work.say(file.shown, f"{shrank}. What it held before had been collected; find out who cut it.")
    work.seen(file, log)


def _changed_behind_us(work: Work, file: LogFile, log: Log) -> None:
    note = log.notes.get("seen", {}).get(file.shown)
    if note and log.path == file.shown and note["look"][0] <= file.look.size and not file.packed:
        work.told.add(log.file_id)
        what = "bytes of it that had been collected have changed since. It is collected again, as another log;"
        work.say(file.shown, f"{what} compare the two: somebody may have edited it.")


def _begin(work: Work, file: LogFile, head: bytes, form: Format) -> None:
    """A log that is seen for the first time."""
    stream = file.stream()
    whole = len(head) < IDENTITY_BYTES
    while whole and stream.read():
        pass  # to learn whether the stream ends well
    first = first_record(form.framing, head, whole and work.is_final(file, stream))
    if first is None:
        _say_how_it_ended(work, file, stream, Cuts((), len(head), 0))
        return
    file_id = make_file_id(work.source.name, first, work.logs)
    identity = hashlib.sha256(first).hexdigest()
    log = Log(file_id, work.source.name, file.shown, form.name, len(first), identity)
    _go_on(work, file, Match(log, hashlib.sha256()), form)


def _go_on(work: Work, file: LogFile, match: Match, form: Format) -> None:
    """Keep what an earlier run promised of a log, then plan and store what is new in it."""
    log, before = match.log, match.before
    if log.planned:
        log, state = work.keep(log, file.stream(log.end, before), form, file.shown)
        if state is None:
            return
        before = state
    far = not file.near and not file.packed  # what is fetched rests in scratch until it is stored
    stream = file.stream(log.end, before, most=SPOOL_BYTES if far else None)
    cuts = cut(
        stream,
        form.framing,
        before,
        work.ws.settings.limits.segment_bytes,
        after_open_end=bool(log.notes.get("unfinished")),
        final=lambda: work.is_final(file, stream),
    )
    if cuts.pieces:
        segments = []
        records = log.records
        for piece in cuts.pieces:
            promise = work.segment(
                log,
                file.shown,
                form,
                (piece.start, piece.end),
                first_record=records + 1,
                modified_at=file.modified_at,
                file_sha256=piece.file_sha256,
            )
            segments.append(promise)
            records += piece.records
        log = work.plan(log, segments)
        ids = [promise.segment_id for promise in segments]
        counted = dict(zip(ids, [piece.records for piece in cuts.pieces], strict=True))
        log, state = work.keep(log, file.stream(log.end, before), form, file.shown, counted=counted)
        if state is None:
            return
    if log.file_id not in work.logs:  # nothing of it is complete yet
        _say_how_it_ended(work, file, stream, cuts)
    elif isinstance(stream.broken, ShrunkError):
        work.retry[log.file_id] = str(stream.broken)
    elif isinstance(stream.broken, PausedError) and cuts.pieces:
        work.paused = True
    else:
        said = _say_how_it_ended(work, file, stream, cuts)
        broken_yet = stream.broken is not None and not said
        work.seen(file, log, waiting=cuts.waiting or int(broken_yet), said=said)


def _say_how_it_ended(work: Work, file: LogFile, stream: LogStream, cuts: Cuts) -> str:
    """Say what could not be read or waits; returns what the next run is to repeat if nothing changes."""
    said = []
    if isinstance(stream.broken, CutOffError):
        work.unreadable = True
        kept = f"{stream.position} bytes before that place were read; whole records in them are kept"
        work.say(file.shown, f"{stream.broken}. {kept}.", lost_data=stream.broken.lost_data)
    elif stream.broken is not None:
        young = file.packed and not work.is_settled(file) and not isinstance(stream.broken, LimitError)
        if young:
            work.say(file.shown, f"{stream.broken}. It changed a moment ago; the next run looks again.")
        else:
            kept = f"{stream.position} bytes before that place were read; whole records in them are kept"
            said.append(f"{stream.broken}. {kept}. Fetch an undamaged copy if there is one.")
    if cuts.too_long:
        said.append(f"{cuts.too_long} records longer than {LONGEST_RECORD} bytes were cut at that length")
    if cuts.waiting and stream.broken is None:
        work.say(file.shown, f"{cuts.waiting} bytes of an unfinished last record wait for its writer")
    for text in said:
        work.say(file.shown, text, lost_data=stream.broken is not None)
    return " ".join(said)


def departed(work: Work) -> None:
    """Say which live logs are gone from their path although what was written last to them may not be collected."""
    held = set(work.held.values()) | work.told
    for log in list(work.logs.values()):
        if log.file_id in held or log.path not in work.held or log.notes.get("departed") or is_rotated_name(log.path):
            continue
        old, new = log.notes.get("seen", {}).get(log.path), work.looks[log.path]
        end = f"{log.end} bytes of it were collected, what was written after that may be lost."
        if log.format == "evtx":
            what = "it holds none of the records collected before: those between were overwritten, or it was cleared."
            work.say(log.path, f"{what} Make the log larger or collect more often.", lost_data=True)
        elif old and new.identity and old["look"][2] == new.identity:
            work.say(log.path, f"it was cut in place and begins anew. {end}", lost_data=True)
        else:
            advice = "If it was rotated to a name that the source's paths do not match, add that name."
            work.say(log.path, f"another log took its place. {end} {advice}", lost_data=True)
        work.note(replace(log, notes={**log.notes, "departed": True}))
