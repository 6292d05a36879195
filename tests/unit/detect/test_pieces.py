"""How the new files of a night are cut into pieces."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from breachwatch.detect import pieces
from breachwatch.detect.pieces import Piece, pieces_of
from breachwatch.lake import LakeFile
from tests.unit.detect.making import DAY, at

END = at(40 * 1440)


def file(
    name: str, start: float | None, end: float | None = None, *, rows: int = 10, scanned: bool = False
) -> LakeFile:
    """A file with events from and to these days; without a time it holds events that have none."""
    first = None if start is None else at(start * 1440)
    last = first if end is None else at(end * 1440)
    date = "unknown" if first is None else f"{first:%Y-%m-%d}"
    return LakeFile(name, name, "linux.auth", date, rows, 1, "", first, last, DAY if scanned else None)


def told(found: list[Piece]) -> list[tuple[float, float, tuple[str, ...]]]:
    """Start and end in days, and the files."""
    day = timedelta(days=1)
    return [
        (
            round((piece.window.start - DAY) / day, 2),
            round((piece.window.end - DAY) / day, 2),
            tuple(item.path for item in piece.files or ()),
        )
        for piece in found
    ]


def test_a_night_is_one_piece() -> None:
    found = pieces_of([file("old", 0, 9, scanned=True), file("a", 9.5, 10), file("b", 9.2, 9.9)], END)
    assert told(found) == [(9.2, 10.0, ("b", "a"))]
    assert found[0].front
    assert not found[0].mixed
    assert found[0].searched == at(9 * 1440)


def test_late_events_are_apart_where_searched_ones_lie_between() -> None:
    old = [file(f"old{day}", day, day + 0.9, scanned=True) for day in range(20)]
    found = pieces_of([*old, file("late", 3.5, 3.6), file("new", 20, 20.5)], END)
    assert told(found) == [(3.5, 3.6, ("late",)), (20.0, 20.5, ("new",))]
    assert [piece.front for piece in found] == [False, True]
    assert [piece.mixed for piece in found] == [True, False]


def test_a_first_run_over_sparse_logs_is_one_piece() -> None:
    found = pieces_of([file(f"f{day}", day) for day in range(0, 39, 3)], END)
    assert len(found) == 1


def test_only_late_events_leave_an_empty_front_for_what_was_left_to_be_judged() -> None:
    found = pieces_of([file("old", 0, 20, scanned=True), file("late", 3)], END)
    assert told(found) == [(3.0, 3.0, ("late",)), (40.0, 40.0, ())]
    assert found[-1].searched == at(20 * 1440)


def test_events_without_a_time_are_in_the_front() -> None:
    assert told(pieces_of([file("untimed", None)], END)) == [(40.0, 40.0, ("untimed",))]
    assert told(pieces_of([file("untimed", None), file("a", 1, 2)], END)) == [(1.0, 2.0, ("a", "untimed"))]
    assert told(pieces_of([], END)) == [(40.0, 40.0, ())]


def test_what_comes_after_the_end_is_left() -> None:
    assert told(pieces_of([file("a", 39, 41), file("b", 41, 42)], END)) == [(39.0, 40.0, ("a",))]


def test_many_events_are_several_pieces_without_a_gap() -> None:
    rows = pieces.PIECE_ROWS
    found = pieces_of([file("a", 0, 1, rows=rows), file("b", 1, 2, rows=rows), file("c", 2, 3, rows=rows)], END)
    assert 3 <= len(found) <= 5
    assert all(one.window.end == other.window.start for one, other in pairwise(found))
    assert [piece.front for piece in found] == [False] * (len(found) - 1) + [True]


def test_far_too_many_islands_are_joined() -> None:
    old = [file(f"old{day}", day, day + 0.9, scanned=True) for day in range(39)]
    late = [file(f"late{day}", day + 0.5) for day in range(0, 38, 2)]
    assert len(pieces_of([*old, *late], END)) <= 17
