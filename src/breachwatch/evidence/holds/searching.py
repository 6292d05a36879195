"""What a sealed bag is about: whether it names an account or a host, which sources and which times it is from.

In doubt it is: a bag whose bytes are not those that were sealed, that holds files that are neither logs nor plain text
(images, documents, mails: they are not searched), or that cannot be read is about everything. Names are looked for as
the lake looks for them (`lake.care.naming`), in the parsed rows and in every other file that holds log content or was
handed over, in ASCII and in UTF-16 as Windows writes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from breachwatch.errors import EvidenceError
from breachwatch.evidence.bag import CHUNK, MANIFEST, TAG_MANIFEST
from breachwatch.evidence.content import SOURCES
from breachwatch.evidence.holds.texts import is_plain_text
from breachwatch.evidence.items import FOLDER
from breachwatch.evidence.on_disk import BagOnDisk
from breachwatch.evidence.rows import ROWS_PARQUET
from breachwatch.lake.care.naming import pieces

_OURS = ("data/detection/", "data/environment.json", "data/clock.json", "data/acquisition.json", "data/VERIFY")
"""Payload that was written by people or by breachwatch: a rule that speaks of root says nothing about the account."""

Item = tuple[str, str]


@dataclass(frozen=True, slots=True)
class About:
    """What a bag is about. `first` and `last` bound its events' times (aware UTC); None: not known.

    Of files that somebody handed over neither times nor `sources` are known.
    """

    named: frozenset[Item]  # of the accounts and hosts that were asked for
    sources: frozenset[str] | None
    first: datetime | None
    last: datetime | None


def about(folder: Path, tagmanifest_sha256: str, names: Iterable[Item]) -> About:
    """Read a bag whole for these accounts and hosts, given as (kind, value).

    Raises EvidenceError where it cannot be told, OSError where it cannot be read.
    """
    bag = BagOnDisk(folder)
    listed = _listed(bag, tagmanifest_sha256)
    if ROWS_PARQUET not in bag.files:
        _check_texts(bag)
    first, last = _times(folder / ROWS_PARQUET) if ROWS_PARQUET in bag.files else (None, None)
    wanted = {item: [piece.encode() for piece in pieces(*item)] for item in names}
    found = {item for item, parts in wanted.items() if not parts}  # nothing certain to look for
    for name, digest in sorted(listed.items()):
        waiting = {item: parts for item, parts in wanted.items() if item not in found}
        ours = name.startswith(_OURS)
        with bag.open(name) as file:
            seen, actual = _search(file, {part for parts in waiting.values() for part in parts} if not ours else set())
        if actual != digest:
            msg = f"the bytes of {name} are not those that were sealed"
            raise EvidenceError(msg)
        if name.endswith(".parquet") and not ours:
            seen |= _in_columns(folder / name, {part for parts in waiting.values() for part in parts})
        found |= {item for item, parts in waiting.items() if seen.issuperset(parts)}
    return About(frozenset(found), _sources(bag) if ROWS_PARQUET in bag.files else None, first, last)


def _check_texts(bag: BagOnDisk) -> None:
    """Whether all files that somebody handed over are plain text. Raises EvidenceError."""
    for name in sorted(bag.files):
        if name.startswith(f"{FOLDER}/"):
            with bag.open(name) as file:
                if not is_plain_text(file):
                    msg = f"{name} is no plain text and is not searched"
                    raise EvidenceError(msg)


def _listed(bag: BagOnDisk, tagmanifest_sha256: str) -> dict[str, str]:
    """The payload's manifest, proven by the hash that was recorded at sealing."""
    if bag.hash(TAG_MANIFEST).sha256 != tagmanifest_sha256:
        msg = f"its {TAG_MANIFEST} is not the one that was sealed"
        raise EvidenceError(msg)
    if bag.manifest(TAG_MANIFEST).get(MANIFEST) != bag.hash(MANIFEST).sha256:
        msg = f"its {MANIFEST} is not the one that was sealed"
        raise EvidenceError(msg)
    return bag.manifest(MANIFEST)


def _search(file: BinaryIO, wanted: set[bytes]) -> tuple[set[bytes], str]:
    """Which of the pieces (lower case, ASCII) stand in a file, and the file's SHA-256. One chunk in memory."""
    digest, found = hashlib.sha256(), set[bytes]()
    forms = {piece: (piece, piece.decode("ascii").encode("utf-16-le")) for piece in wanted}
    overlap = max((2 * len(piece) for piece in wanted), default=0)
    tail = b""
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        if len(found) < len(forms):
            text = tail + chunk.lower()  # of bytes: ASCII letters only
            found |= {piece for piece, written in forms.items() if any(form in text for form in written)}
            tail = text[-overlap:] if overlap else b""
    return found, digest.hexdigest()


def _in_columns(path: Path, wanted: set[bytes]) -> set[bytes]:
    """Which of the pieces stand in a text column of a Parquet file."""
    if not wanted:
        return set()
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    found: set[bytes] = set()
    file = pq.ParquetFile(path)
    texts = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
    for batch in file.iter_batches(batch_size=8192, columns=texts):
        for column in batch.columns:
            for piece in wanted - found:
                hit: Any = pc.any(pc.match_substring(column, piece.decode("ascii"), ignore_case=True))
                if hit.as_py():
                    found.add(piece)
    return found


def _times(path: Path) -> tuple[datetime | None, datetime | None]:
    """The first and last time of the events; None for both where an event's time is not known."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        bounds = list(_bounds(file))
    except (pa.ArrowException, OSError) as error:
        msg = f"{ROWS_PARQUET} cannot be read ({type(error).__name__})"
        raise EvidenceError(msg) from error
    if not bounds or any(bound is None for bound in bounds):
        return None, None
    known = [bound for bound in bounds if bound is not None]
    return min(low for low, _ in known), max(high for _, high in known)


def _bounds(file: Any) -> Iterator[tuple[datetime, datetime] | None]:
    import pyarrow.compute as pc

    for batch in file.iter_batches(batch_size=65536, columns=["time"]):
        column = batch.column(0)
        if column.null_count:
            yield None
        elif len(column):
            first: Any = pc.min(column)
            last: Any = pc.max(column)
            yield _utc(first.as_py()), _utc(last.as_py())


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _sources(bag: BagOnDisk) -> frozenset[str]:
    try:
        segments = json.loads(bag.small(SOURCES))["segments"]
        return frozenset(str(segment["source"]) for segment in segments)
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        msg = f"{SOURCES} does not say which sources it is from"
        raise EvidenceError(msg) from error
