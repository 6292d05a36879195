"""Secrets of sources: from a file that a `*_file` key names, or from the environment; never from the settings.

The environment variable of a source's secret is `BREACHWATCH_SECRET_<SOURCE>_<KEY>`, both in capitals, every other
character than letters and digits as `_`: `BREACHWATCH_SECRET_OKTA_CITY_TOKEN` is `token` of the source `okta-city`.
"""

from __future__ import annotations

import os
import re

from breachwatch.errors import SettingsError
from breachwatch.workspace import Workspace

_MOST_BYTES = 64 * 1024


def variable_of(source: str, key: str) -> str:
    """The environment variable that may hold the secret `key` of a source."""
    return "BREACHWATCH_SECRET_" + re.sub(r"[^A-Z0-9]", "_", f"{source}_{key}".upper())


def read_secret(ws: Workspace, source: str, key: str, file: str, owner: str = "") -> str:
    """The secret `key` of a source, without blanks around it: from `file` where one is named, else the environment.

    `file` is what the key `<key>_file` says; relative paths start at the workspace. `owner` is what messages call it.
    Raises SettingsError, without a word of the secret, where there is none or it cannot be one.
    """
    variable = variable_of(source, key)
    owner = owner or f"source {source!r}"
    if file:
        where = f"{key}_file of {owner} ({ws.path(file)})"
        text = _read(ws, file, where)
    else:
        where = f"the environment variable {variable}"
        text = os.environ.get(variable, "")
    secret = text.strip()
    if not secret:
        fix = f"Name a file that holds it in {key}_file, or set the environment variable {variable}."
        msg = f"{owner} needs the secret {key!r}, and there is none in {where}. {fix}"
        raise SettingsError(msg)
    if any(ord(c) < 0x20 and c not in "\r\n\t" for c in secret) or not secret.isascii():
        msg = f"the secret in {where} holds characters that no secret has. Was it saved in another encoding?"
        raise SettingsError(msg)
    return secret


def _read(ws: Workspace, file: str, where: str) -> str:
    try:
        with ws.path(file).open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        msg = f"cannot read {where}: {error.strerror}"
        raise SettingsError(msg) from None
    if len(data) > _MOST_BYTES:
        msg = f"{where} is longer than {_MOST_BYTES} bytes: that is no secret"
        raise SettingsError(msg)
    return data.decode("utf-8-sig", "replace")
