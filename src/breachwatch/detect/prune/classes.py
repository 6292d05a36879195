"""Classes of characters in regular expressions: which characters of ASCII they stand for."""

from __future__ import annotations

FOLDS_OTHERWISE = frozenset("sSkK")
"""Regardless of case, RE2 takes the long s (U+017F) for s and the Kelvin sign for k (Unicode simple folding), which
lower() does not, or not in every version."""

_DIGITS = frozenset("0123456789")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

ESCAPED: dict[str, frozenset[str] | None] = {
    "d": _DIGITS,
    "w": _DIGITS | _LETTERS | {"_"},
    "s": frozenset("\t\n\f\r "),
    **dict.fromkeys("DWS"),
    **{letter: frozenset(char) for letter, char in zip("ntrfva", "\n\t\r\f\v\a", strict=True)},
}
"""What an escape stands for, Perl's classes as RE2 has them (of ASCII alone); None: others, too."""


def class_at(expression: str, at: int) -> tuple[frozenset[str] | None, int]:
    """The characters of the class that begins at `[`, and where it ends; None where it holds others than of ASCII.

    Raises IndexError where it does not end.
    """
    chars: set[str] = set()
    known = True
    at += 1
    if expression[at] == "^":
        known = False
        at += 1
    first = True
    while expression[at] != "]" or first:
        first = False
        if expression.startswith("[:", at) and ":]" in expression[at:]:
            known = False
            at = expression.index(":]", at) + 2
            continue
        one, at = _member(expression, at)
        if expression[at] == "-" and expression[at + 1] != "]":
            last, at = _member(expression, at + 1)
            known = known and one is not None and last is not None and len(one) == len(last) == 1
            if known and one and last:
                chars.update(map(chr, range(ord(min(one)), ord(min(last)) + 1)))
        else:
            known = known and one is not None
            chars |= one or set()
    return frozenset(chars) if known and "".join(chars).isascii() else None, at + 1


def _member(expression: str, at: int) -> tuple[frozenset[str] | None, int]:
    char = expression[at]
    if char != "\\":
        return frozenset(char), at + 1
    char = expression[at + 1]
    if char in ESCAPED:
        return ESCAPED[char], at + 2
    return None if char.isalnum() or not char.isascii() else frozenset(char), at + 2
