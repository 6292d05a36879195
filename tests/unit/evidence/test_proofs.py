"""Inclusion proofs: each match's blocks lead to the root over all blocks of its segment, and nothing else does."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.errors import EvidenceError
from breachwatch.evidence import merkle
from breachwatch.evidence.blocks import BLOCK, Blocks, blocks_of
from breachwatch.evidence.check_matches import check_matches
from breachwatch.evidence.instructions import commands
from breachwatch.evidence.on_disk import BagOnDisk
from tests.unit.evidence.making import City, loosen

LINES = [f"Nov 22 02:00:00 vpn01 sshd[{number:05d}]: Failed password for jdoe\n" for number in range(5000)]
DATA = "".join(LINES).encode()
RANGED = "[evidence]\nwhole_segment_bytes = 100\ncontext_records = 1\n"


def by_hand(data: bytes) -> bytes:
    return merkle.root(merkle.leaf_hash(data[at : at + BLOCK]) for at in range(0, len(data), BLOCK))


@given(st.integers(0, 5 * BLOCK), st.sampled_from([1, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 10 * BLOCK]))
def test_the_root_is_the_same_however_the_bytes_arrive(size: int, chunk: int) -> None:
    data = hashlib.shake_128(b"bytes").digest(size)
    blocks = Blocks()
    for at in range(0, size, max(chunk, size // 50)):
        blocks.take(data[at : at + max(chunk, size // 50)])
    assert blocks.tree().root == by_hand(data)


def test_a_record_lies_in_the_blocks_of_its_bytes() -> None:
    assert blocks_of(0, 1) == range(1)
    assert blocks_of(BLOCK - 1, 2) == range(2)
    assert blocks_of(BLOCK, 0) == range(1, 2)
    assert blocks_of(BLOCK, BLOCK) == range(1, 2)


@pytest.fixture(scope="module")
def sealed_ranges(make_once: Callable[..., City]) -> City:
    def happens(city: City) -> None:
        made = city.log(LINES, start=333)
        [job] = city.waiting(city.finding([made.event_ids[number] for number in (10, 11, 2500)]))
        city.seal(job)

    return make_once(RANGED, happens)


@pytest.fixture
def bag(sealed_ranges: City, tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    [sealed] = sealed_ranges.ws.vault.glob("EV-*")
    shutil.copytree(sealed, copy)
    loosen(copy)
    return copy


def lines_of(bag: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (bag / name).read_text().splitlines()]


def test_every_match_is_proven_to_be_part_of_the_whole_log(bag: Path) -> None:
    [source] = json.loads((bag / "data/sources.json").read_text())["segments"]
    assert source["kept"] == "ranges"
    assert source["merkle_root"] == by_hand(DATA).hex()
    proofs = lines_of(bag, "data/proofs.jsonl")
    assert [proof["block"] for proof in proofs] == [0, 9]
    for proof in proofs:
        block = (bag / proof["file"]).read_bytes()[proof["file_offset"] :][:BLOCK]
        assert block == DATA[proof["block"] * BLOCK :][:BLOCK]
        assert proof["leaf_sha256"] == merkle.leaf_hash(block).hex()
    assert "in 2 blocks with proofs" in check_matches(BagOnDisk(bag))


def test_a_proof_that_does_not_hold_is_refused(bag: Path) -> None:
    good = lines_of(bag, "data/proofs.jsonl")

    def refused(change: Callable[[dict[str, Any]], object]) -> str:
        bent = json.loads(json.dumps(good))
        change(bent[0])
        (bag / "data/proofs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in bent))
        with pytest.raises(EvidenceError) as caught:
            check_matches(BagOnDisk(bag))
        return str(caught.value)

    other = base64.b64encode(bytes(32)).decode()
    assert "does not lead" in refused(lambda proof: proof["path"].__setitem__(0, f"right:{other}"))
    assert "does not lead" in refused(lambda proof: proof.update(path=[]))
    assert "does not lead" in refused(lambda proof: proof.update(path=[7]))
    assert "does not lead" in refused(lambda proof: proof.update(block=1))
    assert "does not lead" in refused(lambda proof: proof.update(file_offset=1))
    assert "no block or place" in refused(lambda proof: proof.update(file_offset=-1))
    assert "not in the bag" in refused(lambda proof: proof.update(file="../../secret"))
    assert "not in the bag" in refused(lambda proof: proof.update(segment="another"))


def test_a_match_in_a_block_without_a_proof_is_refused(bag: Path) -> None:
    lines = (bag / "data/proofs.jsonl").read_text().splitlines(keepends=True)
    (bag / "data/proofs.jsonl").write_text(lines[0])
    with pytest.raises(EvidenceError, match="without an inclusion proof"):
        check_matches(BagOnDisk(bag))


def test_the_proof_in_verify_txt_is_checked_by_a_shell(bag: Path) -> None:
    command = commands((bag / "VERIFY.txt").read_text())[-1]

    def said() -> str:
        return subprocess.run(["sh", "-c", command], cwd=bag, capture_output=True, text=True, check=False).stdout

    assert len(lines_of(bag, "data/proofs.jsonl")[0]["path"]) == 5
    assert said() == "part of the whole\n"
    [file] = {proof["file"] for proof in lines_of(bag, "data/proofs.jsonl")[:1]}
    content = (bag / file).read_bytes()
    (bag / file).write_bytes(content.replace(b"jdoe", b"jd0e", 1))
    assert said() == ""
