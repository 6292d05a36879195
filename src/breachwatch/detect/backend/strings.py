"""Sigma strings as SQL: equality, contains, startswith, endswith and wildcards.

Without `cased` a comparison ignores case: both sides go through DuckDB's lower(), which maps every Unicode letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sigma.exceptions import SigmaPlaceholderError
from sigma.types import Placeholder, SigmaFieldReference, SigmaString, SpecialChars

from breachwatch.detect.backend.literals import lowered, quoted
from breachwatch.detect.backend.modifiers import DASHES, Dash
from breachwatch.detect.backend.tables import Column

_ANY = SpecialChars.WILDCARD_MULTI
_ONE = SpecialChars.WILDCARD_SINGLE
_ESCAPE = "^"  # rather than a backslash, which Windows paths are full of

EXPRESSION_CHARS = 20_000
"""RE2 refuses an expression whose automaton needs too much memory; this much never does."""

_META = re.compile(r"[\\^$.|?*+()\[\]{}\-]")
Part = str | SpecialChars | Dash


def match(text: str, value: SigmaString, *, cased: bool) -> str:
    """SQL that is true where the SQL expression `text` matches `value`, NULL where `text` is NULL."""
    parts = parts_of(value)
    folded = text if cased else f"lower({text})"
    as_sql = quoted if cased else lowered
    if any(isinstance(part, Dash) for part in parts):
        return f"regexp_full_match({folded}, {as_sql(_expression(parts))})"
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


def match_one_of(text: str, values: Sequence[SigmaString]) -> str:
    """SQL that is true where `text` matches one of the values.

    The alternatives are few regular expressions: one pass over the text. Values with wildcards inside stand apart, for
    an automaton of many of those outgrows its memory.
    """
    chunks: list[list[str]] = []
    size = EXPRESSION_CHARS
    tests = []
    for value in values:
        parts = parts_of(value)
        if any(not isinstance(part, str) for part in parts[1:-1]):
            tests.append(match(text, value, cased=False))
            continue
        expression = _unanchored(parts)
        if size + len(expression) > EXPRESSION_CHARS:
            chunks.append([])
            size = 0
        chunks[-1].append(expression)
        size += len(expression)
    found = [f"regexp_matches(lower({text}), {lowered('(?s)' + '|'.join(chunk))})" for chunk in chunks]
    return f"({' OR '.join([*found, *tests])})"


def same_text(one: Column, other: Column, reference: SigmaFieldReference) -> str:
    """SQL that compares two fields as texts, regardless of case, the way a reference (modifier fieldref) says."""
    left, right = f"lower({one.text})", f"lower({other.text})"
    if reference.starts_with and reference.ends_with:
        return f"contains({left}, {right})"
    if reference.starts_with:
        return f"starts_with({left}, {right})"
    return f"ends_with({left}, {right})" if reference.ends_with else f"{left} = {right}"


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
        if isinstance(part, Placeholder) and not isinstance(part, Dash):
            msg = f"the placeholder %{part.name}% has no value here (modifier expand)"
            raise SigmaPlaceholderError(msg)
        if part == "":
            continue
        if parts and isinstance(part, str) and isinstance(parts[-1], str):
            parts[-1] += part
        elif not (part is _ANY and parts and parts[-1] is _ANY):
            parts.append(part)
    return parts


def _unanchored(parts: Sequence[Part]) -> str:
    """A regular expression that is found in the texts that match the parts, looked for anywhere."""
    inner = list(parts)
    before, after = "^", "$"
    if inner and inner[0] is _ANY:
        before, inner = "", inner[1:]
    if inner and inner[-1] is _ANY:
        after, inner = "", inner[:-1]
    return f"{before}{_pieces(inner)}{after}"


def _expression(parts: Sequence[Part]) -> str:
    return f"(?s){_pieces(parts)}"


def _pieces(parts: Sequence[Part]) -> str:
    """The parts as a regular expression of RE2. It stays the same in lower case: no escape in it is a letter."""
    return "".join(
        ".*" if part is _ANY else "." if part is _ONE else f"[{DASHES}]" if isinstance(part, Dash) else _literal(part)
        for part in parts
        if part != ""
    )


def _literal(part: Part) -> str:
    return _META.sub(r"\\\g<0>", part) if isinstance(part, str) else ""


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
