"""Texts that must occur wherever a regular expression matches.

Reads RE2's syntax (https://github.com/google/re2/wiki/Syntax) as far as it is sure of it: plain characters, escaped
punctuation, classes, groups, alternatives and repetitions. A class or any other item that stands for more than one text
ends a run of characters; an item that may be absent is left out; an expression with anything else has no bound.
"""

from __future__ import annotations

import re

from breachwatch.detect.prune.bounds import Bound, Leaf, every, some

# Regardless of case, RE2 takes the long s (U+017F) for s and the Kelvin sign for k (Unicode simple folding), which
# lower() does not, or not in every version; of other letters than ASCII's the table is too long to be sure of.
_FOLDS_OTHERWISE = frozenset("sSkK")
_ENDS_A_RUN = frozenset("dDwWsSbBAzntrfva")  # escapes that stand for a class, a place or one control character
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-[imsU]+)?([:)])")
_NAMED = re.compile(r"\(\?P?<\w+>")
_REPEATED = re.compile(r"[*+?]\??|\{\d+(?:,\d*)?\}\??")
_MIN_CHARS = 2  # or one that is no letter and no digit: those are rarer
_CHARS = 10_000


class _Unsure(Exception):
    """Something that this reader does not know."""


def expression_bound(expression: str, text: str) -> Bound | None:
    """What the SQL expression `text` must contain for a regular expression (as DuckDB gets it) to match in it."""
    if len(expression) > _CHARS:
        return None
    any_case = any("i" in found[1] for found in _FLAGS.finditer(expression))
    reader = _Reader(expression, text, any_case)
    try:
        bound = reader.alternatives()
    except (_Unsure, IndexError, RecursionError):
        return None
    return bound if reader.at == len(expression) else None


class _Reader:
    def __init__(self, expression: str, text: str, any_case: bool) -> None:
        self.expression = expression
        self.text = text
        self.any_case = any_case
        self.at = 0

    def alternatives(self) -> Bound | None:
        branches = [self._branch()]
        while self._next() == "|":
            self.at += 1
            branches.append(self._branch())
        return some(branches)

    def _next(self) -> str:
        return self.expression[self.at : self.at + 1]

    def _branch(self) -> Bound | None:
        found: list[Bound | None] = []
        run = ""
        while self._next() not in ("", "|", ")"):
            char, bound = self._item()
            repeated = _REPEATED.match(self.expression, self.at)
            if repeated:
                self.at = repeated.end()
                if _REPEATED.match(self.expression, self.at):
                    raise _Unsure
                if not repeated[0].startswith("+"):  # it may be absent
                    char, bound = "", None
            if char:
                run += char
            if not char or repeated:
                found += [self._run(run), bound]
                run = ""
        return every([*found, self._run(run)])

    def _run(self, run: str) -> Bound | None:
        tells = len(run) >= _MIN_CHARS or (run and not run.isalnum())
        return Leaf("has", self.text, (run,)) if tells else None

    def _item(self) -> tuple[str, Bound | None]:
        """The next item: a character that must stand there, or a bound, or neither."""
        char = self.expression[self.at]
        if char == "(":
            return "", self._group()
        self.at += 1
        if char == "[":
            self._skip_class()
            return "", None
        if char in ".^$":
            return "", None
        if char in "*+?":
            raise _Unsure
        if char == "\\":
            char = self.expression[self.at]
            self.at += 1
            if char in _ENDS_A_RUN:
                return "", None
            if char.isalnum() or not char.isascii():
                raise _Unsure
        if self.any_case and (char in _FOLDS_OTHERWISE or not char.isascii()):
            return "", None
        return char, None

    def _group(self) -> Bound | None:
        flags = _FLAGS.match(self.expression, self.at)
        named = _NAMED.match(self.expression, self.at)
        if flags:
            self.at = flags.end()
            if flags[2] == ")":
                return None
        elif named:
            self.at = named.end()
        elif self.expression.startswith("(?", self.at):
            raise _Unsure
        else:
            self.at += 1
        bound = self.alternatives()
        if self._next() != ")":
            raise _Unsure
        self.at += 1
        return bound

    def _skip_class(self) -> None:
        if self._next() == "^":
            self.at += 1
        first = True
        while self._next() != "]" or first:
            first = False
            if self.expression.startswith("[:", self.at):
                self.at = (
                    self.expression.index(":]", self.at) + 2 if ":]" in self.expression[self.at :] else self.at + 1
                )
                continue
            self.at += 2 if self.expression[self.at] == "\\" else 1
        self.at += 1
