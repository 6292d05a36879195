"""Parsing one large Windows event log on all processor cores.

The log's chunks are shared out: each other core's part is parsed by a process of `breachwatch.parse.part_process`,
which is given the bytes and answers with the rows. What it gives is what one process gives, in the same order with the
same numbers. A process that dies, or a part on which a parser breaks, costs nothing but time: the log is then parsed
here as a whole.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa

from breachwatch import collect, parse
from breachwatch.errors import BreachwatchError
from breachwatch.model.segment import Batch, Segment
from breachwatch.parse.part_process import answers, request
from breachwatch.parse.parts import Part, parse_part, parts_of, renumbered
from breachwatch.workspace import Workspace

SHARED_BYTES = 48 * 1024 * 1024
"""A smaller log is parsed here alone: another process takes a second to start."""

_MOST_PROCESSES: Final = 16
_PIECE: Final = 1024 * 1024


class _UnsharedError(Exception):
    """A part could not be parsed by itself."""


def parsed(ws: Workspace, segment: Segment, data: BinaryIO) -> Iterator[Batch]:
    """What `parse.parse` gives for the segment, whose bytes `data` are."""
    cores = min(_MOST_PROCESSES, ws.settings.run.cores or len(os.sched_getaffinity(0)))
    parts = parts_of(segment, data, cores) if segment.size >= SHARED_BYTES and cores > 1 else []
    if len(parts) > 1:
        try:
            batches = _in_parts(ws, segment, data, parts)
        except _UnsharedError:
            pass  # said below, by the parser of the whole
        else:
            yield from batches
            return
    yield from parse.parse(segment, data, ws.settings.limits)


def _in_parts(ws: Workspace, segment: Segment, data: BinaryIO, parts: list[Part]) -> list[Batch]:
    """All batches, part by part. Raises _UnsharedError, and whatever reading `data` raises."""
    with ExitStack() as open_processes, ThreadPoolExecutor(max_workers=2 * len(parts)) as threads:
        processes = [open_processes.enter_context(_process()) for _ in parts[1:]]
        try:
            others = [threads.submit(_answer, process) for process in processes]
            fed = [
                threads.submit(_feed, ws, segment, part, process)
                for part, process in zip(parts[1:], processes, strict=True)
            ]
            found = [_own(segment, data, parts[0]), *(other.result() for other in others)]
            for feeding in fed:
                feeding.result()
        except BaseException:
            for process in processes:
                process.kill()
            raise
    batches: list[Batch] = []
    before = 0
    for part in found:
        batches += [renumbered(batch, before) for batch in part] if before else part
        before += sum(batch.table.num_rows for batch in part)
    return batches


def _own(segment: Segment, data: BinaryIO, part: Part) -> list[Batch]:
    try:
        return list(parse_part(segment, data, part))
    except (OSError, BreachwatchError):
        raise  # the bytes could not be read
    except Exception as error:
        raise _UnsharedError from error


def _process() -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "breachwatch.parse.part_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


def _feed(ws: Workspace, segment: Segment, part: Part, process: subprocess.Popen[bytes]) -> None:
    """Give a process its part. Raises _UnsharedError where it takes no more, and whatever reading the bytes raises."""
    requests = process.stdin
    assert requests is not None  # noqa: S101 - it was asked for
    start, size = part.bytes
    with collect.open_segment(ws, segment) as data:
        data.seek(start)
        try:
            requests.write(request(segment, part))
            while size and (piece := data.read(min(size, _PIECE))):
                requests.write(piece)
                size -= len(piece)
        except BrokenPipeError as error:
            raise _UnsharedError from error
        finally:
            with suppress(BrokenPipeError):  # what it did not take any more is missing from its answer
                requests.close()


def _answer(process: subprocess.Popen[bytes]) -> list[Batch]:
    """The batches that a process answers with. Raises _UnsharedError where it does not come to its end."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    try:
        return list(answers(process.stdout))
    except (OSError, ValueError, pa.ArrowException) as error:
        process.kill()
        raise _UnsharedError from error
