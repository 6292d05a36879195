"""What to type next: commands that work as they stand, from the folder the user is in."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

from breachwatch.errors import SettingsError
from breachwatch.workspace import find_root

_HARMLESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}")

_PLAIN_IN_DOUBLE_QUOTES = re.compile(r"[A-Za-z0-9 .,;:@=<>()*'_/-]*")


def command(*words: str, workspace: Path | str | None = None) -> str:
    """`breachwatch WORDS`, with the program's path where it is not on PATH and `-w` where the folder does not tell."""
    start = [_program()]
    if workspace is not None and not _is_found(Path(workspace)):
        start += ["-w", _short(Path(workspace))]
    return " ".join(_quoted(word) for word in (*start, *words))


def can_be_typed(value: str) -> bool:
    """Whether log content may stand in a command that we suggest: plain letters, digits and a few signs only."""
    return _HARMLESS.fullmatch(value) is not None


def _quoted(word: str) -> str:
    """Quoted for a shell; in double quotes where that reads better and means the same."""
    if "'" in word and _PLAIN_IN_DOUBLE_QUOTES.fullmatch(word):
        return f'"{word}"'
    return shlex.quote(word)


def _program() -> str:
    if shutil.which("breachwatch"):
        return "breachwatch"
    return _short(Path(sys.executable).parent / "breachwatch")


def _is_found(workspace: Path) -> bool:
    try:
        return find_root().resolve() == workspace.resolve()
    except SettingsError:
        return False


def _short(path: Path) -> str:
    absolute = path.absolute()
    try:
        return str(absolute.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(absolute)
