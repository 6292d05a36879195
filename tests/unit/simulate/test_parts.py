"""The parts the city is built from: chance, the order of time, one log file."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.simulate.cast import cast
from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import CronJob, Happening
from breachwatch.simulate.inventory import take_stock
from breachwatch.simulate.span import DAY, HOUR, SECOND, Span, moment
from breachwatch.simulate.timeline import Stage, play
from breachwatch.simulate.truth import Kind, Story, Truth
from breachwatch.simulate.writers.logfile import LogFile

ZONE = ZoneInfo("America/Chicago")
GOLDEN = ([829464, 609575, 446865, 356857], 51374, "b", True)  # drawn once; any Python must draw the same


def span_of(first: date, days: int) -> Span:
    start = moment(datetime(first.year, first.month, first.day, tzinfo=ZONE))
    return Span(start, start + days * DAY, ZONE)


def test_chance_is_the_same_on_every_machine_and_python() -> None:
    dice = Dice("7/staff/clerk01/2026-11-20")
    drawn = [dice.between(0, 999_999) for _ in range(4)]
    assert (drawn, dice.port(), dice.pick("abcdef"), dice.chance(500)) == GOLDEN


def test_weights_and_amounts_come_out_on_average() -> None:
    dice = Dice("averages")
    counted = Counter(dice.weighted((("rare", 1), ("often", 9))) for _ in range(4000))
    assert 300 < counted["rare"] < 500
    assert 2400 < sum(dice.amount(2500) for _ in range(1000)) < 2600
    assert {dice.amount(2500) for _ in range(100)} == {2, 3}


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 11, 20), 24)])
def test_days_have_the_hours_they_have(day: date, hours: int) -> None:
    span = span_of(day, 1)
    starts = span.hours(day)
    assert len(starts) == hours
    assert [span.local(at).date() for at in starts] == [day] * hours


@given(st.integers(min_value=0, max_value=40 * 365 * DAY))
def test_local_times_agree_with_the_zone(at: int) -> None:
    span = Span(0, 1, ZONE)
    exact = datetime.fromtimestamp(at // SECOND, ZONE).replace(microsecond=at % SECOND)
    assert span.local(at) == exact.replace(tzinfo=None)
    assert span.offset(at) == exact.utcoffset()


def test_an_actor_more_or_less_does_not_shift_the_others() -> None:
    stage = Stage(span_of(date(2026, 11, 20), 1), take_stock(0.1), 7)
    actors = cast(stage.inventory, 0.1)
    everything = Counter(play(actors, stage))
    for left_out in (actors[0], actors[len(actors) // 2], actors[-1]):
        others = Counter(play([actor for actor in actors if actor is not left_out], stage))
        assert others == everything - Counter(play([left_out], stage))
        assert others != everything


def test_happenings_come_in_order_and_within_the_span() -> None:
    span = span_of(date(2026, 11, 19), 2)
    cut = Span(span.start + 7 * HOUR, span.end - 9 * HOUR, ZONE)
    stage = Stage(cut, take_stock(0.1), 7)
    times = [happening.at for happening in play(cast(stage.inventory, 0.1), stage)]
    assert times == sorted(times)
    assert cut.start <= times[0] <= times[-1] < cut.end
    assert len(times) > 1000


class Backwards:
    """An actor whose second chapter lies before its first."""

    name = "backwards"

    def chapters(self, stage: Stage) -> list[list[Happening]]:
        at = stage.span.start
        return [[CronJob(at=at + offset, host="db01", user="root", command="x")] for offset in (9, 5)]


def test_mistakes_in_an_actor_are_noticed() -> None:
    stage = Stage(span_of(date(2026, 11, 20), 1), take_stock(0.1), 7)
    with pytest.raises(AssertionError, match="backwards goes back in time"):
        list(play([Backwards()], stage))
    with pytest.raises(AssertionError, match="share a name"):
        play([Backwards(), Backwards()], stage)


def as_text(at: int, payload: str, number: int) -> bytes:
    return f"{at} {payload} {number}".encode()


def test_a_log_file_sorts_rotates_and_tells_the_truth(tmp_path: Path) -> None:
    truth = Truth([Story("S", Kind.ATTACK, "s", "s")])
    log = LogFile(tmp_path, "logs/h/auth.log", as_text, truth, (10 * SECOND, 20 * SECOND, 30 * SECOND))
    log.add(1 * SECOND, "first")
    log.add(25 * SECOND, "end of a session", "S")
    log.add(2 * SECOND, "second", "S")
    log.settle(3 * SECOND)
    log.add(12 * SECOND, "third")
    log.add(25 * SECOND, "same moment, later", "S")
    log.add(99 * SECOND, "not yet")
    log.close(40 * SECOND)
    folder = tmp_path / "logs/h"
    assert sorted(path.name for path in folder.iterdir()) == ["auth.log.1", "auth.log.2.gz", "auth.log.3.gz"]
    assert gzip.decompress((folder / "auth.log.3.gz").read_bytes()) == b"1000000 first 1\n2000000 second 2\n"
    assert gzip.decompress((folder / "auth.log.2.gz").read_bytes()) == b"12000000 third 3\n"
    assert (folder / "auth.log.1").read_bytes().split(b"\n") == [
        b"25000000 end of a session 4",
        b"25000000 same moment, later 5",
        b"",
    ]
    assert [(folder / name).stat().st_mtime for name in ("auth.log.3.gz", "auth.log.1")] == [2, 25]
    assert (folder / "auth.log.3.gz").read_bytes()[4:8] == bytes(4)  # no time in the gzip header
    told = [(line.file, line.line, line.at) for line in truth.lines(truth.stories[0])]
    assert told == [
        ("logs/h/auth.log.3.gz", 2, 2 * SECOND),
        ("logs/h/auth.log.1", 1, 25 * SECOND),
        ("logs/h/auth.log.1", 2, 25 * SECOND),
    ]
    assert log.lines == 5


def test_a_line_of_an_unknown_story_is_a_mistake(tmp_path: Path) -> None:
    log = LogFile(tmp_path, "x.log", as_text, Truth([]))
    log.add(1, "x", "nobody's")
    with pytest.raises(KeyError):
        log.close(2)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_span(tmp_path: Path) -> None:
    """Six times the days, about the same peak of memory."""
    program = (
        "import resource, sys; from pathlib import Path; from breachwatch.simulate import simulate; "
        "simulate(Path(sys.argv[1]), days=int(sys.argv[1].rsplit('-')[-1]), scale=0.05); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for days in (4, 24):
        command = [sys.executable, "-c", program, str(tmp_path / f"city-{days}")]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    assert peaks[1] < 1.2 * peaks[0], peaks
