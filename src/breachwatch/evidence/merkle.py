"""Merkle trees after RFC 6962, section 2.1: one hash for many things, and a short proof that a thing is one of them.

A leaf's hash is SHA-256(0x00 || data), a node's SHA-256(0x01 || left || right), the root of nothing SHA-256 of nothing.
All functions here take and give the 32 bytes of *leaf hashes*; `leaf_hash` makes one from data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

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
    """A tree that grows leaf by leaf: memory for one hash per level, and for the paths of the leaves in `wanted`."""

    def __init__(self, wanted: Iterable[int] = ()) -> None:
        self.size = 0
        self._paths: dict[int, list[bytes]] = {index: [] for index in wanted}
        # Full subtrees from left to right, each as (leaves in it, its hash, the wanted leaves in it).
        self._stack: list[tuple[int, bytes, list[int]]] = []

    def add(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        count, digest, inside = 1, leaf, [self.size] if self.size in self._paths else []
        self.size += 1
        while self._stack and self._stack[-1][0] == count:
            count, digest, inside = self._join(self._stack.pop(), (count, digest, inside))
        self._stack.append((count, digest, inside))

    def root(self) -> bytes:
        """The root over the leaves so far; the tree can go on growing."""
        digest = b""
        for _, left, _ in reversed(self._stack):
            digest = node_hash(left, digest) if digest else left
        return digest or EMPTY_ROOT

    def finish(self) -> tuple[bytes, Mapping[int, Sequence[bytes]]]:
        """The root, and the inclusion proof of every wanted leaf. The tree is used up.

        Raises IndexError where a wanted leaf is not in the tree.
        """
        if self._paths and not 0 <= min(self._paths) <= max(self._paths) < self.size:
            msg = f"the tree has {self.size} leaves, not {max(self._paths) + 1}"
            raise IndexError(msg)
        while len(self._stack) > 1:
            right = self._stack.pop()
            self._stack.append(self._join(self._stack.pop(), right))
        return self._stack[0][1] if self._stack else EMPTY_ROOT, self._paths

    def _join(
        self, left: tuple[int, bytes, list[int]], right: tuple[int, bytes, list[int]]
    ) -> tuple[int, bytes, list[int]]:
        for index in left[2]:
            self._paths[index].append(right[1])
        for index in right[2]:
            self._paths[index].append(left[1])
        return left[0] + right[0], node_hash(left[1], right[1]), left[2] + right[2]


def root(hashes: Iterable[bytes]) -> bytes:
    """The root over leaf hashes (RFC 6962, section 2.1), in memory that grows with the logarithm of their number."""
    tree = Tree()
    for leaf in hashes:
        tree.add(leaf)
    return tree.finish()[0]


def inclusion_proof(hashes: Iterable[bytes], index: int) -> Sequence[bytes]:
    """The hashes that lead from leaf `index` to the root (RFC 6962, section 2.1.1), the nearest first.

    Raises IndexError where there is no such leaf.
    """
    tree = Tree([index])
    for leaf in hashes:
        tree.add(leaf)
    return tree.finish()[1][index]


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
