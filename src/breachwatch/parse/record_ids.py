"""Event ids of many records at once: what `breachwatch.model.segment.make_event_id` gives for each."""

from __future__ import annotations

from binascii import hexlify
from collections import deque
from importlib import import_module, util
from itertools import repeat
from typing import Any, Final

import numpy as np
import pyarrow as pa

from breachwatch.model.segment import Segment

# Python's own SHA-256 takes half as long as OpenSSL's for a few bytes: its state is copied in place. The module has
# this name in Python 3.11; hashlib's is the same function.
_SHA256: Final[Any] = import_module("_sha256" if util.find_spec("_sha256") else "hashlib").sha256
_KIND: Final[Any] = type(_SHA256())
_DIGEST: Final = 32
_TOGETHER: Final = 2048  # records whose states are held at once
_ID: Final = 16
"""Bytes; an id is twice as many hexadecimal digits."""


class RecordIds:
    """Makes the ids of the records of one segment."""

    def __init__(self, segment: Segment) -> None:
        # What `make_event_id` hashes before the position; `tests/unit/parse/test_templates.py` compares the two.
        self._before = _SHA256(f"event\0{segment.source}\0{segment.file_id}\0".encode())

    def of_offsets(self, offsets: list[int]) -> pa.Array[Any]:
        """The ids of records that the byte offset names."""
        return self.of_positions(list(map(b"%d".__mod__, offsets)))

    def of_positions(self, positions: list[bytes]) -> pa.Array[Any]:
        """The ids of records that these positions name."""
        whole = b"".join(
            self._digests(positions[first : first + _TOGETHER]) for first in range(0, len(positions), _TOGETHER)
        )
        halves = np.frombuffer(whole, np.uint8).reshape(-1, _DIGEST)[:, :_ID]
        offsets: Any = np.arange(len(positions) + 1, dtype=np.int32) * (2 * _ID)
        ids: pa.Array[Any] = pa.StringArray.from_buffers(
            len(positions), pa.py_buffer(offsets), pa.py_buffer(hexlify(halves.tobytes()))
        )
        return ids

    def _digests(self, positions: list[bytes]) -> bytes:
        """The digests one after the other. Three passes without a step of Python between one record and the next."""
        states = list(map(_KIND.copy, repeat(self._before, len(positions))))
        deque(map(_KIND.update, states, positions), maxlen=0)
        return b"".join(map(_KIND.digest, states))
