"""Python's search for cyclic garbage, kept off what thousands of rules hold for a whole night.

Each such search looks through every object there is, rule by rule, for what nobody holds any more: without this a
twentieth of a night's time, and for nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def not_sought() -> Iterator[None]:
    """No search for cyclic garbage meanwhile: for work that makes much, and none of it cyclic."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def set_aside() -> Iterator[None]:
    """What there is now is not looked through meanwhile; what comes is."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
