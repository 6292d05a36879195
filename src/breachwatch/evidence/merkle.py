"""Merkle trees after RFC 6962, section 2.1: one hash for many things, and a short proof that a thing is one of them.

A leaf's hash is SHA-256(0x00 || data), a node's SHA-256(0x01 || left || right), the root of nothing SHA-256 of nothing.
All functions here take and give the 32 bytes of *leaf hashes*; `leaf_hash` makes one from data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

_T = TypeVar("_T")
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes | memoryview) -> bytes:
    """The hash of a leaf."""
    digest = hashlib.sha256(b"\x00")
    digest.update(data)
    return digest.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows leaf by leaf, in memory that grows with the logarithm of their number."""

    def __init__(self) -> None:
        self.size = 0
        self._stack: list[tuple[int, bytes]] = []  # full subtrees from left to right: leaves in it, its hash

    def add(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        count, digest = 1, leaf
        self.size += 1
        while self._stack and self._stack[-1][0] == count:
            _, left = self._stack.pop()
            count, digest = 2 * count, node_hash(left, digest)
        self._stack.append((count, digest))

    def root(self) -> bytes:
        """The root over the leaves so far; the tree can go on growing."""
        digest = b""
        for _, left in reversed(self._stack):
            digest = node_hash(left, digest) if digest else left
        return digest or EMPTY_ROOT


def root(hashes: Iterable[bytes]) -> bytes:
    """The root over leaf hashes (RFC 6962, section 2.1), in memory that grows with the logarithm of their number."""
    tree = Tree()
    for leaf in hashes:
        tree.add(leaf)
    return tree.root()


class Levels:
    """All hashes of a tree, level by level from its leaves to its root, for many proofs over the same leaves."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.levels: list[Sequence[bytes]] = [leaves]
        while len(below := self.levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            joined = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
            # The last node of a level without a sibling rises as it is.
            self.levels.append(joined + list(below[len(below) & ~1 :]))

    @property
    def root(self) -> bytes:
        return self.levels[-1][0] if self.levels[-1] else EMPTY_ROOT

    def proof(self, index: int) -> list[bytes]:
        """The inclusion proof of leaf `index` (RFC 6962, section 2.1.1). Raises IndexError where there is none."""
        if not 0 <= index < len(self.levels[0]):
            msg = f"the tree has {len(self.levels[0])} leaves, none is number {index}"
            raise IndexError(msg)
        return beside(self.levels[:-1], index)


def beside(levels: Iterable[Sequence[_T]], index: int) -> list[_T]:
    """What stands at the places of the hashes that lead from leaf `index` to the root, the nearest first.

    `levels` are all but the root's. A hash at an even place stands to the left of what it is joined with.
    """
    found = []
    for level in levels:
        if index ^ 1 < len(level):
            found.append(level[index ^ 1])
        index >>= 1
    return found


def sides(index: int, size: int) -> list[bool]:
    """For each hash of the proof of leaf `index` in a tree of `size` leaves: whether it stands to the left.

    Raises IndexError where there is no such leaf.
    """
    if not 0 <= index < size:
        msg = f"the tree has {size} leaves, none is number {index}"
        raise IndexError(msg)
    found, last = [], size - 1
    while last:
        if index % 2 or index < last:  # the last node of a level without a sibling rises as it is
            found.append(bool(index % 2))
        index, last = index // 2, last // 2
    return found


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether `proof` leads from the hash of leaf `index` of `size` to the root `expected` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    lefts = sides(index, size)
    if len(lefts) != len(proof):
        return False
    digest = leaf
    for other, is_left in zip(proof, lefts, strict=True):
        digest = node_hash(other, digest) if is_left else node_hash(digest, other)
    return digest == expected
