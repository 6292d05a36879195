"""Python's search for cyclic garbage, made rare while rows are made.

Rows are millions of objects of which none lies in a cycle; the search comes by once for every few hundred of them, and
looks at all that live. While segments are parsed it comes by less often: what it has to find waits a little longer.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

_RARELY: Final = (100_000, 20, 100)


class _Search:
    """How often the search comes by is a setting of the process, whichever of its threads parse."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at_work = 0
        self._before = gc.get_threshold()

    def begin(self) -> None:
        with self._lock:
            if not self._at_work:
                self._before = gc.get_threshold()
                gc.set_threshold(*_RARELY)
            self._at_work += 1

    def end(self) -> None:
        with self._lock:
            self._at_work -= 1
            if not self._at_work:
                gc.set_threshold(*self._before)


_SEARCH: Final = _Search()


@contextmanager
def searched_rarely() -> Iterator[None]:
    """Within this block, in any thread, garbage is looked for rarely; afterwards as often as before."""
    _SEARCH.begin()
    try:
        yield
    finally:
        _SEARCH.end()
