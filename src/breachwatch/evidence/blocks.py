"""Inclusion proofs: that the kept bytes of a log are part of all its bytes, without having all its bytes.

A segment is cut into blocks of 16 KiB (as BEP 52 does), counted from its first byte; the last one may be shorter. The
blocks are the leaves of a Merkle tree (`merkle`), whose root stands in data/sources.json. For every block that holds a
match, data/proofs.jsonl has the way to that root: the hashes to join with, each with the side on which it stands.

Blocks and not lines: a log of ten million lines would need ten million leaves, and the block is in the bag anyway.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Protocol

from breachwatch.errors import EvidenceError
from breachwatch.evidence import merkle

PROOFS = "data/proofs.jsonl"
BLOCK = 16 * 1024
"""Bytes of a block."""


class Blocks:
    """The leaves of a segment's tree, from its bytes as they come."""

    def __init__(self) -> None:
        self._leaves: list[bytes] = []
        self._room = 0  # bytes that the block under way still takes
        self._digest = hashlib.sha256()

    def take(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        view = memoryview(data)
        while view:
            if not self._room:
                self._digest, self._room = hashlib.sha256(b"\x00"), BLOCK
            part = view[: self._room]
            self._digest.update(part)
            self._room -= len(part)
            view = view[len(part) :]
            if not self._room:
                self._leaves.append(self._digest.digest())

    def tree(self) -> merkle.Levels:
        """The tree over all blocks. No bytes may follow."""
        if self._room:
            self._leaves.append(self._digest.digest())
            self._room = 0
        return merkle.Levels(self._leaves)


def blocks_of(start: int, length: int) -> range:
    """The blocks that `length` bytes at `start` of a segment lie in; an empty record lies in one."""
    return range(start // BLOCK, (start + max(length, 1) - 1) // BLOCK + 1)


class ProofLines:
    """The lines of data/proofs.jsonl for blocks of one segment."""

    def __init__(self, segment: str, tree: merkle.Levels) -> None:
        self._segment = json.dumps(segment)
        self._tree = tree
        # Each hash stands in the proofs of many blocks, always on the same side.
        self._steps = [
            [f'"{"right" if place % 2 else "left"}:{b64encode(digest).decode()}"' for place, digest in enumerate(level)]
            for level in tree.levels[:-1]
        ]

    def line(self, index: int, file: str, file_offset: int) -> bytes:
        """The line for a block, which begins at `file_offset` of the bag's file. Raises IndexError."""
        path = ", ".join(merkle.beside(self._steps, index))
        return (
            f'{{"segment": {self._segment}, "block": {index}, "file": {json.dumps(file)}, '
            f'"file_offset": {file_offset}, "leaf_sha256": "{self._tree.levels[0][index].hex()}", "path": [{path}]}}\n'
        ).encode()


class Bag(Protocol):
    """What is asked of a bag on the disk to check its proofs."""

    def open(self, name: str) -> BinaryIO: ...


def check_proofs(
    bag: Bag, trees: Mapping[str, tuple[bytes, int]], lines: Iterator[Mapping[str, Any]], files: Iterable[str]
) -> set[tuple[str, int]]:
    """Which blocks (segment and number) are proven. Raises EvidenceError where a proof does not hold.

    `trees` gives root and number of blocks of each segment, `lines` the lines of data/proofs.jsonl, `files` the names
    of the files of original bytes: no other is opened.
    """
    known, proven = set(files), set()
    name, file = "", None
    try:
        for count, line in enumerate(lines, 1):
            segment, index, offset = str(line.get("segment")), line.get("block"), line.get("file_offset")
            if segment not in trees or line.get("file") not in known:
                raise EvidenceError(f"proof {count} names a segment or a file that is not in the bag")
            if not isinstance(index, int) or not isinstance(offset, int) or offset < 0:
                raise EvidenceError(f"proof {count} has no block or place")
            if file is None or line["file"] != name:
                if file is not None:
                    file.close()
                name, file = line["file"], bag.open(line["file"])
            file.seek(offset)
            root, size = trees[segment]
            if not merkle.verify_inclusion(merkle.leaf_hash(file.read(BLOCK)), index, size, _path(line), root):
                raise EvidenceError(f"block {index} of segment {segment} does not lead to its Merkle root")
            proven.add((segment, index))
    finally:
        if file is not None:
            file.close()
    return proven


def _path(line: Mapping[str, Any]) -> list[bytes]:
    try:
        return [b64decode(step.partition(":")[2], validate=True) for step in line["path"]]
    except (KeyError, ValueError, TypeError, AttributeError):
        return []
