"""A correlation read: which rules, which condition, which windows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionNOT,
    SigmaCorrelationCondition,
    SigmaCorrelationConditionOperator,
    SigmaCorrelationRule,
    SigmaCorrelationType,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)
from sigma.exceptions import SigmaCorrelationRuleError

RANGE_KEY = "breachwatch range"
"""Custom attribute with the further conditions of a range (`gte` and `lte`), of which pySigma takes only one."""

MAX_RULES = 50
MAX_TERMS = 64

_Op = SigmaCorrelationConditionOperator
_OPERATORS = {_Op.LT: "<", _Op.LTE: "<=", _Op.GT: ">", _Op.GTE: ">=", _Op.EQ: "=", _Op.NEQ: "<>"}
_TEMPORAL = (SigmaCorrelationType.TEMPORAL, SigmaCorrelationType.TEMPORAL_ORDERED)
_COUNTS = (SigmaCorrelationType.EVENT_COUNT, SigmaCorrelationType.VALUE_COUNT, SigmaCorrelationType.TEMPORAL)


@dataclass(frozen=True, slots=True)
class Term:
    """One way to fulfil a condition: rules (steps, counted from 1) that match, in order, and rules that do not."""

    wanted: tuple[int, ...]
    absent: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a correlation asks.

    `conditions` are operators and numbers that its measure is held against; empty where the terms say it all.
    """

    rule: SigmaCorrelationRule
    references: tuple[SigmaRuleReference, ...]
    terms: tuple[Term, ...]
    conditions: tuple[tuple[str, int | float], ...] = ()

    @property
    def kind(self) -> SigmaCorrelationType:
        return self.rule.type

    @property
    def ordered(self) -> bool:
        return self.kind is SigmaCorrelationType.TEMPORAL_ORDERED

    @property
    def counts(self) -> bool:
        """Whether each event counts once, however many of the rules it matches."""
        return self.kind not in _TEMPORAL

    @property
    def ahead(self) -> bool:
        """Whether windows begin with an event and look ahead, and count only once they were read to their end."""
        return len(self.terms) > 1 or bool(self.terms[0].absent)

    @property
    def span(self) -> int:
        """Length of a window in seconds."""
        return int(self.rule.timespan.seconds)

    @property
    def needs_whole_windows(self) -> bool:
        """Whether the condition can become true by seeing fewer events."""
        growing = all(operator in (">", ">=") for operator, _ in self.conditions)
        return self.ahead or not growing or bool(self.conditions and self.kind not in _COUNTS)

    @property
    def group_by(self) -> tuple[str, ...]:
        return tuple(self.rule.group_by or ())

    @property
    def value_fields(self) -> tuple[str, ...]:
        """The fields whose values are counted or measured."""
        named = getattr(self.rule.condition, "fieldref", None)
        return (named,) if isinstance(named, str) else tuple(named or ())

    def key(self, values: Sequence[str]) -> str:
        """The group-by values as one SQL value: one column where one is enough, which windows go over faster."""
        if len(self.group_by) == 1:
            return values[0]
        return f"CAST([{', '.join(values)}] AS VARCHAR[])" if values else "''"

    def part(self, key: str, number: int) -> str:
        """A single value of a group, counted from 1, of its `key`."""
        return key if len(self.group_by) == 1 else f"{key}[{number}]"

    def listed(self, key: str) -> str:
        """The values of a group as a list, of its `key`."""
        if len(self.group_by) > 1:
            return key
        return f"CAST([{key if self.group_by else ''}] AS VARCHAR[])"

    def called(self, reference: SigmaRuleReference, name: str) -> str:
        """What the referenced rule calls the correlation's field `name`: its alias, or the name itself."""
        alias = self.rule.aliases.aliases.get(name) if self.rule.aliases else None
        if alias is None:
            return name
        known = {item.reference: field_name for item, field_name in alias.mapping.items()}
        for key in (reference.reference, str(reference.rule.id), reference.rule.name):
            if key in known:
                return known[key]
        msg = f"the alias {name!r} does not say what {reference.reference!r} calls it"
        raise SigmaCorrelationRuleError(msg)


def plan(rule: SigmaCorrelationRule) -> Plan:
    """Read a correlation whose references are resolved. Raises SigmaError."""
    references = tuple(rule.rules if rule.rules is not None else rule.referenced_rules)
    if not references or len(references) > MAX_RULES:
        msg = f"a correlation is over 1 to {MAX_RULES} rules, not {len(references)}"
        raise SigmaCorrelationRuleError(msg)
    every = Term(tuple(range(1, len(references) + 1)))
    if isinstance(rule.condition, SigmaExtendedCorrelationCondition):
        return Plan(rule, references, _boolean_terms(rule.condition, references))
    if rule.type is SigmaCorrelationType.TEMPORAL_ORDERED:
        return Plan(rule, references, _subsequences(rule.condition, len(references)))
    _check_values(rule)
    more = [(_OPERATORS[operator], number) for operator, number in rule.custom_attributes.get(RANGE_KEY, ())]
    return Plan(rule, references, (every,), ((_OPERATORS[rule.condition.op], rule.condition.count), *more))


def _check_values(rule: SigmaCorrelationRule) -> None:
    assert isinstance(rule.condition, SigmaCorrelationCondition)  # noqa: S101 - the caller looked
    if isinstance(rule.condition.fieldref, list) and rule.type is not SigmaCorrelationType.VALUE_COUNT:
        msg = "only value_count takes several fields"
        raise SigmaCorrelationRuleError(msg)
    percentile = rule.condition.percentile
    if rule.type is SigmaCorrelationType.VALUE_PERCENTILE and (percentile is None or not 0 <= percentile <= 100):
        msg = "value_percentile needs `percentile` from 0 to 100 in its condition"
        raise SigmaCorrelationRuleError(msg)


def _subsequences(condition: SigmaCorrelationCondition, rules: int) -> tuple[Term, ...]:
    """All rules in their order, or any `gte` of them in their order."""
    least = {
        _Op.GTE: math.ceil(condition.count),
        _Op.GT: math.floor(condition.count) + 1,
        _Op.EQ: rules if condition.count == rules else 0,
    }.get(condition.op, 0)
    if not 1 <= least <= rules:
        msg = f"temporal_ordered over {rules} rules takes `gte` with a number from 1 to {rules}"
        raise SigmaCorrelationRuleError(msg)
    if math.comb(rules, least) > MAX_TERMS:
        msg = f"there are more than {MAX_TERMS} ways to choose {least} of {rules} rules"
        raise SigmaCorrelationRuleError(msg)
    return tuple(Term(steps) for steps in itertools.combinations(range(1, rules + 1), least))


def _boolean_terms(
    condition: SigmaExtendedCorrelationCondition, references: Sequence[SigmaRuleReference]
) -> tuple[Term, ...]:
    """The condition as alternatives (its disjunctive normal form)."""
    steps = {reference.reference: number for number, reference in enumerate(references, 1)}
    found: dict[Term, None] = {}
    for wanted, absent in _alternatives(condition.parsed, steps, negated=False):
        if not wanted:
            msg = (
                f"its condition `{condition.expression[:200]}` would hold where nothing happens at all. Say after what "
                "the others must be absent, as in `a and not b`."
            )
            raise SigmaCorrelationRuleError(msg)
        found[Term(tuple(sorted(wanted)), tuple(sorted(absent)))] = None
    if not found:
        msg = f"its condition `{condition.expression[:200]}` can never hold"
        raise SigmaCorrelationRuleError(msg)
    return tuple(found)


_Alternative = tuple[frozenset[int], frozenset[int]]


def _alternatives(
    node: CorrelationConditionItem | SigmaRuleReference, steps: dict[str, int], *, negated: bool
) -> list[_Alternative]:
    if isinstance(node, SigmaRuleReference):
        step = frozenset({steps[node.reference]})
        return [(frozenset(), step)] if negated else [(step, frozenset())]
    if isinstance(node, CorrelationConditionNOT):
        return _alternatives(node.args[0], steps, negated=not negated)
    parts = [_alternatives(arg, steps, negated=negated) for arg in node.args]
    if isinstance(node, CorrelationConditionAND) == negated:  # an `or`, or an `and` that is negated
        return _bounded(list(itertools.chain.from_iterable(parts)))
    found: list[_Alternative] = [(frozenset(), frozenset())]
    for part in parts:
        joined = [(wanted | more, absent | less) for wanted, absent in found for more, less in part]
        found = _bounded([item for item in dict.fromkeys(joined) if not item[0] & item[1]])
    return found


def _bounded(found: list[_Alternative]) -> list[_Alternative]:
    if len(found) > MAX_TERMS:
        msg = f"its condition has more than {MAX_TERMS} alternatives"
        raise SigmaCorrelationRuleError(msg)
    return found
