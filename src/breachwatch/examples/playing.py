"""Playing a script: files are written, commands carried out, and what came out is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from breachwatch.errors import BreachwatchError, EnvironmentFault, UsageError
from breachwatch.examples.script import Script, Step, Typed, Written

_DIFFERS = (
    (re.compile(r"\b((?:run|hunt)-\d{8}-)[0-9a-f]{8}\b"), r"\1xxxxxxxx"),  # the random part of a run's id
    (re.compile(r"\S*/bin/breachwatch\b"), "breachwatch"),  # where the program lies
    (re.compile(r"\b[0-9a-f]{16}(?:[0-9a-f]{48})?\b"), "x" * 16),  # hashes over what bears this machine's signature
    (re.compile(r"\b\d+(?:\.\d+)? (?:B|KiB|MiB)\b"), "x KiB"),  # sizes of evidence, which holds versions and signatures
    (re.compile(r"\b[\d,]+ bytes\b"), "x bytes"),
    (re.compile(r"\d+ rules over"), "all rules over"),
    (re.compile(r"\d+ rules name fields"), "some rules name fields"),
    (re.compile(r"\d+ no match, \d+ not applicable"), "the others no match or not applicable"),
)
"""What differs from machine to machine, or as rules are added; all else is the same each time an example is played."""


LAST_HASH = "$SHA256"
"""A word of a command that stands for the last SHA-256 that was shown."""
_HASH = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command gave: its exit code, and what it said on both streams in order."""

    code: int
    said: str


Command = Callable[[Sequence[str], datetime], Ran]
"""Carries out a command of breachwatch, given its words, at a moment (aware, UTC), in the current folder."""


@dataclass(frozen=True, slots=True)
class Happened:
    """A step of the script, and what a command said; empty for prose and files."""

    step: Step
    said: str = ""


class ExampleError(BreachwatchError):
    """A command of an example ended otherwise than its script says."""

    exit_code = 70


def play(script: Script, into: Path, run: Command, told: Callable[[Happened], None] | None = None) -> list[Happened]:
    """Carry out a script in the folder `into`, which is made and must be empty; `told` gets each step as it is done.

    Changes the process's current folder meanwhile. Raises UsageError for a folder that is not empty, ExampleError
    where a command ends otherwise than the script says.
    """
    into = into.absolute()
    _make_empty(into)
    done: list[Happened] = []
    shown = ""
    with chdir(into):
        for step in script.steps:
            said = _carry_out(step, run, shown)
            shown = next(reversed(_HASH.findall(said)), shown)
            happened = Happened(step, same_each_time(said, into))
            done.append(happened)
            if told is not None:
                told(happened)
    return done


def _carry_out(step: Step, run: Command, shown: str) -> str:
    if isinstance(step, Written):
        path = Path(step.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")
    if not isinstance(step, Typed):
        return ""
    ran = run([shown if word == LAST_HASH else word for word in step.arguments], step.at.astimezone(UTC))
    if ran.code != step.ends:
        msg = f"{step.as_typed} ended with {ran.code} where the example expects {step.ends}:\n{ran.said}"
        raise ExampleError(msg)
    return ran.said


def same_each_time(text: str, folder: Path) -> str:
    """The text without what differs from place to place."""
    text = text.replace(f"{folder}/", "").replace(str(folder), ".")
    for pattern, instead in _DIFFERS:
        text = pattern.sub(instead, text)
    return text


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            msg = f"{folder} is not empty. Name a new folder for the example."
            raise UsageError(msg)
    except OSError as error:
        msg = f"cannot make the folder {folder}: {error.strerror}."
        raise EnvironmentFault(msg) from error
