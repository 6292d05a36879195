"""Whether the records, the segments and the chains still are what all the ledgers tell of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.collect.store import open_segment, segment_path
from breachwatch.errors import BreachwatchError
from breachwatch.evidence import custody
from breachwatch.evidence.bag import hash_stream
from breachwatch.evidence.ledger.leaves import gaps, hash_of, leaf_of, listed
from breachwatch.evidence.ledger.making import evidence_root
from breachwatch.evidence.ledger.reading import FOLDER, Entry
from breachwatch.evidence.merkle import Tree
from breachwatch.model.evidence import Check, VerifyReport
from breachwatch.model.segment import Segment, SegmentState
from breachwatch.records import audit, cases, catalog, trust
from breachwatch.records.chain import GENESIS
from breachwatch.workspace import Workspace

_TOLD = 3  # names in a message


@dataclass
class _Faults:
    """What is wrong with one thing, the first few in words."""

    count: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, fault: str) -> None:
        self.count += 1
        if len(self.told) < _TOLD:
            self.told.append(fault)

    def check(self, name: str, good: str) -> Check:
        more = f" and {self.count - _TOLD} more" if self.count > _TOLD else ""
        return Check(name, not self.count, "; ".join(self.told) + more if self.count else good)


def against_records(
    ws: Workspace, found: tuple[Entry, ...], pages: Mapping[int, Mapping[str, Any]], *, reread: bool
) -> VerifyReport:
    """What concerns all ledgers together; see `verifying`. `pages` are those that can be read, by number."""
    with ws.database.read() as connection:
        checks = [
            _roots(connection, pages),
            _lines(connection, pages),
            _segments(ws, connection, reread=reread),
            _unlisted(connection, found),
            _gaps(connection),
            *_chains(connection, found, pages),
            _evidence(connection, pages),
        ]
    loose = _Faults()
    names = {item.name for item in found}
    for path in sorted((ws.vault / FOLDER).glob("*.json")):
        name = path.name.removesuffix(".json").removesuffix(".dsse")
        if name not in names:
            loose.add(f"{path.name} lies among the ledgers, but no record knows it")
    checks.append(loose.check("no other pages", f"{len(found)} ledgers"))
    return VerifyReport("all ledgers", str(ws.vault / FOLDER), tuple(checks), "")


def _roots(connection: Connection, pages: Mapping[int, Mapping[str, Any]]) -> Check:
    """Every root of every page is the one over that many leaves of the records."""
    roots: dict[tuple[str, int], dict[str, int]] = {}  # a root and the first ledger that tells it
    for number, page in sorted(pages.items()):
        for source in page["sources"]:
            if source["tree_size"]:
                roots.setdefault((source["source"], source["tree_size"]), {}).setdefault(source["root"], number)
    faults, now, tree = _Faults(), "", Tree()
    for row in listed(connection):
        if row.source != now:
            now, tree = row.source, Tree()
        if row.position != tree.size:
            faults.add(f"{now}: leaf {tree.size} is missing")
        tree.add(bytes.fromhex(row.leaf))
        for told, number in roots.pop((now, tree.size), {}).items():
            if tree.root().hex() != told:
                faults.add(f"{now}: the root over its first {tree.size} segments is not that of ledger {number}")
    for (name, size), expected in sorted(roots.items()):
        faults.add(f"{name}: ledger {min(expected.values())} tells of {size} segments; the records have fewer")
    return faults.check("roots", f"all segments lead to the roots of {len(pages)} ledgers")


def _lines(connection: Connection, pages: Mapping[int, Mapping[str, Any]]) -> Check:
    """The segments that each page was the first to list are the leaves of the records."""
    faults, count = _Faults(), 0
    new = {
        (number, item["source"]): iter(item["segments"]) for number, page in pages.items() for item in page["sources"]
    }
    for row in listed(connection):
        count += 1
        if row.ledger in pages:
            line = next(new.get((row.ledger, row.source), iter(())), None)
            if line is None or hash_of(line).hex() != row.leaf:
                faults.add(f"{row.source}: the leaf {row.position} is not what ledger {row.ledger} lists")
    for (number, name), rest in new.items():
        for line in rest:
            faults.add(f"{name}: the records have no leaf for {ascii(line.get('segment_id'))[:60]} of ledger {number}")
    return faults.check("lists", f"{count} segments are listed")


def _segments(ws: Workspace, connection: Connection, *, reread: bool) -> Check:
    """Every listed segment is in the catalog as it was listed, and its bytes are there or retention removed them."""
    faults, there, pruned, read = _Faults(), 0, 0, 0
    leaf, segment = trust.ledger_leaf, catalog.segment
    rows = connection.execution_options(yield_per=5000).execute(
        select(leaf.c.segment_id.label("listed"), leaf.c.leaf, leaf.c.ledger, segment)
        .select_from(leaf.outerjoin(segment, segment.c.segment_id == leaf.c.segment_id))
        .order_by(leaf.c.source, leaf.c.position)
    )
    for row in rows:
        there += 1
        if row.segment_id is None:
            faults.add(f"the segment {row.listed} of ledger {row.ledger} was removed from the catalog")
        elif leaf_of(row).hash.hex() != row.leaf:
            faults.add(
                f"{row.source}: the catalog tells otherwise of the segment {row.listed} than ledger {row.ledger}"
            )
        elif row.pruned_at is not None:
            pruned += 1
        else:
            fault = _bytes_of(ws, row, reread=reread)
            read += reread
            if fault:
                faults.add(fault)
    good = f"{there} are as they were listed, {pruned} of them removed by retention"
    return faults.check("segments", good + (f"; {read} read again" if reread else ""))


def _bytes_of(ws: Workspace, row: Row[Any], *, reread: bool) -> str:
    known = {item.name: getattr(row, item.name) for item in fields(Segment)}
    segment = Segment(**{**known, "state": SegmentState(row.state)})
    if not segment_path(ws, segment).is_file():
        return f"{row.source}: the stored bytes of {row.segment_id} are gone"
    if not reread:
        return ""
    try:
        with open_segment(ws, segment) as file:
            digest = hash_stream(file).sha256
    except BreachwatchError as error:
        return str(error)
    return "" if digest == row.sha256 else f"{row.source}: the stored bytes of {row.segment_id} were changed"


def _unlisted(connection: Connection, found: tuple[Entry, ...]) -> Check:
    """What was stored before the last ledger but one must be listed: it had its night, and the next."""
    if len(found) < 2:
        return Check("nothing left out", True, "fewer than two ledgers")
    segment = catalog.segment.c
    rows = connection.execute(
        select(segment.segment_id, segment.source, segment.planned_at)
        .where(segment.state.in_([SegmentState.STORED.value, SegmentState.LANDED.value]))
        .where(segment.planned_at < found[-2].made_at)
        .where(segment.landed_at < found[-2].made_at)
        .where(segment.segment_id.not_in(select(trust.ledger_leaf.c.segment_id)))
    )
    faults = _Faults()
    for row in rows:
        faults.add(f"{row.source}: no ledger lists {row.segment_id} of {row.planned_at.isoformat()}")
    return faults.check("nothing left out", "all stored segments are listed")


def _gaps(connection: Connection) -> Check:
    faults = _Faults()
    for gap in gaps(connection):
        faults.add(gap)
    return faults.check("no gaps", "each log is listed from its first byte on")


def _chains(
    connection: Connection, found: tuple[Entry, ...], pages: Mapping[int, Mapping[str, Any]]
) -> Iterator[Check]:
    for name, table, chain in (
        ("custody", cases.custody, custody.check_chain(connection)),
        ("audit", cases.audit, audit.check_chain(connection)),
    ):
        faults = _Faults()
        if not chain.ok:
            faults.add(chain.detail)
        wanted = {page[name]["links"] for page in pages.values()}
        heads = {0: GENESIS}
        if wanted:
            rows = connection.execution_options(yield_per=5000).execute(select(table.c.seq, table.c.hash))
            heads.update({row.seq: row.hash for row in rows if row.seq in wanted})
        for item in found:
            said = pages[item.number][name] if item.number in pages else None
            if said is None:
                continue
            head = heads.get(said["links"])
            if head is None:
                faults.add(
                    f"ledger {item.name} tells of {said['links']} links, there are {chain.count}: the end was cut"
                )
            elif head != said["head"]:
                faults.add(f"link {said['links']} is not the one that ledger {item.name} tells of")
        yield faults.check(f"{name} chain", f"{chain.count} links, as every ledger tells")


def _evidence(connection: Connection, pages: Mapping[int, Mapping[str, Any]]) -> Check:
    faults = _Faults()
    seen: dict[int, str] = {}
    for number, page in sorted(pages.items()):
        said = page.get("evidence") or {}
        pieces = said.get("pieces", 0)
        if pieces not in seen:
            now = evidence_root(connection, pieces)
            seen[pieces] = now["root"] if now["pieces"] == pieces else ""
        if seen[pieces] != said.get("root"):
            faults.add(f"the first {pieces} pieces of evidence are not those that ledger {number} tells of")
    return faults.check("evidence", "all pieces of evidence that a ledger tells of are recorded")
