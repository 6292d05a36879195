"""Sigma values as SQL where it takes more than a template: keywords, expressions, parts of times, Base64."""

from __future__ import annotations

from typing import TypeVar

from sigma.exceptions import SigmaValueError
from sigma.modifiers import (
    SigmaBase64Modifier,
    SigmaBase64OffsetModifier,
    SigmaCaseSensitiveModifier,
    SigmaUTF16BEModifier,
    SigmaUTF16Modifier,
    SigmaWideModifier,
)
from sigma.rule import SigmaDetection
from sigma.types import (
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaExpansion,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaType,
    TimestampPart,
)

from breachwatch.detect.backend.addresses import found_in_network
from breachwatch.detect.backend.literals import quoted
from breachwatch.detect.backend.scope import SEARCHED
from breachwatch.detect.backend.strings import found_in
from breachwatch.detect.backend.tables import Column, Kind

_T = TypeVar("_T")

_KEEP_CASE = {
    SigmaBase64Modifier,
    SigmaBase64OffsetModifier,
    SigmaCaseSensitiveModifier,
    SigmaUTF16BEModifier,
    SigmaUTF16Modifier,
    SigmaWideModifier,
}

_PARTS = {
    TimestampPart.MINUTE: "minute",
    TimestampPart.HOUR: "hour",
    TimestampPart.DAY: "day",
    TimestampPart.WEEK: "week",  # ISO 8601
    TimestampPart.MONTH: "month",
    TimestampPart.YEAR: "year",
}


def alternatives(value: SigmaType) -> list[SigmaType]:
    """The values that an expansion stands for, at any depth; of any other value itself."""
    if not isinstance(value, SigmaExpansion):
        return [value]
    return [one for item in value.values for one in alternatives(item)]


def keyword(value: SigmaType, text: str = SEARCHED) -> str:
    """SQL that is true where a value that no field is named for occurs anywhere in the event (or in `text`)."""
    match value:
        case SigmaExpansion():
            return "(" + " OR ".join(keyword(item, text) for item in value.values) + ")"
        case SigmaString():
            return found_in(text, value, cased=isinstance(value, SigmaCasedString))
        case SigmaNumber():
            return found_in(text, SigmaString(str(value)), cased=False)
        case SigmaRegularExpression():
            return expression_matches(text, value)
        case SigmaCIDRExpression():
            return found_in_network(text, value.network)
        case _:
            msg = f"a value of the kind {type(value).__name__.removeprefix('Sigma')} needs a field"
            raise SigmaValueError(msg)


def expression_matches(text: str, expression: SigmaRegularExpression) -> str:
    """SQL that is true where a regular expression matches anywhere in `text`."""
    return f"regexp_matches({text}, {expression_text(expression)})"


def expression_text(expression: SigmaRegularExpression) -> str:
    """A regular expression as an SQL literal.

    RE2, the engine of pySigma's default policy, is DuckDB's too. Flags stand inline: DuckDB's own option letters mean
    something else for `m`.
    """
    return quoted(expression.escape([], escape_escape_char=False, flag_prefix=True))


def part_of(column: Column, part: TimestampPart) -> str:
    """SQL of the minute, hour, day ... of a time (UTC). Raises SigmaValueError for a number."""
    if column.kind is Kind.NUMBER:
        msg = f"{column.sql} is a number, not a time"
        raise SigmaValueError(msg)
    time = column.sql if column.kind is Kind.TIME else f"TRY_CAST({column.text} AS TIMESTAMP)"
    return f"{_PARTS[part]}({time})"


def keep_case(detection: SigmaDetection) -> None:
    """Make texts in Base64 and UTF-16 compare with their case: in Base64 another case is another text.

    Of rules that pySigma read (`sigma convert`, Sigma Filters); `detections_of` makes them so itself.
    """
    for item in detection.detection_items:
        if isinstance(item, SigmaDetection):
            keep_case(item)
        elif _KEEP_CASE & set(item.modifiers):
            item.value = [_cased(value) for value in item.value]


def _cased(value: SigmaType) -> SigmaType:
    if isinstance(value, SigmaExpansion):
        value.values = [_cased(item) for item in value.values]
        return value
    return SigmaCasedString.from_sigma_string(value) if type(value) is SigmaString else value


def expect(kind: type[_T], value: object) -> _T:
    """`value`, which pySigma promises to be of this kind. Raises SigmaValueError where it is not."""
    if not isinstance(value, kind):
        msg = f"expected a {kind.__name__}, found {type(value).__name__}"
        raise SigmaValueError(msg)
    return value
