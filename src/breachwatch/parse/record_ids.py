"""Event ids of many records at once: what `breachwatch.model.segment.make_event_id` gives for each."""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Iterable
from importlib import import_module, util
from typing import Any, Final

import numpy as np
import pyarrow as pa

from breachwatch.model.segment import Segment

# Python's own SHA-256 takes half as long as OpenSSL's for a few bytes: its state is copied in place. The module has
# this name in Python 3.11; hashlib's is the same function.
_SHA256: Final[Any] = import_module("_sha256" if util.find_spec("_sha256") else "hashlib").sha256
_DIGEST: Final = 32
_ID: Final = 16
"""Bytes; an id is twice as many hexadecimal digits."""


class RecordIds:
    """Makes the ids of the records of one segment."""

    def __init__(self, segment: Segment) -> None:
        # What `make_event_id` hashes before the position; `tests/unit/parse/test_templates.py` compares the two.
        self._before = _SHA256(f"event\0{segment.source}\0{segment.file_id}\0".encode())

    def of_offsets(self, offsets: list[int]) -> pa.Array[Any]:
        """The ids of records that the byte offset names."""
        return self.of_positions([b"%d" % offset for offset in offsets])

    def of_positions(self, positions: Iterable[bytes]) -> pa.Array[Any]:
        """The ids of records that these positions name."""
        begin, digests = self._before.copy, []
        for position in positions:
            digest = begin()
            digest.update(position)
            digests.append(digest.digest())
        halves = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, _DIGEST)[:, :_ID]
        offsets: Any = np.arange(len(digests) + 1, dtype=np.int32) * (2 * _ID)
        ids: pa.Array[Any] = pa.StringArray.from_buffers(
            len(digests), pa.py_buffer(offsets), pa.py_buffer(hexlify(halves.tobytes()))
        )
        return ids
