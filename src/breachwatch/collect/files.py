"""Sources of kind "files", and the steps for files of any place: each is looked at, recognised and collected.

The trouble of one file never stops the others: it becomes a Problem that names the path and the remedy. Only a store
that cannot be written (EnvironmentFault) ends the work, and leaves promises that the next run keeps.
"""

from __future__ import annotations

from collections.abc import Callable

from breachwatch.collect import evtx
from breachwatch.collect.checkpoints import Log, mark_lost, promised_logs
from breachwatch.collect.evtx_files import EVTX, collect_evtx
from breachwatch.collect.growing import collect_growing, departed
from breachwatch.collect.paths import HERE, absolute, expand
from breachwatch.collect.places import CutOffError, Found, Look, Place, UnreadableError
from breachwatch.collect.shares import answering, say_missing
from breachwatch.collect.stream import LogFile
from breachwatch.collect.work import Harvest, Work
from breachwatch.errors import DataError
from breachwatch.model.formats import EVTX_MAGIC, HEAD_BYTES, Format, format_named, recognise
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace


def collect_files(ws: Workspace, source: Source) -> Harvest:
    """Collect what is new in the files of a source. Raises EnvironmentFault where the store cannot be written."""
    work = Work(ws, source)
    patterns = answering(work, absolute(ws, source))
    if patterns:
        collect_from(work, HERE, lambda: expand(ws, source, patterns=patterns))
    return work.harvest


def collect_from(work: Work, place: Place, find: Callable[[], Found]) -> None:
    """Collect the files that `find` finds in a place. Raises LostError, RefusedError, EnvironmentFault."""
    found = find()
    for problem in found.problems:
        work.say(problem.where, problem.what, lost_data=problem.lost_data)
    if not found.whole or not found.paths:  # a share that is not mounted is an empty folder
        work.unreadable = True
    say_missing(work, place, found)
    take_all(work, place, found)
    if work.retry:  # a log was rotated or cut while it was read: look for it under another name
        take_all(work, place, find())
    say_unfound(work)
    give_up(work)
    if place.near or not work.unreadable:
        departed(work)


def take_all(work: Work, place: Place, found: Found) -> None:
    """Take files one after the other until the time of the source is over."""
    for number, path in enumerate(found.paths):
        try:
            work.patience.check()
        except CutOffError as error:
            work.unreadable = True
            work.say(place.show(path), f"{len(found.paths) - number} files were not looked at: {error}")
            return
        take(work, place, path, found.looks.get(path))


def take(work: Work, place: Place, path: str, look: Look | None = None) -> None:
    """Take one file; its trouble is said and stays its own. One that looks as before is not opened.

    Raises LostError where the place is gone, EnvironmentFault.
    """
    name = place.show(path)
    work.harvest.files.add(name)
    if look is not None:
        work.held.setdefault(name, "")
        work.looks[name] = look
        if work.unchanged(name, look):
            return
    try:
        _open_and_collect(work, place, path)
        while work.paused:
            work.paused = False
            _open_and_collect(work, place, path)
    except UnreadableError as error:
        work.unreadable = True
        work.say(name, str(error), lost_data=error.lost_data and not work.source.optional)
    except CutOffError as error:
        work.unreadable = True
        work.say(name, f"{error}.", lost_data=error.lost_data)
    except DataError as error:
        work.unreadable = True
        work.say(name, str(error), lost_data=True)


def _open_and_collect(work: Work, place: Place, path: str) -> None:
    with LogFile(path, work.ws.settings.limits, place=place) as file:
        work.held.setdefault(file.shown, "")
        work.looks[file.shown] = file.look
        if not work.unchanged(file.shown, file.look):
            _collect(work, file)


def _collect(work: Work, file: LogFile) -> None:
    stream = file.stream()
    head = stream.read(HEAD_BYTES + len(evtx.CHUNK_MAGIC))
    stream.check_cut_off()
    if not head:
        if stream.broken:
            work.say(file.shown, f"{stream.broken}. Nothing of it could be read.", lost_data=True)
        return
    form = _format_of(work.source, head)
    if form == EVTX:
        collect_evtx(work, file)
    else:
        collect_growing(work, file, head[:HEAD_BYTES], form)


def _format_of(source: Source, head: bytes) -> Format | None:
    if source.format != "auto":
        return format_named(source.format)
    if head.startswith(EVTX_MAGIC) or head[evtx.HEADER_BYTES :] == evtx.CHUNK_MAGIC:  # also with a damaged header
        return EVTX
    head = head[:HEAD_BYTES]
    if head.startswith(b"\0"):  # what a crash leaves at the start of a text log is no record of wtmp
        return _of_a_line(head) or recognise(head)
    return recognise(head) or _of_a_line(head)


def _of_a_line(head: bytes) -> Format | None:
    """The format of a text log that begins with damage: any of its first lines may tell."""
    for line in head.split(b"\n"):
        form = recognise(line.lstrip(b"\0") + b"\n")
        if form and form.framing == "lines":
            return form
    return None


def say_unfound(work: Work) -> None:
    """Say which logs shrank or were replaced while they were read, and did not turn up under another name."""
    for file_id, what in work.retry.items():
        if what:
            work.say(work.logs[file_id].path, what, lost_data=True)


def give_up(work: Work) -> None:
    """Promises that no file could keep: left for later where something could not be read, else lost."""
    for log in promised_logs(work.ws, work.source.name).values():
        _give_up(work, log)


def _give_up(work: Work, log: Log) -> None:
    ranges = ", ".join(f"{item.start} to {item.end}" for item in log.planned)
    if work.unreadable:
        what = f"bytes {ranges} of it were planned and wait: a file of this source cannot be read now"
        work.say(log.path, what)
        return
    mark_lost(work.ws, log.planned)
    if log.format == EVTX.name and log.file_id in work.held.values():
        what = "it was rewritten before it could be copied; what it holds now was collected instead"
        work.say(log.path, what)
        return
    what = f"bytes {ranges} of it were gone before they could be copied, also under any other name the paths match."
    work.say(log.path, f"{what} If a backup has the file, put it where the paths match and run again.", lost_data=True)
