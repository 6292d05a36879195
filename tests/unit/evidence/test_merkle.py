"""Merkle trees: the recursive definition of RFC 6962, its published vectors, and proofs that cannot be bent."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.evidence import merkle

# The leaves and roots that Certificate Transparency's own implementations are tested with.
LEAVES = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", bytes(range(0x50, 0x58))]
LEAVES.append(bytes(range(0x60, 0x70)))
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word by word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = by_definition(leaves[:split]), by_definition(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("count", ROOTS)
def test_published_roots(count: int) -> None:
    assert merkle.root(map(merkle.leaf_hash, LEAVES[:count])).hex() == ROOTS[count]


def test_the_root_of_nothing() -> None:
    assert merkle.root([]) == merkle.Levels([]).root == hashlib.sha256(b"").digest()


def test_every_leaf_of_every_small_tree() -> None:
    hashes = [merkle.leaf_hash(str(number).encode()) for number in range(33)]
    for size in range(1, len(hashes) + 1):
        root = merkle.root(hashes[:size])
        assert root == by_definition(hashes[:size])
        for index in range(size):
            proof = merkle.Levels(hashes[:size]).proof(index)
            assert merkle.verify_inclusion(hashes[index], index, size, proof, root)


@given(st.integers(1, 300), st.data())
def test_a_proof_holds_for_its_leaf_and_its_place_only(size: int, data: st.DataObject) -> None:
    hashes = [merkle.leaf_hash(number.to_bytes(4)) for number in range(size)]
    wanted = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=5))
    tree, root = merkle.Levels(hashes), merkle.root(hashes)
    assert tree.root == root == by_definition(hashes)
    for index in wanted:
        proof = tree.proof(index)
        places = merkle.beside([range(len(level)) for level in tree.levels[:-1]], index)
        assert [place % 2 == 0 for place in places] == merkle.sides(index, size)
        assert merkle.verify_inclusion(hashes[index], index, size, proof, root)
        assert not merkle.verify_inclusion(merkle.leaf_hash(b"another"), index, size, proof, root)
        assert not merkle.verify_inclusion(hashes[index], index, size, [*proof, root], root)
        assert not merkle.verify_inclusion(hashes[index], size, size, proof, root)
        other = (index + 1) % size
        assert size == 1 or not merkle.verify_inclusion(hashes[index], other, size, proof, root)
        for at in range(len(proof)):
            bent = [*proof[:at], bytes(32), *proof[at + 1 :]]
            assert not merkle.verify_inclusion(hashes[index], index, size, bent, root)


@pytest.mark.parametrize("index", [-1, 3])
def test_no_such_leaf(index: int) -> None:
    hashes = [merkle.leaf_hash(b"x")] * 3
    with pytest.raises(IndexError):
        merkle.Levels(hashes).proof(index)
    with pytest.raises(IndexError):
        merkle.sides(index, 3)
