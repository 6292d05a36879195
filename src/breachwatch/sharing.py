"""Parsing one large Windows event log on all processor cores.

The log's chunks are shared out: each other core's part is parsed by a process of this module, which only reads and
answers with the rows. What it gives is what one process gives, in the same order with the same numbers. A process that
dies, or a part on which a parser breaks, costs nothing but time: the log is then parsed here as a whole.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import IO, BinaryIO

import pyarrow as pa

from breachwatch import collect, parse
from breachwatch.errors import BreachwatchError
from breachwatch.model.segment import Batch, Segment
from breachwatch.parse.garbage import searched_rarely
from breachwatch.parse.parts import Part, parse_part, parts_of, renumbered
from breachwatch.workspace import Workspace, open_workspace

SHARED_BYTES = 48 * 1024 * 1024
"""A smaller log is parsed here alone: another process takes a second or two to start."""

_MOST_PROCESSES = 16


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
    with ExitStack() as open_processes, ThreadPoolExecutor(max_workers=len(parts)) as threads:
        processes = [open_processes.enter_context(_process(ws, segment, part)) for part in parts[1:]]
        try:
            others = [threads.submit(_answer, process) for process in processes]
            found = [_own(segment, data, parts[0]), *(other.result() for other in others)]
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


def _process(ws: Workspace, segment: Segment, part: Part) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-P", "-m", "breachwatch.sharing", str(ws.root), segment.segment_id]
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [*words, str(part.first), str(part.end)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


def _answer(process: subprocess.Popen[bytes]) -> list[Batch]:
    """The batches that a process answers with. Raises _UnsharedError where it does not come to its end."""
    answers = process.stdout
    assert answers is not None  # noqa: S101 - it was asked for
    batches = []
    try:
        while "dataset" in (head := json.loads(answers.readline())):
            with pa.ipc.open_stream(pa.py_buffer(answers.read(head["bytes"]))) as stream:
                batches.append(Batch(head["dataset"], stream.read_all()))
    except (OSError, ValueError, pa.ArrowException) as error:
        process.kill()
        raise _UnsharedError from error
    return batches


def _serve(root: str, segment_id: str, part: Part, answers: IO[bytes]) -> None:
    """Be such a process: parse one part."""
    ws = open_workspace(root)
    segment = collect.segment(ws, segment_id)
    with collect.open_segment(ws, segment) as data, searched_rarely():
        for batch in parse_part(segment, data, part):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.table.schema) as stream:
                stream.write_table(batch.table)
            rows = sink.getvalue()
            answers.write(json.dumps({"dataset": batch.dataset, "bytes": rows.size}).encode() + b"\n")
            answers.write(rows)
    answers.write(b"{}\n")
    answers.flush()


if __name__ == "__main__":
    _answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not reach the one who reads the answers
    _serve(sys.argv[1], sys.argv[2], Part(int(sys.argv[3]), int(sys.argv[4])), _answers)
