"""Adding a source to `breachwatch.toml` without touching what stands there, comments included."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from breachwatch.errors import EnvironmentFault, SettingsError
from breachwatch.settings_file import load_settings, parse_settings


def with_source(path: Path, values: Mapping[str, Any], remark: str) -> str:
    """The text of the settings file with one `[[sources]]` more at its end, below a comment.

    Values that are None are left out. Raises SettingsError where the file cannot be read, or would not be valid after.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    load_settings(path)  # what is wrong with it already is said first
    text = path.read_text(encoding="utf-8-sig")
    table = tomlkit.table()
    table.add(tomlkit.comment(remark))
    for key, value in values.items():
        if value is not None:
            table.add(key, value)
    listed = tomlkit.aot()
    listed.append(table)
    block = tomlkit.document()
    block.add("sources", listed)
    added = f"{text.rstrip()}\n\n{tomlkit.dumps(block)}"
    try:
        held = tomlkit.parse(text).get("sources")
    except TOMLKitError as error:
        msg = f"{path} cannot be edited: {error}. Add the source by hand."
        raise SettingsError(msg) from error
    if held is not None and not isinstance(held, tomlkit.items.AoT):
        msg = (
            f"{path} writes its sources as a list, `sources = [...]`. Write them as [[sources]] tables, then try again."
        )
        raise SettingsError(msg)
    parse_settings(added, path)
    return added


def write_settings(path: Path, text: str) -> None:
    """Put a new text in the place of the settings file: all of it or nothing. Raises EnvironmentFault."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(file.name, path.stat().st_mode & 0o7777)  # noqa: PTH101
        Path(file.name).replace(path)
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}."
        raise EnvironmentFault(msg) from error
