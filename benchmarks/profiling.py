"""Where a search spends its time: the functions of its main thread that take most, by cProfile."""

from __future__ import annotations

import cProfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FUNCTIONS = 15


@dataclass(frozen=True, slots=True)
class Spent:
    """A function: its calls, seconds in itself, and seconds with all that it calls."""

    name: str
    calls: int
    own: float
    whole: float


def profiled(work: Callable[..., Any], *args: Any) -> list[Spent]:
    """Do `work(*args)`; the functions that took most seconds themselves, the first of them first."""
    profile = cProfile.Profile()
    profile.runcall(work, *args)
    profile.create_stats()
    known: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = profile.stats  # type: ignore[attr-defined]
    spent = [
        Spent(_name(name, file), calls, own, whole) for (file, _, name), (_, calls, own, whole, _) in known.items()
    ]
    return sorted(spent, key=lambda item: -item.own)[:FUNCTIONS]


def _name(function: str, file: str) -> str:
    """A function with the module that it stands in; one of a library written in C has none."""
    path = Path(file)
    return function.strip("<>") if file == "~" else f"{path.parent.name}.{path.stem}.{function}"
