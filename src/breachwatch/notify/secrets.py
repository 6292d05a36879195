"""Every secret that the settings and the environment hold, so that none of them leaves in a message.

Messages are made of records, and no secret belongs there; but people type passwords where a name is asked for, and
addresses with tokens end up in logs. Whole secrets are looked for, and of addresses their passwords, queries and long
parts of the path, which is where services put tokens.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

from breachwatch.workspace import Workspace

SHORTEST = 6
"""Characters; anything shorter would strike out words of plain English."""

_MOST_BYTES = 64 * 1024
_TOKEN = 12  # characters of a part of a path that may be a token
_SECRET_WORDS = ("SECRET", "PASSWORD", "TOKEN", "_KEY", "CREDENTIAL")


def known_secrets(ws: Workspace) -> frozenset[str]:
    """The secrets of this workspace's settings and of the environment, and their telling parts."""
    found: set[str] = set()
    for value in (*_of_settings(ws, ws.settings), *_of_environment()):
        found.update(_parts(value))
    return frozenset(item for item in found if len(item) >= SHORTEST)


def _of_settings(ws: Workspace, section: BaseModel) -> Iterator[str]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from _of_settings(ws, value)
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, BaseModel):
                    yield from _of_settings(ws, item)
        elif name.endswith("_file") and isinstance(value, str) and value:
            yield from _of_file(ws.path(value))


def _of_file(path: Path) -> Iterator[str]:
    """The content of a secret's file, and each of its longer lines (PEM). One that cannot be read tells nothing."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        text = file.read(_MOST_BYTES).decode("utf-8-sig", "replace")
    yield text.strip()
    yield from (line.strip() for line in text.splitlines() if len(line.strip()) >= 20 and "-----" not in line)


def _of_environment() -> Iterator[str]:
    for name, value in os.environ.items():
        if name.startswith("BREACHWATCH_SECRET_") or (
            name.startswith("BREACHWATCH_") and any(word in name for word in (*_SECRET_WORDS, "URL"))
        ):
            yield value.strip()


def _parts(secret: str) -> Iterator[str]:
    yield secret
    if "://" not in secret:
        return
    try:
        address = urlsplit(secret)
        password = address.password
    except ValueError:
        return
    if password:
        yield password
        yield unquote(password)
    for part in address.path.split("/"):
        if len(part) >= _TOKEN:
            yield part
    for pair in address.query.split("&"):
        value = pair.partition("=")[2]
        if len(value) >= _TOKEN:
            yield value
            yield unquote(value)
