"""What was read and compiled of rules, kept from one run to the next.

A cache is one file in the workspace's folder `state`: a signature, what the entries are valid for, then one line for
each entry, under the SHA-256 of a rule's text. An entry stays text until somebody asks for it.

**Who could tamper with it.** Compiled rules are SQL that will be run. Whoever may write into `state` could make a rule
find nothing, or have DuckDB read and write files with the rights of this program. So a file counts only if its first
line is the HMAC-SHA-256 (RFC 2104) of the rest under a secret that lies elsewhere: `keys/cache.key`, 0600, made on
first use; evidence is signed with another key. Any other file (cut off, altered, signed for another workspace or for
another purpose) is as good as none: the rules are read and compiled anew. To put back an older file of the workspace
wins nothing: it is valid only for the same program, mappings and filters, under which a text compiles to the same SQL.
Whoever can read `keys` as well can sign evidence and needs no cache; whoever can write `state` can still delete the
file, which costs time, or change the records database, which no cache can prevent.

Loading never unpickles and never evaluates: lines are JSON.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import uuid
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

KEY_NAME = "cache.key"
ENTRIES = 10_000
"""So many are kept, those that were asked for longest ago go first: a hunt with one rule must not empty the cache."""

_FILE_BYTES = 256 * 1024 * 1024
_KEY_BYTES = 32


class Cache:
    """JSON values of earlier runs by a hash; without a path it keeps nothing."""

    def __init__(self, path: Path | None, key_folder: Path | None, valid_for: Sequence[str]) -> None:
        self.path = path
        self._key_folder = key_folder
        self._head = hashlib.sha256("\0".join((path.name if path else "", *valid_for)).encode()).hexdigest().encode()
        self._entries: dict[str, bytes] = dict(self._load())
        self._changed = False

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def get(self, name: str) -> Any:
        """What was kept under a name; None where nothing was."""
        line = self._entries.pop(name, None)
        if line is None:
            return None
        self._entries[name] = line  # what is used goes to the end
        return json.loads(line)

    def put(self, name: str, value: Any) -> None:
        """Keep JSON data under a name (a hash: it stands in the file as it is)."""
        if self.path is None:
            return
        self._entries.pop(name, None)  # what is new goes to the end
        self._entries[name] = json.dumps(value, ensure_ascii=True).encode()
        self._changed = True

    def drop(self, name: str) -> None:
        """Forget what was kept under a name."""
        self._changed = self._entries.pop(name, None) is not None or self._changed

    def save(self) -> None:
        """Write the cache if something was added. Raises OSError where the folder cannot be written."""
        if not self._changed or self.path is None:
            return
        key = _key(self._key_folder, make=True)
        if key is None:
            return
        kept = list(self._entries.items())[-ENTRIES:]
        body = b"\n".join([self._head, *(name.encode() + b" " + line for name, line in kept)])
        scratch = self.path.with_name(f"{self.path.name}.{uuid.uuid4().hex}")
        try:
            with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(_signed(key, body).encode() + b"\n" + body)
            scratch.replace(self.path)
        finally:
            scratch.unlink(missing_ok=True)
        self._changed = False

    def _load(self) -> Iterable[tuple[str, bytes]]:
        key = None if self.path is None else _key(self._key_folder, make=False)
        if self.path is None or key is None:
            return
        try:
            with self.path.open("rb") as file:
                data = file.read(_FILE_BYTES)
        except OSError:  # none yet, or not ours to read
            return
        signature, _, body = data.partition(b"\n")
        if not hmac.compare_digest(signature, _signed(key, body).encode()):
            return
        head, *lines = body.split(b"\n")
        if head == self._head:
            for line in lines:
                name, _, value = line.partition(b" ")
                yield name.decode(), value


def _signed(key: bytes, body: bytes) -> str:
    return hmac.digest(key, body, "sha256").hex()


def _key(folder: Path | None, *, make: bool) -> bytes | None:
    """The workspace's secret for caches; None where there is none, or none that can be read or made.

    Then nothing is kept, which costs seconds and is no reason to end a run.
    """
    if folder is None:
        return None
    path = folder / KEY_NAME
    with contextlib.suppress(OSError):
        if make and not path.exists():
            scratch = path.with_name(f"{KEY_NAME}.{uuid.uuid4().hex}")
            with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
            with contextlib.suppress(FileExistsError):
                os.link(scratch, path)  # a link, unlike a rename, leaves the key that another process made
            scratch.unlink()
        key = path.read_bytes()
        return key if len(key) == _KEY_BYTES else None
    return None


@lru_cache
def as_json(kind: type) -> Any:
    """A pydantic TypeAdapter of a dataclass: `dump_python(value, mode="json")` and back by `validate_python`."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


@lru_cache(maxsize=1)
def program_revision() -> str:
    """A hash of the program that reads and compiles rules, and of the libraries it does it with.

    Made from the files themselves, so that no change of the compiler can be forgotten.
    """
    folder = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    for library in ("pysigma", "pyyaml"):
        digest.update(version(library).encode() + b"\0")
    return digest.hexdigest()


NO_CACHE = Cache(None, None, ())
"""Keeps nothing."""
