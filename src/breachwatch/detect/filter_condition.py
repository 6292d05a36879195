"""What a Sigma Filter's text says to pySigma; a condition that would hide all other events is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyparsing
from sigma.conditions import ConditionAND, ConditionNOT, ConditionOR
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaDetections

from breachwatch.detect.backend.detections import detections_of
from breachwatch.detect.placeholders import ValuesOf


def filter_of(document: Mapping[str, Any], values_of: ValuesOf) -> SigmaFilter:
    """A filter, its selections read as those of rules are. Raises ValueError that says why it cannot be applied."""
    try:
        parsed = _parsed(document, values_of)
        _refuse_keeping(parsed)
    except (SigmaError, pyparsing.ParseBaseException) as error:
        raise ValueError(" ".join(str(error).split())) from error
    return parsed


def _parsed(document: Mapping[str, Any], values_of: ValuesOf) -> SigmaFilter:
    said = document["filter"]
    named = {name: part for name, part in said.items() if name not in ("rules", "condition")}
    read_by_pysigma = {**said, **{name: {"field": "value"} for name in named}}
    parsed = SigmaFilter.from_dict({**document, "filter": read_by_pysigma})
    if named:
        parsed.filter.detections = detections_of({**named, "condition": parsed.filter.condition}, values_of).detections
    return parsed


def _refuse_keeping(parsed: SigmaFilter) -> None:
    """An event that no selection of the filter describes must still be reported."""
    probe = {name: {"field": "value"} for name in parsed.filter.detections}
    detections = SigmaDetections.from_dict({**probe, "condition": parsed.filter.condition})
    if not all(_holds_for_others(condition.parsed) for condition in detections.parsed_condition):
        msg = (
            f"its condition `{parsed.filter.condition[0]}` would keep only the events it describes and hide all "
            "others. Sigma joins it to the rule with `and`: write what to keep, as in `not selection`."
        )
        raise ValueError(msg)


def _holds_for_others(condition: object) -> bool:
    """The condition's value where every selection is false."""
    if isinstance(condition, ConditionNOT):
        return not _holds_for_others(condition.args[0])
    if isinstance(condition, ConditionAND):
        return all(_holds_for_others(arg) for arg in condition.args)
    if isinstance(condition, ConditionOR):
        return any(_holds_for_others(arg) for arg in condition.args)
    return False
