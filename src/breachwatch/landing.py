"""Landing the segments of a source on all processor cores.

Reading records is work for one core at a time, so large ingests hand segments to helper processes of this module, one
at a time, and land segments here as well. A segment lands as a whole or not at all wherever it is done (`lake.land`),
and gives the same files. Segments of one log that can repeat each other's records (a journal, a Windows event log) are
read side by side too, but enter the lake in their order: each waits for its turn once it is read, because what those
before it landed is left out of it. Each helper holds a lock while it lives: what a killed run left at work is waited
for before the next begins. A helper that dies costs nothing but its time: its segment is landed here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from threading import Condition
from typing import IO

from breachwatch import collect, lake, sharing
from breachwatch.errors import TransientError, explain
from breachwatch.model.segment import Batch, Landed, Problem, Segment
from breachwatch.parse.garbage import searched_rarely
from breachwatch.workspace import Workspace, open_workspace

SHARED_BYTES = 48 * 1024 * 1024
"""Less than this is landed here alone: a helper takes a second to start."""

_MOST_PROCESSES = 16
_READY, _READ, _GO = b"ready\n", b"read\n", b"go\n"
_ORPHANS_WAIT = 3600.0  # seconds; one segment takes seconds, on the slowest machine minutes


Turn = Callable[[], None]
"""Waits until all that must be in the lake before a segment is there."""


def at_once() -> None:
    """The turn of a segment that waits for nothing."""


def land(ws: Workspace, segment_id: str, turn: Turn = at_once) -> Landed:
    """Parse one stored segment and land its events in the lake. A segment that has landed is left as it is."""
    segment = collect.segment(ws, segment_id)
    with collect.open_segment(ws, segment) as data, searched_rarely():
        return lake.land(ws, segment, _until(turn, sharing.parsed(ws, segment, data)))


def _until(turn: Turn, batches: Iterator[Batch]) -> Iterator[Batch]:
    """The batches; their end comes with the segment's turn. `lake.land` reads all before it looks into the lake."""
    yield from batches
    turn()


class _StoppedError(Exception):
    """Another segment could not be landed, so this one waits in the store for the next run."""


class _Turns:
    """In which order the segments of a source enter the lake."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._changed = Condition()
        self._done: set[int] = set()
        self._stopped = False
        self._before: dict[int, int] = {}  # the segment that must land before
        last: dict[str, int] = {}
        for number, segment in enumerate(segments):
            if segment.format not in lake.POSITION_NAMES_THE_RECORD:
                # Event ids begin with the log's identity, so that only segments of one log can share some.
                if segment.file_id in last:
                    self._before[number] = last[segment.file_id]
                last[segment.file_id] = number

    def turn(self, number: int) -> Turn:
        """How the segment of that number waits. Raises _StoppedError in one that waits in vain."""
        before = self._before.get(number)
        if before is None:
            return at_once

        def wait() -> None:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or before in self._done)
                if before not in self._done:
                    raise _StoppedError

        return wait

    def done(self, number: int) -> None:
        with self._changed:
            self._done.add(number)
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


def land_all(
    ws: Workspace, source: str, segment_ids: Sequence[str], progress: Callable[[int], None]
) -> tuple[list[Landed], list[Problem]]:
    """Land segments of a source; `progress` is told how many are done.

    The results are in the order of the ids; problems name the segment they belong to. Call it under the source's lock.
    Raises TransientError where trying again may help, BusyError where a killed run's helper does not end; segments that
    wait stay stored.
    """
    segments = [collect.segment(ws, segment_id) for segment_id in segment_ids]
    helpers = _helpers(ws, segments)
    for held in sorted((ws.state / "locks").glob(f"{_lock(source, '*')}.lock")):
        with ws.lock(held.stem, wait_seconds=_ORPHANS_WAIT):
            pass  # nothing of a killed run is at work any longer
    waiting = deque(enumerate(segment_ids))
    results: dict[int, Landed | Problem] = {}
    turns = _Turns(segments)

    def work(one: Callable[[str, Turn], Landed | Problem]) -> None:
        while waiting:
            try:
                number, segment_id = waiting.popleft()
            except IndexError:
                return
            try:
                results[number] = one(segment_id, turns.turn(number))
            except _StoppedError:
                return  # whoever stopped it says why
            except BaseException:
                waiting.clear()  # what is under way is finished, no more is begun
                turns.stop()
                raise
            turns.done(number)
            progress(len(results))

    with ExitStack() as open_helpers, ThreadPoolExecutor(max_workers=max(1, helpers)) as threads:
        futures: list[Future[None]] = []
        for number in range(helpers):
            helper = open_helpers.enter_context(_helper(ws, source, number))
            futures.append(threads.submit(work, helper))
        work(lambda segment_id, turn: _land_or_say(ws, source, segment_id, turn))
        for future in futures:
            future.result()
    landed = [found for _, found in sorted(results.items()) if isinstance(found, Landed)]
    problems = [found for _, found in sorted(results.items()) if isinstance(found, Problem)]
    return landed, problems


def _land_or_say(ws: Workspace, source: str, segment_id: str, turn: Turn) -> Landed | Problem:
    try:
        return land(ws, segment_id, turn)
    except (TransientError, _StoppedError):
        raise
    except Exception as error:  # noqa: BLE001  said in the summary; the segment waits in the store for the next run
        return Problem(source, segment_id, explain(error), lost_data=True)


def _helpers(ws: Workspace, segments: Sequence[Segment]) -> int:
    """How many processes beside this one are worth their start."""
    if sum(segment.size for segment in segments) < SHARED_BYTES:
        return 0
    cores = ws.settings.run.cores or len(os.sched_getaffinity(0))
    return min(cores, _MOST_PROCESSES, len(segments)) - 1


def _lock(source: str, number: int | str) -> str:
    return f"landing-{source}-{number}"


@contextmanager
def _helper(ws: Workspace, source: str, number: int) -> Iterator[Callable[[str, Turn], Landed | Problem]]:
    """A helper process as a function; its end closes the process."""
    words = [sys.executable, "-P", "-m", "breachwatch.landing", str(ws.root), source, str(number)]
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )
    requests, answers = process.stdin, process.stdout
    assert requests is not None  # noqa: S101 - both were asked for
    assert answers is not None  # noqa: S101

    ready = False

    def ask(segment_id: str, turn: Turn) -> Landed | Problem:
        nonlocal ready
        try:
            if not ready and answers.readline() != _READY:  # it holds its lock before it is told anything
                raise BrokenPipeError
            ready = True
            requests.write(json.dumps([segment_id, ws.clock.now().isoformat()]).encode() + b"\n")
            requests.flush()
            while (line := answers.readline()) == _READ:
                turn()
                requests.write(_GO)
                requests.flush()
            answer = json.loads(line)
        except (OSError, ValueError):  # it died
            process.kill()
            process.wait()  # before its segment is begun anew
            return _land_or_say(ws, source, segment_id, turn)
        if "transient" in answer:
            raise TransientError(answer["transient"])
        if "problem" in answer:
            return Problem(source, segment_id, answer["problem"], lost_data=True)
        landed = answer["landed"]
        return Landed(**{**landed, "by_dataset": tuple((name, rows) for name, rows in landed["by_dataset"])})

    try:
        yield ask
    finally:
        try:
            requests.close()
        except OSError:
            process.kill()
        process.wait()
        answers.close()


class _ToldClock:
    """The time of the process that asks."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def _serve(root: str, source: str, number: int, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Be a helper: land the segments whose ids arrive, until there are no more."""
    clock = _ToldClock()
    ws = open_workspace(root, clock)

    def turn() -> None:
        answers.write(_READ)
        answers.flush()
        if requests.readline() != _GO:
            raise _StoppedError

    with ws.lock(_lock(source, number)):
        answers.write(_READY)
        answers.flush()
        for line in requests:
            segment_id, now = json.loads(line)
            clock.at = datetime.fromisoformat(now)
            try:
                found = _land_or_say(ws, source, segment_id, turn)
                answer = {"problem": found.what} if isinstance(found, Problem) else {"landed": asdict(found)}
            except _StoppedError:
                return
            except TransientError as error:
                answer = {"transient": str(error)}
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()


if __name__ == "__main__":
    _answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not reach the one who reads the answers
    _serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.stdin.buffer, _answers)
