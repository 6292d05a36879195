"""A hunt: given rules over the past of the lake, in pieces, so that it can be broken off and gone on with.

**Pieces.** Days in UTC, put together within a calendar month while they hold at most `PIECE_ROWS` events; one piece
ends where the next begins. `engine.search_past` reads what correlations and first-seen rules need before a piece, so
that findings have the keys that the nights gave them. An episode that goes on from piece to piece is one finding.
Events without a time belong to no piece: the night that took them in has searched them.

**Going on.** What each piece gave is kept in `state/hunts`, in a signed file (`cache`) that is replaced whole after
every piece: killed at any moment, a hunt goes on after the last piece that was finished. A piece counts as done only
for the same rules, filters, mappings, settings and program, and for the same files of the lake within the reach of its
rules: a changed rule begins anew, and where logs arrived or went, those pieces are searched again and no others.

Nothing is recorded: findings become alerts only by `run.record_hunt`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from breachwatch.detect.cache import Cache, as_json, program_revision
from breachwatch.detect.engine import Progress, reach_of, search_past
from breachwatch.detect.gathering import gathered
from breachwatch.detect.rulepack import RulePack
from breachwatch.detect.sources import earlier
from breachwatch.detect.starting import compiler_for
from breachwatch.lake import LakeFile, files
from breachwatch.model.datasets import REJECTS_DATASET
from breachwatch.model.finding import Scan, Window
from breachwatch.workspace import Workspace

PIECE_ROWS = 2_000_000
"""So many events a piece holds at most, unless one day has more."""
HUNTS = 20
"""So many hunts are remembered; the oldest are forgotten first."""
FOLDER = "hunts"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a hunt's time. `name` is a hash of the time and of the files within the reach of its rules."""

    window: Window
    name: str


@dataclass(frozen=True)
class Hunt:
    """A hunt that is planned: what for, over what time (aware UTC), and what of it was done before."""

    key: str
    pack: RulePack
    window: Window
    pieces: tuple[Piece, ...]
    kept: Cache

    def is_done(self, piece: Piece) -> bool:
        return piece.name in self.kept

    def forget(self) -> None:
        """Search everything anew."""
        for piece in self.pieces:
            self.kept.drop(piece.name)

    @property
    def done(self) -> tuple[Piece, ...]:
        return tuple(piece for piece in self.pieces if self.is_done(piece))


def plan(ws: Workspace, pack: RulePack, since: datetime | None = None, until: datetime | None = None) -> Hunt:
    """Cut the time of a hunt into pieces. `since` and `until` are aware; without them all of the lake until now."""
    listed = [file for file in files(ws) if file.dataset != REJECTS_DATASET.name and file.min_time and file.max_time]
    end = (until or ws.clock.now()).astimezone(UTC)
    first = min((file.min_time for file in listed if file.min_time), default=end)
    start = min((since or first).astimezone(UTC), end)
    window = Window(start, end)
    reach = reach_of(ws, pack, end)
    pieces = tuple(
        Piece(part, _name(part, [file for file in listed if _touches(file, earlier(part.start, reach), part.end)]))
        for part in _cut(window, listed)
    )
    key, valid_for = _identity(ws, pack, end)
    folder = ws.state / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return Hunt(key, pack, window, pieces, Cache(folder / f"{key}.cache", ws.keys, valid_for))


def search_piece(ws: Workspace, asked: Hunt, piece: Piece, progress: Progress) -> Scan:
    """What a piece gives: as it was kept, else searched now and kept."""
    kept = asked.kept.get(piece.name)
    if kept is not None:
        scan: Scan = as_json(Scan).validate_python(kept)
        return scan
    scan = search_past(ws, asked.pack, piece.window, progress)
    asked.kept.put(piece.name, as_json(Scan).dump_python(scan, mode="json"))
    asked.kept.save()
    return scan


def hunt(ws: Workspace, asked: Hunt, progress: Progress) -> Scan:
    """Search every piece that is not done yet, and put together what all of them gave.

    Raises BusyError while another process is at the same hunt.
    """
    with alone(ws, asked):
        return gather(asked, _searched(ws, asked, progress))


@contextmanager
def alone(ws: Workspace, asked: Hunt) -> Iterator[None]:
    """Be the only process at this hunt; older hunts are forgotten. Raises BusyError where another is at it."""
    with ws.lock(f"hunt-{asked.key}", wait_seconds=1):
        _forget(ws.state / FOLDER)
        yield


def gather(asked: Hunt, scans: Iterable[Scan]) -> Scan:
    """One scan of the scans of the pieces, in their order."""
    return gathered(asked.window, scans)


def _searched(ws: Workspace, asked: Hunt, progress: Progress) -> Iterator[Scan]:
    if not asked.pieces:  # every rule is accounted for all the same
        yield search_past(ws, asked.pack, asked.window, progress)
    for number, piece in enumerate(asked.pieces):
        progress("parts", number, len(asked.pieces))
        yield search_piece(ws, asked, piece, progress)
    progress("parts", len(asked.pieces), len(asked.pieces))


# --- pieces -----------------------------------------------------------------------------------------------------------


def _cut(window: Window, listed: Sequence[LakeFile]) -> Iterator[Window]:
    """The window in pieces without a gap: each begins on a day with events, the first with the window."""
    start, rows, month = window.start, 0, ""
    for day, count in _days(window, listed):
        if rows and (rows + count > PIECE_ROWS or f"{day:%Y-%m}" != month):
            yield Window(start, day)
            start, rows = day, 0
        rows, month = rows + count, f"{day:%Y-%m}"
    if rows:
        yield Window(start, window.end)


def _days(window: Window, listed: Sequence[LakeFile]) -> list[tuple[datetime, int]]:
    """The UTC days of the window on which a file begins, with the rows of those files."""
    rows: dict[datetime, int] = {}
    for file in listed:
        if file.min_time is not None and _touches(file, window.start, window.end):
            begins = max(file.min_time, window.start).astimezone(UTC)
            day = datetime.combine(begins.date(), time(), UTC)
            rows[day] = rows.get(day, 0) + file.rows
    return sorted(rows.items())


def _touches(file: LakeFile, start: datetime, end: datetime) -> bool:
    return file.min_time is not None and file.max_time is not None and file.min_time < end and file.max_time >= start


def _name(window: Window, within_reach: Iterable[LakeFile]) -> str:
    digest = hashlib.sha256(f"{window.start.isoformat()} {window.end.isoformat()}".encode())
    for file in within_reach:
        digest.update(f"\0{file.path}\0{file.sha256}".encode())
    return digest.hexdigest()


def _identity(ws: Workspace, pack: RulePack, until: datetime) -> tuple[str, tuple[str, ...]]:
    """The name of the hunt, after its rules, and all else that its findings depend on."""
    rules = hashlib.sha256()
    for rule in pack.rules:
        rules.update(f"{rule.id}\0{rule.source.revision}\0{rule.reports}\0{rule.problem}\0".encode())
    for problem in pack.problems:
        rules.update(f"{problem.rule_id}\0{problem.reason}\0".encode())
    compiler, _ = compiler_for(ws, pack, until)
    said = ws.settings.model_dump(mode="json", include={"city", "detect", "geoip"})
    others = [text.revision for text in pack.filters] + [
        _state(ws.path(name)) for name in said["geoip"].values() if name
    ]
    valid_for = (program_revision(), compiler.mappings.revision, json.dumps(said, sort_keys=True), *others)
    return rules.hexdigest()[:16], valid_for


def _state(path: Path) -> str:
    """Whether a GeoIP database is still the one that it was."""
    found = path.stat() if path.is_file() else None
    return f"{path} {found.st_size} {found.st_mtime_ns}" if found else f"{path} is missing"


def _forget(folder: Path) -> None:
    """Leave the hunts that were gone on with last."""
    for old in sorted(folder.glob("*.cache"), key=lambda path: path.stat().st_mtime, reverse=True)[HUNTS:]:
        old.unlink(missing_ok=True)
