"""Landing the segments of a source on all processor cores.

Reading records is work for one core at a time, so large ingests hand segments to helper processes of this module, some
at a time, and land segments here as well. Small segments land together (`landing_order.lots`); where that fails, each
of them by itself, so that a bad one costs no other. What lands together lands as a whole or not at all wherever it is
done (`lake.land_together`), and gives the same files. Segments of one log that can repeat each other's records (a
journal, a Windows event log) are read side by side too, but enter the lake in their order: each waits for its turn once
it is read, because what those before it landed is left out of it. Each helper holds a lock while it lives: what a
killed run left at work is waited for before the next begins. A helper that dies costs nothing but its time: what it had
is landed here.
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
from itertools import count
from pathlib import Path
from typing import IO, Any

from breachwatch import collect, lake, sharing
from breachwatch.errors import TransientError, explain
from breachwatch.landing_order import StoppedError, Turn, Turns, at_once, lots
from breachwatch.model.segment import Batch, Landed, Problem, Segment
from breachwatch.parse.garbage import searched_rarely
from breachwatch.workspace import Workspace, open_workspace

SHARED_BYTES = 48 * 1024 * 1024
"""Less than this is landed here alone: a helper takes a second to start."""

_MOST_PROCESSES = 16
_READY, _READ, _GO = b"ready\n", b"read\n", b"go\n"
_ORPHANS_WAIT = 3600.0  # seconds; one segment takes seconds, on the slowest machine minutes

Found = Landed | Problem


def land(ws: Workspace, segment_ids: Sequence[str], turn: Turn = at_once) -> list[Landed]:
    """Parse stored segments and land their events in the lake together. What has landed is left as it is."""
    segments = collect.segments(ws, segment_ids)

    def batches() -> Iterator[Batch]:
        with searched_rarely():
            for segment in segments:
                with collect.open_segment(ws, segment) as data:
                    yield from sharing.parsed(ws, segment, data)
            turn()  # `lake.land_together` reads all before it looks into the lake

    return lake.land_together(ws, segments, batches())


def land_all(
    ws: Workspace, source: str, segment_ids: Sequence[str], progress: Callable[[int], None]
) -> tuple[list[Landed], list[Problem]]:
    """Land segments of a source; `progress` is told how many are done.

    The results are in the order of the ids; problems name the segment they belong to. Call it under the source's lock.
    Raises TransientError where trying again may help, BusyError where a killed run's helper does not end; segments that
    wait stay stored.
    """
    for held in sorted((ws.state / "locks").glob(f"{_lock(source, '*')}.lock")):
        with ws.lock(held.stem, wait_seconds=_ORPHANS_WAIT):
            pass  # nothing of a killed run is at work any longer
    # What ended a run in the middle of a landing may be one of the segments that landed together.
    work_units = lots(collect.segments(ws, segment_ids), apart=lake.sweep_broken_off(ws, source, segment_ids))
    waiting = deque(enumerate(work_units))
    results: dict[int, list[Found]] = {}
    turns = Turns(work_units)
    told = count(1)

    def work(several: Callable[[Sequence[str], Turn], list[Found]]) -> None:
        while waiting:
            try:
                number, lot = waiting.popleft()
            except IndexError:
                return
            try:
                results[number] = several([segment.segment_id for segment in lot], turns.turn(number))
            except StoppedError:
                return  # whoever stopped it says why
            except BaseException:
                waiting.clear()  # what is under way is finished, no more is begun
                turns.stop()
                raise
            turns.done(number)
            for _ in lot:
                progress(next(told))

    helpers = _helpers(ws, work_units)
    with ExitStack() as open_helpers, ThreadPoolExecutor(max_workers=max(1, helpers)) as threads:
        futures: list[Future[None]] = []
        for number in range(helpers):
            helper = open_helpers.enter_context(_helper(ws, source, number))
            futures.append(threads.submit(work, helper))
        work(lambda segment_ids, turn: _land_or_say(ws, source, segment_ids, turn))
        for future in futures:
            future.result()
    found = [one for number in sorted(results) for one in results[number]]
    return [one for one in found if isinstance(one, Landed)], [one for one in found if isinstance(one, Problem)]


def _land_or_say(ws: Workspace, source: str, segment_ids: Sequence[str], turn: Turn) -> list[Found]:
    try:
        return list[Found](land(ws, segment_ids, turn))
    except (TransientError, StoppedError):
        raise
    except Exception as error:  # noqa: BLE001  said in the summary; the segment waits in the store for the next run
        if len(segment_ids) == 1:
            return [Problem(source, segment_ids[0], explain(error), lost_data=True)]
    return [found for segment_id in segment_ids for found in _land_or_say(ws, source, [segment_id], turn)]


def _helpers(ws: Workspace, work_units: Sequence[Sequence[Segment]]) -> int:
    """How many processes beside this one are worth their start."""
    if sum(segment.size for lot in work_units for segment in lot) < SHARED_BYTES:
        return 0
    cores = ws.settings.run.cores or len(os.sched_getaffinity(0))
    return min(cores, _MOST_PROCESSES, len(work_units)) - 1


def _lock(source: str, number: int | str) -> str:
    return f"landing-{source}-{number}"


@contextmanager
def _helper(ws: Workspace, source: str, number: int) -> Iterator[Callable[[Sequence[str], Turn], list[Found]]]:
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

    def ask(segment_ids: Sequence[str], turn: Turn) -> list[Found]:
        nonlocal ready
        try:
            if not ready and answers.readline() != _READY:  # it holds its lock before it is told anything
                raise BrokenPipeError
            ready = True
            requests.write(json.dumps([list(segment_ids), ws.clock.now().isoformat()]).encode() + b"\n")
            requests.flush()
            while (line := answers.readline()) == _READ:
                turn()
                requests.write(_GO)
                requests.flush()
            answer = json.loads(line)
        except (OSError, ValueError):  # it died
            process.kill()
            process.wait()  # before its segments are begun anew
            return _land_or_say(ws, source, segment_ids, turn)
        if "transient" in answer:
            raise TransientError(answer["transient"])
        return [_told(one) for one in answer["found"]]

    try:
        yield ask
    finally:
        try:
            requests.close()
        except OSError:
            process.kill()
        process.wait()
        answers.close()


def _told(answer: dict[str, Any]) -> Found:
    """What a helper says of one segment, see `_serve`."""
    if "lost_data" in answer:
        return Problem(**answer)
    return Landed(**{**answer, "by_dataset": tuple((name, rows) for name, rows in answer["by_dataset"])})


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
            raise StoppedError

    with ws.lock(_lock(source, number)):
        answers.write(_READY)
        answers.flush()
        for line in requests:
            segment_ids, now = json.loads(line)
            clock.at = datetime.fromisoformat(now)
            answer: dict[str, Any]
            try:
                answer = {"found": [asdict(found) for found in _land_or_say(ws, source, segment_ids, turn)]}
            except StoppedError:
                return
            except TransientError as error:
                answer = {"transient": str(error)}
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()


if __name__ == "__main__":
    _answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not reach the one who reads the answers
    _serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.stdin.buffer, _answers)
