"""Sigma conditions as DuckDB SQL: a pySigma backend.

The SQL is plain and stands alone, so that it can be kept as evidence and run again by anybody. What holds for it:

- comparisons ignore case (both sides through lower()) unless the rule says `cased`; Base64 keeps its case;
- a missing field is NULL; `not` over it is true: NOT coalesce(..., false);
- a field that no schema names is looked up in the JSON column `extra`;
- a keyword is looked for in all text columns and in the values of `extra`.

Semantics: Sigma specification 2.1, "Rules" and appendix "Modifiers".
"""

from __future__ import annotations

from typing import Any, ClassVar

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.conversion.base import TextQueryBackend
from sigma.conversion.state import ConversionState
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaFeatureNotSupportedByBackendError, SigmaValueError
from sigma.rule import SigmaRule
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaFieldReference,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
)

from breachwatch.detect.backend.addresses import in_networks
from breachwatch.detect.backend.expressions import check_quietly
from breachwatch.detect.backend.literals import lowered
from breachwatch.detect.backend.numbers import compared, is_one_of
from breachwatch.detect.backend.scope import Scope
from breachwatch.detect.backend.strings import match, match_any, match_one_of, same_text
from breachwatch.detect.backend.tables import Kind
from breachwatch.detect.backend.values import alternatives, expect, expression_matches, keep_case, keyword, part_of

check_quietly()

BACKEND_VERSION = "5"
"""Raised with every change of the SQL that the same rule gives: compiled rules of another version are not reused."""

MANY_STRINGS = 6
"""From so many on, strings with wildcards over one field are one regular expression: one pass over the text."""

_OPERATORS = {
    CompareOperators.LT: "<",
    CompareOperators.LTE: "<=",
    CompareOperators.GT: ">",
    CompareOperators.GTE: ">=",
}


class DuckDBBackend(TextQueryBackend):
    """Sigma rules to DuckDB SQL.

    Used by `sigma convert -t breachwatch`: without a pipeline a rule searches the table `events` with a column for each
    field; with `-p breachwatch` it searches the datasets that its log source maps to.
    """

    identifier: ClassVar[str] = "breachwatch"  # sigma-cli's name of the target
    name: ClassVar[str] = "DuckDB (breachwatch)"
    formats: ClassVar[dict[str, str]] = {"default": "DuckDB SQL"}
    correlation_methods: ClassVar[dict[str, str]] = {"default": "sliding windows merged into episodes"}
    convert_or_as_in: ClassVar[bool] = True
    group_expression: ClassVar[str] = "({expr})"
    or_token: ClassVar[str] = "OR"  # noqa: S105 - no password
    and_token: ClassVar[str] = "AND"  # noqa: S105 - no password
    not_token: ClassVar[str] = "NOT"  # noqa: S105 - no password
    eq_token: ClassVar[str] = " = "  # noqa: S105 - no password
    field_not_exists_expression: ClassVar[str] = "{field} IS NULL"

    # --- whole rules --------------------------------------------------------------------------------------------------

    def condition(self, rule: SigmaRule, scope: Scope) -> str:
        """The rule's condition as one SQL expression over `scope.table`. Raises SigmaError."""
        for detection in rule.detection.detections.values():
            keep_case(detection)
        state = ConversionState(processing_state={"scope": scope})
        converted = [self.convert_condition(item.parsed, state) for item in rule.detection.parsed_condition]
        conditions = [str(sql) for sql in converted if sql]
        if not conditions:
            msg = "the rule's condition says nothing"
            raise SigmaValueError(msg)
        return conditions[0] if len(conditions) == 1 else "\nOR ".join(f"({sql})" for sql in conditions)

    def convert_rule(self, rule: SigmaRule, output_format: str | None = None, callback: Any = None) -> list[Any]:
        """One query for each table that the rule's log source maps to."""
        from breachwatch.detect.translating import queries_for_sigma_cli

        del callback
        if not hasattr(self, "last_processing_pipeline"):
            self.init_processing_pipeline(output_format)
        self.last_processing_pipeline.apply(rule)
        queries = queries_for_sigma_cli(self, rule, dict(self.last_processing_pipeline.state))
        rule.set_conversion_result(queries)
        return queries if rule._output else []

    def convert_correlation_rule(
        self,
        rule: SigmaCorrelationRule,
        output_format: str | None = None,
        method: str | None = None,
        callback: Any = None,
    ) -> list[Any]:
        """One query that gives the episodes of a correlation."""
        from breachwatch.detect.translating import correlation_for_sigma_cli

        del method, callback
        if not hasattr(self, "last_processing_pipeline"):
            self.init_processing_pipeline(output_format)
        queries = [correlation_for_sigma_cli(self, rule, dict(self.last_processing_pipeline.state))]
        rule.set_conversion_result(queries)
        return queries if rule._output else []

    # --- and, or, not -------------------------------------------------------------------------------------------------

    def convert_condition_and(self, cond: ConditionAND, state: ConversionState) -> str | None:
        return self._joined(cond, "AND", state)

    def convert_condition_or(self, cond: ConditionOR, state: ConversionState) -> str | None:
        return self._joined(cond, "OR", state)

    def convert_condition_not(self, cond: ConditionNOT, state: ConversionState) -> str | None:
        inner = self.convert_condition(cond.args[0], state)
        return f"NOT coalesce({inner}, false)" if inner else None

    def convert_condition_field_eq_expansion(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        values = alternatives(cond.value)
        anyone = ConditionOR([ConditionFieldEqualsValueExpression(cond.field, value) for value in values])
        return f"({self.convert_condition(anyone, state)})"

    def _joined(self, cond: ConditionAND | ConditionOR, word: str, state: ConversionState) -> str | None:
        parts = []
        for arg in cond.args:
            sql = self.convert_condition(arg, state)
            if sql:
                parts.append(f"({sql})" if isinstance(arg, ConditionAND | ConditionOR) else str(sql))
        return f"\n{word} ".join(parts) or None

    def decide_convert_condition_as_in_expression(
        self,
        cond: ConditionOR | ConditionAND,
        state: ConversionState,
    ) -> bool:
        if not isinstance(cond, ConditionOR) or len(cond.args) < 2:
            return False
        first = cond.args[0]
        if not isinstance(first, ConditionFieldEqualsValueExpression) or _scope(state).column(first.field).many:
            return False
        if networks_of(cond):
            return True
        if all(_plain(arg, first.field) for arg in cond.args):
            return len({type(_value(arg)) for arg in cond.args}) == 1
        return len(cond.args) >= MANY_STRINGS and all(_string(arg, first.field) for arg in cond.args)

    def convert_condition_as_in_expression(self, cond: ConditionOR | ConditionAND, state: ConversionState) -> str:
        scope = _scope(state)
        first = cond.args[0]
        assert isinstance(first, ConditionFieldEqualsValueExpression)  # noqa: S101 - decided above
        column = scope.column(first.field)
        values = [_value(arg) for arg in cond.args]
        if networks_of(cond):
            return in_networks(column.text, [expect(SigmaCIDRExpression, value).network for value in values])
        numbers = [value.number for value in values if isinstance(value, SigmaNumber)]
        if numbers:
            return is_one_of(column, numbers)
        strings = [scope.value(first.field, value) for value in values if isinstance(value, SigmaString)]
        if not all(_plain(arg, first.field) for arg in cond.args):
            return match_one_of(column.text, strings)
        texts = ["".join(str(part) for part in value.s) for value in strings]
        return f"lower({column.text}) IN ({', '.join(lowered(text) for text in texts)})"

    # --- one field and one value --------------------------------------------------------------------------------------

    def convert_condition_field_eq_val_str(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        scope = _scope(state)
        column = scope.column(cond.field)
        value = scope.value(cond.field, expect(SigmaString, cond.value))
        return (match_any if column.many else match)(column.text, value, cased=False)

    def convert_condition_field_eq_val_str_case_sensitive(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        column = _scope(state).column(cond.field)
        return (match_any if column.many else match)(column.text, expect(SigmaString, cond.value), cased=True)

    def convert_condition_field_eq_val_num(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        column, number = _scope(state).column(cond.field), expect(SigmaNumber, cond.value)
        if column.many:
            return match_any(column.text, SigmaString(str(number)), cased=True)
        return is_one_of(column, [number.number])

    def convert_condition_field_eq_val_bool(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        column = _scope(state).column(cond.field)
        word = "true" if expect(SigmaBool, cond.value).boolean else "false"
        if column.many:
            return match_any(column.text, SigmaString(word), cased=False)
        return f"{column.sql} = {word}" if column.kind is Kind.BOOLEAN else f"lower({column.text}) = '{word}'"

    def convert_condition_field_eq_val_re(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        expression = expect(SigmaRegularExpression, cond.value)
        return _scope(state).column(cond.field).each(lambda column: expression_matches(column.text, expression))

    def convert_condition_field_eq_val_cidr(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        network = expect(SigmaCIDRExpression, cond.value).network
        return _scope(state).column(cond.field).each(lambda column: in_networks(column.text, [network]))

    def convert_condition_field_compare_op_val(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        comparison = expect(SigmaCompareExpression, cond.value)
        column = _scope(state).column(cond.field)
        operator = _OPERATORS[comparison.op]
        if isinstance(comparison.number, SigmaTimestampPart):
            return f"{part_of(column, comparison.number.timestamp_part)} {operator} {comparison.number}"
        return column.each(lambda item: compared(item, operator, comparison.number.number))

    def convert_condition_field_eq_val_timestamp_part(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        number = expect(SigmaTimestampPart, cond.value)
        return f"{part_of(_scope(state).column(cond.field), number.timestamp_part)} = {number}"

    def convert_condition_field_eq_field(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        reference = expect(SigmaFieldReference, cond.value)
        scope = _scope(state)
        left, right = scope.column(cond.field), scope.column(reference.field)
        return left.each(
            lambda one: right.each(lambda other: same_text(one, other, reference), "other"),
        )

    def convert_condition_field_eq_val_null(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        return f"{_scope(state).column(cond.field).sql} IS NULL"

    def convert_condition_field_exists(self, cond: ConditionFieldEqualsValueExpression, state: ConversionState) -> str:
        return f"{_scope(state).column(cond.field).sql} IS NOT NULL"

    def convert_condition_field_not_exists(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        return f"{_scope(state).column(cond.field).sql} IS NULL"

    def convert_condition_field_eq_query_expr(
        self,
        cond: ConditionFieldEqualsValueExpression,  # noqa: ARG002 - pySigma's signature
        state: ConversionState,  # noqa: ARG002 - pySigma's signature
    ) -> str:
        msg = "ready-made query text is not put into SQL"
        raise SigmaFeatureNotSupportedByBackendError(msg)

    # --- keywords -----------------------------------------------------------------------------------------------------

    def convert_condition_val(self, cond: ConditionValueExpression, state: ConversionState) -> str:
        scope = _scope(state)
        if scope.table.open:
            msg = "keywords need a table with known columns: convert with the pipeline breachwatch"
            raise SigmaFeatureNotSupportedByBackendError(msg)
        scope.keywords = True
        return keyword(cond.value)


def _scope(state: ConversionState) -> Scope:
    scope = state.processing_state["scope"]
    assert isinstance(scope, Scope)  # noqa: S101 - set by `condition`
    return scope


def networks_of(cond: ConditionItem) -> str | None:
    """The field of a condition that asks of one field whether it lies in any of several networks; else None."""
    if not isinstance(cond, ConditionOR) or len(cond.args) < 2:
        return None
    fields = {
        item.field
        if isinstance(item, ConditionFieldEqualsValueExpression) and isinstance(item.value, SigmaCIDRExpression)
        else None
        for item in cond.args
    }
    return fields.pop() if len(fields) == 1 else None


def _value(item: object) -> SigmaType:
    value: SigmaType = item.value  # type: ignore[attr-defined]
    return value


def _string(item: ConditionItem | object, name: str) -> bool:
    return (
        isinstance(item, ConditionFieldEqualsValueExpression) and item.field == name and type(item.value) is SigmaString
    )


def _plain(item: ConditionItem | object, name: str) -> bool:
    if not isinstance(item, ConditionFieldEqualsValueExpression) or item.field != name:
        return False
    value = item.value
    if type(value) is SigmaString:
        return all(isinstance(part, str) for part in value.s)
    return type(value) is SigmaNumber
