"""The process that parses a part of a large log for another one: a segment and bytes come in, its batches go out.

It knows nothing of workspaces, settings or databases, so that it starts in half the time of one that does.

In come a line of JSON (`request`) and the part's bytes, to their end. Out goes, for each batch, a line of JSON with
`dataset` and `bytes` and an Arrow stream of so many bytes; `{}` ends them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import IO, BinaryIO, Final, cast

import pyarrow as pa

from breachwatch.arrow import leave_pandas_out
from breachwatch.model.segment import Batch, Segment
from breachwatch.parse.garbage import searched_rarely
from breachwatch.parse.parts import Part, parse_stream

_MOMENTS: Final = frozenset({"planned_at", "modified_at", "pruned_at"})


def request(segment: Segment, part: Part) -> bytes:
    """What such a process is told before the bytes."""
    told = {"segment": asdict(segment), "part": [part.first, part.end]}
    return json.dumps(told, default=datetime.isoformat).encode() + b"\n"


def answers(stream: IO[bytes]) -> Iterator[Batch]:
    """The batches that such a process answers with. Raises OSError, ValueError or what Arrow raises where it broke."""
    while "dataset" in (head := json.loads(stream.readline())):
        with pa.ipc.open_stream(pa.py_buffer(stream.read(head["bytes"]))) as batches:
            yield Batch(head["dataset"], batches.read_all())


def serve(requests: IO[bytes], out: IO[bytes]) -> None:
    """Be such a process."""
    told = json.loads(requests.readline())
    fields = told["segment"]
    moments = {name: datetime.fromisoformat(fields[name]) for name in _MOMENTS & fields.keys() if fields[name]}
    segment, part = Segment(**{**fields, **moments}), Part(*told["part"])
    with searched_rarely():
        for batch in parse_stream(segment, cast("BinaryIO", requests), part):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.table.schema) as stream:
                stream.write_table(batch.table)
            rows = sink.getvalue()
            out.write(json.dumps({"dataset": batch.dataset, "bytes": rows.size}).encode() + b"\n")
            out.write(rows)
    out.write(b"{}\n")
    out.flush()


if __name__ == "__main__":
    leave_pandas_out()
    _out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not reach the one who reads the answers
    serve(sys.stdin.buffer, _out)
