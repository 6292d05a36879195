"""What must occur wherever a regular expression matches.

Reads RE2's syntax (https://github.com/google/re2/wiki/Syntax) as far as it is sure of it: plain characters, escaped
punctuation, classes, groups, alternatives and repetitions. Characters in a row are one text; a class of few characters
makes several of it, of which one must occur. Where an expression says no text, but that many characters of a class
stand in a row, or that a match is long, this bounds it. An item that may be absent is left out; an expression with
anything else has no bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from breachwatch.detect.prune.bounds import Bound, Leaf, every, some
from breachwatch.detect.prune.classes import ESCAPED, FOLDS_OTHERWISE, class_at

_PLACES = frozenset("bBAz")  # escapes that stand for a place
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-[imsU]+)?([:)])")
_NAMED = re.compile(r"\(\?P?<\w+>")
_REPEATED = re.compile(r"(?:[*?]|(\+)|\{(\d+)(,\d*)?\})\??")
_MIN_CHARS = 2  # or one that is no letter and no digit: those are rarer
_TEXTS = 16
_MANY = 16  # so many characters in a row tell something, whatever they are
_CHARS = 10_000


class _Unsure(Exception):
    """Something that this reader does not know."""


@dataclass(frozen=True, slots=True)
class _Item:
    """What stands somewhere: a character of a set, or a group with its bound. `least` is its number of characters."""

    least: int = 0
    char: bool = False
    chars: frozenset[str] | None = None  # None: any
    bound: Bound | None = None

    def texts(self, *, any_case: bool) -> tuple[str, ...]:
        """The few characters that it may be; none where they are many, or not known."""
        if not self.chars or len(self.chars) > _TEXTS or (any_case and self.chars & FOLDS_OTHERWISE):
            return ()
        return tuple(sorted(self.chars))


def expression_bound(expression: str, text: str) -> Bound | None:
    """What the SQL expression `text` must contain for a regular expression (as DuckDB gets it) to match in it."""
    if len(expression) > _CHARS:
        return None
    any_case = any("i" in found[1] for found in _FLAGS.finditer(expression))
    reader = _Reader(expression, text, any_case)
    try:
        bound, least = reader.alternatives()
    except (_Unsure, IndexError, RecursionError):
        return None
    if reader.at != len(expression):
        return None
    return reader.run(least, None) if bound is None else bound


class _Reader:
    def __init__(self, expression: str, text: str, any_case: bool) -> None:
        self.expression = expression
        self.text = text
        self.any_case = any_case
        self.at = 0

    def alternatives(self) -> tuple[Bound | None, int]:
        """The bound of what comes, and the number of characters that it has at least."""
        branches = [self._branch()]
        while self._next() == "|":
            self.at += 1
            branches.append(self._branch())
        return some(bound for bound, _ in branches), min(least for _, least in branches)

    def run(self, least: int, chars: frozenset[str] | None) -> Bound | None:
        """So many characters of a set in a row. In lower case: each is then one byte still, others at least one."""
        if least < _MANY:
            return None
        if chars is None or not "".join(chars).isascii() or (self.any_case and chars & FOLDS_OTHERWISE):
            return Leaf("run", self.text, (str(least), ""))
        return Leaf("run", self.text, (str(least), "".join(sorted({char.lower() for char in chars}))))

    def _next(self) -> str:
        return self.expression[self.at : self.at + 1]

    def _branch(self) -> tuple[Bound | None, int]:
        found: list[Bound | None] = []
        texts: tuple[str, ...] = ("",)
        length = 0
        while self._next() not in ("", "|", ")"):
            item = self._item()
            least, more = self._repeated()
            length += least * item.least
            chars = item.texts(any_case=self.any_case) if least else ()
            if len(chars) * len(texts) > _TEXTS:
                found.append(self._has(texts))
                texts = ("",)
            texts = tuple(text + char for text in texts for char in chars or ("",))
            if more or not chars:
                found += [self._has(texts), item.bound if least else None]
                found.append(self.run(least, item.chars) if item.char and item.chars else None)
                texts = ("",)
        return every([*found, self._has(texts)]), length

    def _repeated(self) -> tuple[int, bool]:
        """How often the item stands there at least, and whether it may do so more often than once."""
        repeated = _REPEATED.match(self.expression, self.at)
        if not repeated:
            return 1, False
        self.at = repeated.end()
        if _REPEATED.match(self.expression, self.at):
            raise _Unsure
        least = int(repeated[2] or bool(repeated[1]))
        return least, (least, repeated[3]) != (1, None) or bool(repeated[1])

    def _has(self, texts: tuple[str, ...]) -> Bound | None:
        rare = len(texts) == 1 and texts[0] and not texts[0].isalnum()
        return Leaf("has", self.text, texts) if rare or len(texts[0]) >= _MIN_CHARS else None

    def _item(self) -> _Item:
        char = self.expression[self.at]
        if char == "(":
            return self._group()
        if char == "[":
            chars, self.at = class_at(self.expression, self.at)
            return _Item(1, True, chars)
        self.at += 1
        if char in "^$":
            return _Item()
        if char == ".":
            return _Item(1, True)
        if char in "*+?":
            raise _Unsure
        return self._escaped() if char == "\\" else self._plain(char)

    def _escaped(self) -> _Item:
        char = self.expression[self.at]
        self.at += 1
        if char in _PLACES:
            return _Item()
        if char in ESCAPED:
            return _Item(1, True, ESCAPED[char])
        if char.isalnum() or not char.isascii():
            raise _Unsure
        return self._plain(char)

    def _plain(self, char: str) -> _Item:
        # Of other letters than ASCII's, lower() and RE2 may fold differently.
        return _Item(1, True, frozenset(char) if char.isascii() or not self.any_case else None)

    def _group(self) -> _Item:
        flags = _FLAGS.match(self.expression, self.at)
        named = _NAMED.match(self.expression, self.at)
        if flags:
            self.at = flags.end()
            if flags[2] == ")":
                return _Item()
        elif named:
            self.at = named.end()
        elif self.expression.startswith("(?", self.at):
            raise _Unsure
        else:
            self.at += 1
        bound, least = self.alternatives()
        if self._next() != ")":
            raise _Unsure
        self.at += 1
        return _Item(least, bound=bound)
