"""Listings of a store that go on past a key which the library refuses: one with an empty part, `.` or `..` in it.

Such a key makes the library refuse the whole page of a thousand that it is in. Then what is beside it is listed folder
by folder, and what comes after it from the next name that can be asked for. The key itself leads nowhere and is noted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from breachwatch.collect.paths import shown
from breachwatch.collect.places import RefusedError

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

_LISTED_AT_ONCE = 1000
_MOST_REFUSED = 100
"""So many refusals of one listing are gone around; somebody who makes more stops the source, in words."""

_BAD_KEY = re.compile(r'Path "(.{1,1024}?)"(?:: | contained )', re.DOTALL)
_BAD_PARTS = ("", ".", "..")
_LAST = "\U0010ffff"
"""Comes after every name that is below a folder."""


class Listing:
    """Lists what is below folders. `prefix` is what the store puts before each key, `check` may end it."""

    def __init__(self, store: ObjectStore, prefix: str, check: Callable[[], None]) -> None:
        self._store = store
        self._prefix = f"{prefix}/" if prefix else ""
        self._check = check
        self._refusals = 0
        self.refused: dict[str, None] = {}  # the keys that cannot be collected

    def below(self, folder: str, after: str | None = None) -> Iterator[ObjectMeta]:
        """All objects below a folder, from the first or after a name. One may come twice.

        Raises RefusedError where a key is in the way that cannot be gone around, and the library's own errors.
        """
        import obstore
        from obstore.exceptions import InvalidPathError

        try:
            for chunk in obstore.list(self._store, prefix=folder or None, offset=after, chunk_size=_LISTED_AT_ONCE):
                self._check()
                yield from chunk
        except InvalidPathError as error:
            key = self._note(str(error), folder)
        else:
            return
        part = key[len(folder) + 1 if folder else 0 :].partition("/")[0]
        below = f"{folder}/" if folder else ""
        # "0" is the next character after "/": of what is below a bad part, nothing comes later.
        beyond = f"{below}{part}0" if part in _BAD_PARTS else f"{below}{part}/{_LAST}"
        if after is not None and beyond <= after:
            raise RefusedError(unusable(key))
        if part not in _BAD_PARTS:
            yield from self._beside(folder, f"{below}{part}")
        yield from self.below(folder, beyond)

    def _beside(self, folder: str, holds_it: str) -> Iterator[ObjectMeta]:
        """What is right in a folder, and below the one of its folders that holds a bad key."""
        import obstore
        from obstore.exceptions import InvalidPathError

        self._check()
        try:
            found = obstore.list_with_delimiter(self._store, prefix=folder or None)
        except InvalidPathError as error:
            self._note(str(error), folder)
            yield from self.below(holds_it)
            return
        yield from found["objects"]
        for name in found["common_prefixes"]:
            if name <= holds_it:
                yield from self.below(name)

    def _note(self, error: str, folder: str) -> str:
        """The bad key that an error names, below the prefix."""
        self._refusals += 1
        named = _BAD_KEY.search(error)
        key = named[1] if named else ""
        within = f"{self._prefix}{folder}/" if folder else self._prefix
        if not key.startswith(within) or self._refusals > _MOST_REFUSED:
            raise RefusedError(unusable(key))
        self.refused[key] = None
        return key.removeprefix(self._prefix)


def unusable(key: str) -> str:
    """What is said of a bad key."""
    name = f", {shown(key)!r}," if key else ""
    what = f"the key of an object there{name} has an empty part or .. in it: that object cannot be collected"
    return f"{what}, and others right beside it may be left out. Delete or rename it and find out who made it."
