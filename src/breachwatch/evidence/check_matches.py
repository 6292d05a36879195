"""Checking what a bag says of its matches: their bytes are in the original bytes, and these are part of all bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, BinaryIO

from breachwatch.errors import EvidenceError
from breachwatch.evidence.bag import MANIFEST
from breachwatch.evidence.blocks import PROOFS, blocks_of, check_proofs
from breachwatch.evidence.content import INCIDENT, SOURCES
from breachwatch.evidence.on_disk import BagOnDisk, incident_in, match_lines

_Tree = tuple[bytes, int]


def check_matches(bag: BagOnDisk) -> str:
    """Whether the matches' bytes are in the original bytes, and those in their segments. Raises EvidenceError.

    Each, cut out of its file, has the hash that its line names, and lies in blocks whose proofs lead to the Merkle root
    of its segment. A bag of a version that knew no proofs has none; all its matches are checked all the same.
    """
    raw = {name for name in bag.manifest(MANIFEST) if name.startswith("data/raw/")} & bag.files.keys()
    segments = _segments(bag)
    trees = {name: tree for name, (_, tree) in segments.items() if tree is not None}
    proven = check_proofs(bag, trees, bag.json_lines(PROOFS), raw) if trees else set()
    count = 0
    with ExitStack() as stack:
        name, file = "", None
        for count, match in enumerate(match_lines(bag), 1):
            if match.get("file") not in raw:
                raise EvidenceError(f"line {count} names a file that is not in data/raw")
            if file is None or match["file"] != name:
                stack.close()  # matches are in the order of their files: one is open at a time
                name = match["file"]
                file = stack.enter_context(bag.open(name))
            if hashlib.sha256(_cut(file, match, bag.files[name].st_size)).hexdigest() != match.get("sha256"):
                raise EvidenceError(
                    f"the bytes of match {count} ({match.get('event_id')}) are not those it was made of"
                )
            if trees:
                _check_place(match, segments, proven)
    said = incident_in(bag).get("events")
    if count != said:
        raise EvidenceError(f"{count} matches, but {INCIDENT} says {said}")
    told = f", in {len(proven)} blocks with proofs" if trees else ""
    return f"{count} matching records are in the original bytes{told}"


def _segments(bag: BagOnDisk) -> dict[str, tuple[int, _Tree | None]]:
    """For each segment its first byte in the log, and its tree's root and size where the bag has one."""
    found: dict[str, tuple[int, _Tree | None]] = {}
    try:
        for item in bag.json(SOURCES)["segments"]:
            root = item.get("merkle_root")
            tree = None if root is None else (bytes.fromhex(root), int(item["blocks"]))
            found[str(item["segment"])] = (int(item["start"]), tree)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{SOURCES} does not describe the segments"
        raise EvidenceError(msg) from error
    return found


def _check_place(
    match: Mapping[str, Any], segments: Mapping[str, tuple[int, _Tree | None]], proven: set[tuple[str, int]]
) -> None:
    segment, offset = str(match.get("segment")), match.get("offset")
    if segment not in segments or not isinstance(offset, int) or offset < segments[segment][0]:
        raise EvidenceError(f"the match {match.get('event_id')} lies in no segment of the bag")
    for index in blocks_of(offset - segments[segment][0], int(match["length"])):
        if (segment, index) not in proven:
            raise EvidenceError(f"the match {match.get('event_id')} lies in a block without an inclusion proof")


def _cut(file: BinaryIO, match: Mapping[str, Any], size: int) -> bytes:
    offset, length = match.get("file_offset"), match.get("length")
    if not isinstance(offset, int) or not isinstance(length, int) or not 0 <= offset <= offset + length <= size:
        raise EvidenceError(f"the match {match.get('event_id')} lies outside its file")
    file.seek(offset)
    return file.read(length)
