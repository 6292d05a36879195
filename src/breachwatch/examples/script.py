"""The script of an example: prose, files that people write, and commands with who types them and when.

It is Markdown. A fenced block whose first word is `console` holds commands, one a line, without the name of the
program; `at` is the city's time, one minute passes from command to command:

    ```console at=2026-10-30T06:40 as=security.analyst
    queue
    incident show 1
    ```

A block whose first word is `file` is written to the path that follows, relative to the workspace. Further words of a
console block: `show=N` leaves out of the page what comes after N lines of output, `ends=CODE` is the exit code where
it is not 0. The word `$SHA256` in a command stands for the last SHA-256 that was shown.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from breachwatch.errors import DataError, UnknownNameError

EXAMPLES = {"odessa": "America/Chicago", "oxnard": "America/Los_Angeles"}
"""The examples, and the time zone in which each is told."""

_FENCE = re.compile(r"^```(?P<words>.*)\n(?P<body>(?:.*\n)*?)```$", re.MULTILINE)
_BROKEN = "\\\n"
"""A backslash at the end of a line: the command goes on in the next, as in a shell."""
BETWEEN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Prose:
    """Text of the page, as Markdown."""

    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """A file that somebody writes; `path` is relative to the workspace."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A command: its words without the program's name, who types it (a login, or nobody in particular), and when.

    `at` is aware, in the city's zone. `shown` is how many lines of output the page has; None: all.
    """

    at: datetime
    login: str
    line: str
    shown: int | None = None
    ends: int = 0

    @property
    def arguments(self) -> list[str]:
        """The words as a shell would give them to the program."""
        return [*(["--as", self.login] if self.login else []), *shlex.split(self.line.replace(_BROKEN, ""))]

    @property
    def as_typed(self) -> str:
        """The whole line, as a person types it."""
        return f"breachwatch {f'--as {self.login} ' if self.login else ''}{self.line}"


Step = Prose | Written | Typed


@dataclass(frozen=True, slots=True)
class Script:
    """An example: its name and its steps, in order."""

    name: str
    steps: tuple[Step, ...]


def read_script(name: str) -> Script:
    """The script of an example of the package. Raises UnknownNameError."""
    if name not in EXAMPLES:
        raise UnknownNameError("example", name, EXAMPLES)
    text = (files("breachwatch.examples") / f"{name}.md").read_text(encoding="utf-8")
    return Script(name, tuple(steps_of(text, ZoneInfo(EXAMPLES[name]))))


def steps_of(text: str, zone: ZoneInfo) -> Iterator[Step]:
    """The steps of a script, its times in `zone`. Raises DataError for a file outside the workspace."""
    end = 0
    for block in _FENCE.finditer(text):
        yield Prose(text[end : block.start()])
        end = block.end()
        kind, *words = block["words"].split() or [""]
        if kind == "file" and len(words) == 1:
            yield _written(words[0], block["body"])
        elif kind == "console":
            yield from _typed(dict(word.split("=", 1) for word in words), block["body"], zone)
        else:
            yield Prose(block[0])
    yield Prose(text[end:])


def _written(path: str, text: str) -> Written:
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        msg = f"a script writes below the workspace alone, not to {path}."
        raise DataError(msg)
    return Written(path, text)


def _typed(words: dict[str, str], body: str, zone: ZoneInfo) -> Iterator[Typed]:
    at = datetime.fromisoformat(words["at"]).replace(tzinfo=zone)
    shown = int(words["show"]) if "show" in words else None
    for line in body.replace(_BROKEN, "\0").splitlines():
        yield Typed(at, words.get("as", ""), line.replace("\0", _BROKEN), shown, int(words.get("ends", "0")))
        at += BETWEEN
