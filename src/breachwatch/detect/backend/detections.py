"""The `detection` of a rule as pySigma's objects, read more closely than pySigma does.

- whole numbers stay exact (pySigma goes through floating point, which ends at 2^53);
- numbers under a text modifier are texts, and texts under a number's modifier numbers, where they are some;
- placeholders (`expand`) become the values that the settings give, before any other modifier sees them;
- the modifiers are those of `modifiers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

from sigma.conditions import SigmaCondition
from sigma.exceptions import SigmaDetectionError, SigmaModifierError, SigmaPlaceholderError
from sigma.modifiers import SigmaRegularExpressionModifier
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import SigmaExpansion, SigmaNumber, SigmaString, SigmaType, sigma_type

from breachwatch.detect.backend.modifiers import MODIFIERS
from breachwatch.detect.placeholders import ValuesOf, no_values

EXPANDED_VALUES = 100_000
"""So many values may stand for one value with placeholders."""

_PLACEHOLDER = re.compile(r"%([^%\\\s][^%\\]*)%")
_NUMERIC = frozenset({"lt", "lte", "gt", "gte", "minute", "hour", "day", "week", "month", "year"})
_TEXTUAL = frozenset(
    {
        *("contains", "startswith", "endswith", "re", "cased", "windash", "base64", "base64offset"),
        *("wide", "utf16", "utf16le", "utf16be", "expand", "cidr"),
    }
)
_WHOLE = re.compile(r"[-+]?[0-9]{1,300}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,300}\.[0-9]{1,300}")


def detections_of(definition: Mapping[str, Any], values_of: ValuesOf = no_values) -> SigmaDetections:
    """The detections and conditions of a rule. Raises SigmaError."""
    if "condition" not in definition:
        msg = "`detection` has no condition"
        raise SigmaDetectionError(msg)
    condition = definition["condition"]
    named = {str(name): _detection(part, values_of) for name, part in definition.items() if name != "condition"}
    return SigmaDetections(named, condition if isinstance(condition, list) else [condition])


class _ReadOnce(SigmaCondition):
    """A condition that is parsed once: pySigma parses it anew each time it is asked for, in case the rule changed."""

    @cached_property
    def parsed(self) -> Any:
        return self.parse()


def read_once(detections: SigmaDetections) -> None:
    """Parse the conditions of a rule, which changes no more, only once."""
    detections.parsed_condition = [
        _ReadOnce(item.condition, item.detections, item.source) for item in detections.parsed_condition
    ]


def _detection(definition: Any, values_of: ValuesOf) -> SigmaDetection:
    if isinstance(definition, Mapping):
        return SigmaDetection([_item(key, value, values_of) for key, value in definition.items()])
    if isinstance(definition, list) and any(isinstance(part, Mapping | list) for part in definition):
        return SigmaDetection([_detection(part, values_of) for part in definition])
    return SigmaDetection([_item("", definition, values_of)])


def _item(key: object, value: Any, values_of: ValuesOf) -> SigmaDetectionItem:
    name, *modifiers = str(key).split("|")
    unknown = [modifier for modifier in modifiers if modifier not in MODIFIERS]
    if unknown:
        msg = f"unknown modifier {unknown[0]!r}"
        raise SigmaModifierError(msg)
    listed = value if isinstance(value, list) else [value]
    plain = [_typed(item, modifiers) for item in listed]
    expanded = [_expanded(item, modifiers, values_of) if "expand" in modifiers else item for item in plain]
    # Filled in first: Base64 of a placeholder would be that of its name, and no number is called %limit%.
    classes = [MODIFIERS[modifier] for modifier in modifiers if modifier != "expand"]
    item = SigmaDetectionItem(name or None, classes, expanded)
    item.original_value = plain
    return item


def _typed(value: Any, modifiers: Sequence[str]) -> SigmaType:
    if isinstance(value, int | float) and not isinstance(value, bool) and _TEXTUAL & set(modifiers):
        value = str(value)
    if isinstance(value, str):
        if "re" in modifiers:
            return SigmaString.from_str(value)
        if _NUMERIC & set(modifiers) and "expand" not in modifiers:
            value = _number(value)
    made = sigma_type(value)
    if isinstance(made, SigmaNumber) and isinstance(value, int):
        made.number = value
    return made


def _number(text: str) -> int | float | str:
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _expanded(value: SigmaType, modifiers: Sequence[str], values_of: ValuesOf) -> SigmaType:
    """A text with placeholders as all the texts it stands for; any of them will do, even under `all`."""
    if not isinstance(value, SigmaString):
        return value
    text = value.original
    pieces = _PLACEHOLDER.split(text)  # text, name, text, name, ..., text
    if len(pieces) == 1:
        return value
    choices = [[piece] if number % 2 == 0 else list(values_of(piece)) for number, piece in enumerate(pieces)]
    if prod(len(choice) for choice in choices) > EXPANDED_VALUES:
        msg = f"the placeholders of {text[:100]!r} stand for more than {EXPANDED_VALUES} values"
        raise SigmaPlaceholderError(msg)
    return SigmaExpansion([_typed(text, _without(modifiers)) for text in _combined(choices, modifiers)])


def _without(modifiers: Sequence[str]) -> list[str]:
    return [modifier for modifier in modifiers if modifier != "expand"]


def _combined(choices: Sequence[Sequence[str]], modifiers: Sequence[str]) -> Iterator[str]:
    """The texts; under `re` the given values stand for themselves, whatever characters they hold."""
    if SigmaRegularExpressionModifier in [MODIFIERS[modifier] for modifier in modifiers]:
        choices = [choice if n % 2 == 0 else [_quoted(value) for value in choice] for n, choice in enumerate(choices)]
    for pieces in product(*choices):
        yield "".join(pieces)


def _quoted(text: str) -> str:
    """The text as a regular expression of RE2 that matches it alone."""
    return re.sub(r"([^\w])", lambda found: rf"\x{{{ord(found[0]):x}}}", text)
