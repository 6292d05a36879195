"""What is written in a fast way is what the plain way writes, whatever the logs hold."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from breachwatch.errors import EvidenceError
from breachwatch.evidence import bag as bags
from breachwatch.evidence import cells, merkle
from breachwatch.evidence.blocks import ProofLines
from breachwatch.evidence.originals.kept import Kept
from breachwatch.evidence.originals.matches import MatchLines
from breachwatch.evidence.originals.ranges import Range
from breachwatch.evidence.rows import Position
from tests.unit.evidence.test_ranges import segment

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts, texts, texts, st.binary(max_size=60), st.integers(0, 2**40), st.sampled_from(["syslog", "evtx"]))
@example('"', "\\", "\n", b'\xff\x00\xe2\x80\xae"\\', 5, "syslog")
def test_a_line_of_a_match_is_its_json(
    event_id: str, source: str, name: str, data: bytes, number: int, log_format: str
) -> None:
    log = replace(segment(512, 1000), format=log_format, source=source)
    position = Position(event_id, "linux.auth", number, 1000 + number, len(data))
    line = MatchLines(log, Kept(name, Range(1000, 2**41), bags.Written("", 0))).line(position, data)
    plain = {
        "event_id": event_id,
        "dataset": "linux.auth",
        "source": source,
        "segment": log.segment_id,
        "record_number": number,
        "offset": 1000 + number,
        "length": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "file": name,
        "file_offset": number,
        "text": data.decode(errors="backslashreplace") if log_format == "syslog" else None,
    }
    assert line == (json.dumps(plain) + "\n").encode()


@given(st.integers(1, 200), texts, texts, st.data())
def test_a_line_of_a_proof_is_its_json(size: int, source: str, name: str, data: st.DataObject) -> None:
    hashes = [merkle.leaf_hash(number.to_bytes(4)) for number in range(size)]
    tree = merkle.Levels(hashes)
    lines = ProofLines(source, tree)
    index = data.draw(st.integers(0, size - 1))
    sides = zip(merkle.sides(index, size), tree.proof(index), strict=True)
    plain = {
        "segment": source,
        "block": index,
        "file": name,
        "file_offset": 7,
        "leaf_sha256": hashes[index].hex(),
        "path": [f"{'left' if left else 'right'}:{base64.b64encode(other).decode()}" for left, other in sides],
    }
    assert lines.line(index, name, 7) == (json.dumps(plain) + "\n").encode()


@given(st.lists(st.none() | st.datetimes(), min_size=1))
@example([datetime.min, datetime.max, None])  # noqa: DTZ901  the ends of what a calendar holds
def test_times_are_written_as_strftime_does(times: list[datetime | None]) -> None:
    column = pa.chunked_array([pa.array(times, pa.timestamp("us"))])
    assert cells.harmless(column).equals(pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ"))


@given(st.lists(texts, min_size=1))
@example(["a=1", "=1", " +1", "-", "a\n", "a b.c:d_e/f-g", "", "7", '"', "\u202e"])
def test_cells_of_a_line_are_harmless_in_one_way(found: list[str]) -> None:
    [row] = csv.reader(io.StringIO(cells.csv_line(found), newline=""), strict=True)
    steering = [cells.escape(text) for text in found]
    assert row == [
        f"'{text}" if text.lstrip()[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20") else text for text in steering
    ]


def test_what_cannot_be_synced_or_read_back_keeps_the_bag_from_being_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bags.BagWriter(tmp_path / "bag") as bag:
        bag.add("data/a", b"a")
        bag.hash_again()
        with monkeypatch.context() as patch:
            patch.setattr(bags, "hash_file", lambda _: bags.Written("0" * 64, 1))
            bag.add("data/b", b"b")
            with pytest.raises(EvidenceError, match="data/b read back"):
                bag.hash_again()

    def refused(_: int) -> None:
        raise OSError(5, "Input/output error")

    with bags.BagWriter(tmp_path / "other") as bag, monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refused)
        bag.add_unlisted("signature", b"s")
        with pytest.raises(OSError, match="Input/output"):
            bag.hash_again()
