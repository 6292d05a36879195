"""Sigma strings as SQL: equality, contains, startswith, endswith and wildcards.

Without `cased` a comparison ignores case: both sides go through DuckDB's lower(), which maps every Unicode letter.
"""

from __future__ import annotations

from collections.abc import Sequence

from sigma.exceptions import SigmaPlaceholderError
from sigma.types import Placeholder, SigmaString, SpecialChars

from breachwatch.detect.backend.literals import lowered, quoted

_ANY = SpecialChars.WILDCARD_MULTI
_ONE = SpecialChars.WILDCARD_SINGLE
_ESCAPE = "^"  # rather than a backslash, which Windows paths are full of

Part = str | SpecialChars


def match(text: str, value: SigmaString, *, cased: bool) -> str:
    """SQL that is true where the SQL expression `text` matches `value`, NULL where `text` is NULL."""
    parts = parts_of(value)
    folded = text if cased else f"lower({text})"
    as_sql = quoted if cased else lowered
    shape = ["*" if part is _ANY else "?" if part is _ONE else "s" for part in parts]
    words = [part for part in parts if isinstance(part, str)]
    word = as_sql(words[0]) if words else "''"
    simple = {
        "": f"{folded} = ''",
        "*": f"{text} IS NOT NULL",
        "s": f"{folded} = {word}",
        "s*": f"starts_with({folded}, {word})",
        "*s": f"ends_with({folded}, {word})",
        "*s*": f"contains({folded}, {word})",
    }
    known = simple.get("".join(shape))
    if known is not None:
        return known
    pattern, escape = _like(parts)
    return f"{folded} LIKE {as_sql(pattern)}{escape}"


def match_any(text: str, value: SigmaString, *, cased: bool) -> str:
    """SQL that is true where one of the lines of `text` matches `value`: how lists are stored in one column.

    A `*` in the middle of the value may span lines.
    """
    parts = list(value.s)
    whole = SigmaString()
    start = [] if parts and parts[0] is _ANY else ["\n"]
    end = [] if parts and parts[-1] is _ANY else ["\n"]
    whole.s = [_ANY, *start, *parts, *end, _ANY]
    return match(f"(chr(10) || {text} || chr(10))", whole, cased=cased)


def found_in(text: str, value: SigmaString, *, cased: bool) -> str:
    """SQL that is true where `value` occurs anywhere in `text`: what a keyword means."""
    anywhere = SigmaString()
    anywhere.s = [_ANY, *value.s, _ANY]
    return match(text, anywhere, cased=cased)


def parts_of(value: SigmaString) -> list[Part]:
    """The parts of a Sigma string, neighbouring texts joined and neighbouring `*` taken once.

    Raises SigmaPlaceholderError for a placeholder (modifier `expand`) that nothing has filled in.
    """
    parts: list[Part] = []
    for part in value.s:
        if isinstance(part, Placeholder):
            msg = f"the placeholder %{part.name}% has no value here (modifier expand)"
            raise SigmaPlaceholderError(msg)
        if part == "":
            continue
        if parts and isinstance(part, str) and isinstance(parts[-1], str):
            parts[-1] += part
        elif not (part is _ANY and parts and parts[-1] is _ANY):
            parts.append(part)
    return parts


def _like(parts: Sequence[Part]) -> tuple[str, str]:
    escaped = any(char in part for part in parts if isinstance(part, str) for char in "%_")
    pattern = []
    for part in parts:
        if part is _ANY:
            pattern.append("%")
        elif part is _ONE:
            pattern.append("_")
        elif isinstance(part, str):
            pattern.append(_escaped(part) if escaped else part)
    return "".join(pattern), f" ESCAPE '{_ESCAPE}'" if escaped else ""


def _escaped(text: str) -> str:
    return "".join(_ESCAPE + char if char in (_ESCAPE, "%", "_") else char for char in text)
