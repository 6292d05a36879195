"""What a test of a rule says, in words: `contains`, `is`, `is in`, `matches`."""

from __future__ import annotations

from sigma.modifiers import modifier_mapping
from sigma.rule import SigmaDetectionItem
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from breachwatch.detect.backend.modifiers import MODIFIERS

PATTERN_CHARS = 300

_COMPARISONS = {
    CompareOperators.LT: "is below",
    CompareOperators.LTE: "is at most",
    CompareOperators.GT: "is above",
    CompareOperators.GTE: "is at least",
}
_SHAPES = {"contains": "contains", "startswith": "starts with", "endswith": "ends with"}
_VERBS: dict[type[SigmaType], str] = {
    SigmaNull: "is missing",
    SigmaCIDRExpression: "is in",
    SigmaRegularExpression: "matches",
    SigmaTimestampPart: "is",
}
_NAMES = {modifier: name for known in (modifier_mapping, MODIFIERS) for name, modifier in known.items()}
_SAID = ("cased", "windash", "base64", "base64offset", "wide", "utf16", "utf16be", "expand")
"""Modifiers that change what is looked for, named in brackets."""


def test_of(item: SigmaDetectionItem, value: SigmaType) -> str:
    """The verb of a test: what a value of this item asks of its field."""
    modifiers = [_NAMES[modifier] for modifier in item.modifiers]
    verb = _verb(value, modifiers, keyword=item.field is None)
    said = [name for name in modifiers if name in _SAID]
    verb += f" ({', '.join(said)})" if said else ""
    return f"not {verb}" if item.negated else verb


def pattern_of(value: SigmaType, original: SigmaType) -> str:
    """What a test looks for, as the rule writes it, shortened."""
    match value:
        case SigmaNull() | SigmaExists():
            text = ""
        case SigmaCIDRExpression():
            text = value.cidr
        case SigmaFieldReference():
            text = value.field
        case SigmaCompareExpression():
            text = str(value.number)
        case SigmaRegularExpression():
            text = value.escape([], escape_escape_char=False, flag_prefix=True)
        case _:
            shown = original if isinstance(original, SigmaString) else value
            text = _plain(shown) if isinstance(shown, SigmaString) else str(shown)
    return text if len(text) <= PATTERN_CHARS else text[: PATTERN_CHARS - 3] + "..."


def _verb(value: SigmaType, modifiers: list[str], *, keyword: bool) -> str:
    shape = next((word for name, word in _SHAPES.items() if name in modifiers), "")
    if isinstance(value, SigmaExists):
        return "exists" if value.exists else "is missing"
    if isinstance(value, SigmaCompareExpression):
        return _unit(value.number) + _COMPARISONS[value.op]
    if isinstance(value, SigmaFieldReference):
        return f"{shape or 'is'} the value of"
    if type(value) in _VERBS:
        return _unit(value) + _VERBS[type(value)]
    if shape or keyword:
        return shape or "contains"
    first = value.values[0] if isinstance(value, SigmaExpansion) and value.values else value
    return "is like" if isinstance(first, SigmaString) and first.contains_special() else "is"


def _unit(value: SigmaType) -> str:
    return f"{value.timestamp_part.name.lower()} " if isinstance(value, SigmaTimestampPart) else ""


def _plain(text: SigmaString) -> str:
    """The text with its wildcards, but without the backslashes that Sigma needs before literal ones."""
    pieces = []
    for part in text.s:
        if isinstance(part, Placeholder):
            pieces.append(f"%{part.name}%")
        elif isinstance(part, SpecialChars):
            pieces.append("*" if part is SpecialChars.WILDCARD_MULTI else "?")
        else:
            pieces.append(part)
    return "".join(pieces)
