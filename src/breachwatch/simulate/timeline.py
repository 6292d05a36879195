"""Actors, and the one ordered stream of everything they do.

An actor's chances come from a stream of its own for each day, so that neither another actor nor a longer span shifts
what it does. Each actor hands out one day (or hour) at a time: memory does not grow with the length of the span.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Protocol

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import Happening
from breachwatch.simulate.inventory import Inventory
from breachwatch.simulate.span import Span

_BY_TIME = attrgetter("at")


@dataclass(frozen=True)
class Stage:
    """What every actor knows: the span, the city, and the seed."""

    span: Span
    inventory: Inventory
    seed: int

    def dice(self, *names: object) -> Dice:
        """The stream of chance of that name."""
        return Dice("/".join(str(part) for part in (self.seed, *names)))


class Actor(Protocol):
    """Somebody or something that acts."""

    @property
    def name(self) -> str:
        """A name no other actor has; it seeds the actor's chances."""
        ...

    def chapters(self, stage: Stage) -> Iterator[Iterable[Happening]]:
        """What it does, in chapters that follow each other in time (days, hours); inside one, in any order."""
        ...


class Daily:
    """An actor that decides day by day."""

    name: str

    def chapters(self, stage: Stage) -> Iterator[Iterable[Happening]]:
        for day in stage.span.days:
            yield self.day(stage, day, stage.dice(self.name, day))

    def day(self, stage: Stage, day: date, dice: Dice) -> Iterable[Happening]:
        """What begins on that day of the city."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour: the moment it begins, what the city's clocks show then (0 to 23), and an actor's chances in it."""

    start: int
    of_day: int
    dice: Dice


class Hourly:
    """An actor that acts round the clock."""

    name: str

    def chapters(self, stage: Stage) -> Iterator[Iterable[Happening]]:
        for day in stage.span.days:
            for number, start in enumerate(stage.span.hours(day)):
                of_day = stage.span.local(start).hour
                yield self.hour(Hour(start, of_day, stage.dice(self.name, day, number)))

    def hour(self, now: Hour) -> Iterable[Happening]:
        """What begins in that hour."""
        raise NotImplementedError


def _life(actor: Actor, stage: Stage) -> Iterator[Happening]:
    """All that an actor does within the span, in order."""
    last = 0
    for chapter in actor.chapters(stage):
        for happening in sorted(chapter, key=_BY_TIME):
            if happening.at < last:
                raise AssertionError(f"{actor.name} goes back in time")
            last = happening.at
            if stage.span.start <= happening.at < stage.span.end:
                yield happening


def play(actors: Sequence[Actor], stage: Stage) -> Iterator[Happening]:
    """Everything that everybody does, in order of time; what falls on the same moment in the order of the actors."""
    names = [actor.name for actor in actors]
    if len(dict.fromkeys(names)) != len(names):
        raise AssertionError("two actors share a name")
    return heapq.merge(*(_life(actor, stage) for actor in actors), key=_BY_TIME)
