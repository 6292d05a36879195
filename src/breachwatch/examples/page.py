"""A played example as a page of Markdown: the script's prose, and below each command what it said."""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.examples.playing import Happened
from breachwatch.examples.script import BETWEEN, Prose, Typed, Written


def as_page(done: Iterable[Happened]) -> str:
    """The page; what a script leaves out of it is counted. Commands that follow each other stand in one block."""
    parts: list[str] = []
    before: Typed | None = None
    for happened in done:
        match happened.step:
            case Prose(text):
                parts.append(text.strip("\n"))
            case Written(path, text):
                parts.append(f"`{path}`:\n\n```\n{text}```")
            case Typed() as typed:
                goes_on = bool(parts) and parts[-1].startswith(_OPEN)
                text = _console(
                    typed, happened.said, timed=not (goes_on and before and typed.at - before.at == BETWEEN)
                )
                before = typed
                if goes_on:
                    text = f"{parts.pop().removesuffix(_SHUT)}\n\n{text.removeprefix(_OPEN)}"
                parts.append(text)
    return "\n\n".join(part for part in parts if part) + "\n"


_OPEN, _SHUT = "```console\n", "\n```"


def _console(typed: Typed, said: str, *, timed: bool) -> str:
    lines = [line.rstrip() for line in said.strip("\n").splitlines()]
    shown = lines if typed.shown is None else lines[: typed.shown]
    left = len(lines) - len(shown)
    more = [f"... ({left} more line{'' if left == 1 else 's'})"] if left else []
    time = [f"# {typed.at:%a %Y-%m-%d %H:%M %Z}"] if timed else []
    return _OPEN + "\n".join([*time, f"$ {typed.as_typed}", *shown, *more]) + _SHUT
