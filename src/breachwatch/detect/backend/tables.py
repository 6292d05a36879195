"""What the backend knows of a table: which field is which column, and of what kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

import pyarrow as pa

from breachwatch.detect.backend.literals import identifier, json_member, quoted
from breachwatch.lake.sql import column_names
from breachwatch.model.datasets_cloud import JSON, MANY


class Kind(StrEnum):
    """How a column's values compare."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Column:
    """A field as SQL. `known` is False for a field that no schema names, which is looked up in the JSON of the rest.

    `many`: the values of a list, one a line; a rule's value is compared with each. `json`: an object or list as text.
    """

    sql: str
    kind: Kind
    known: bool = True
    many: bool = False
    json: bool = False

    @property
    def text(self) -> str:
        """The value as text, as SQL."""
        return self.sql if self.kind is Kind.TEXT else f"CAST({self.sql} AS VARCHAR)"

    def each(self, test: Callable[[Column], str], name: str = "item") -> str:
        """SQL that is true where `test` holds for the value, or for one of the values of a list."""
        if not self.many:
            return test(self)
        found = f"list_filter(string_split({self.text}, chr(10)), lambda {name}: {test(Column(name, Kind.TEXT))})"
        return f"len({found}) > 0"

    @property
    def number(self) -> str:
        """The value as a number, as SQL; NULL where the text is none.

        DECIMAL rather than DOUBLE: 'nan' and 'inf' in a log are no numbers, and 64-bit identifiers stay exact.
        """
        return self.sql if self.kind is Kind.NUMBER else f"TRY_CAST({self.sql} AS DECIMAL(38, 9))"


@dataclass(frozen=True)
class Table:
    """A table or view with its columns by field name.

    `extra` is the JSON column with the fields that no schema names; None where there is none. An `open` table takes
    every field for a text column of its own name (used where the schema is somebody else's).
    """

    name: str
    columns: Mapping[str, Column] = field(default_factory=dict)
    extra: str | None = None
    open: bool = False
    searched: tuple[str, ...] = ()  # columns (SQL) that a keyword is looked for in

    def column(self, name: str) -> Column:
        """The column of a field; exact spelling first, then regardless of case, then inside a column, then the rest.

        `requestParameters.attribute` is the member `attribute` of the JSON column `requestParameters`.
        """
        if name in self.columns:
            return self.columns[name]
        columns = self._folded
        if name.lower() in columns:
            return columns[name.lower()]
        for dot in range(len(name) - 1, 0, -1):
            outer = columns.get(name[:dot].lower()) if name[dot] == "." else None
            if outer is not None and outer.json:
                # A log may hold any text where its own rules promise JSON.
                valid = f"CASE WHEN json_valid({outer.sql}) THEN {outer.sql} END"
                return Column(json_member(valid, name[dot + 1 :], of_list=True), Kind.TEXT, many=True)
        if self.extra is not None:
            return Column(json_member(self.extra, name), Kind.TEXT, known=False, many="." in name)
        if self.open:
            return Column(identifier(name), Kind.TEXT)
        return Column("CAST(NULL AS VARCHAR)", Kind.TEXT, known=False)

    @property
    def searched_text(self) -> str:
        """The text that keywords are looked for in, as SQL: the searched columns, joined by newlines."""
        return f"concat_ws(chr(10), {', '.join(self.searched)})"

    @cached_property
    def _folded(self) -> dict[str, Column]:
        return {name.lower(): column for name, column in reversed(list(self.columns.items()))}

    @property
    def sql(self) -> str:
        return identifier(self.name)

    @property
    def cells(self) -> str:
        """SQL of a list of `{name, value}`: every text that a keyword is looked for in, one by one."""
        texts = [(name, column.text) for name, column in self.columns.items() if column.sql in self.searched]
        known = ", ".join(f"{{'name': {quoted(name)}, 'value': {sql}}}" for name, sql in texts)
        if self.extra is None:
            return f"[{known}]"
        pointer = "'/' || replace(replace(member, '~', '~0'), '/', '~1')"
        value = f"json_extract_string({self.extra}, {pointer})"
        return (
            f"list_concat([{known}], list_transform(json_keys({self.extra}), "
            f"lambda member: {{'name': member, 'value': {value}}}))"
        )


OPEN_TABLE = Table("events", open=True)
"""Where no pipeline says what the table is: `events`, with a text column for each field."""

# Core and provenance columns that hold no log text: a keyword is not looked for in them.
_NOT_SEARCHED = frozenset({"event_id", "time_text", "source", "segment_id", "action", "outcome", "extra", "dataset"})


@dataclass(frozen=True)
class LocalTime:
    """The city's clock for the fields `local_hour`, `local_weekday` (ISO, 1 = Monday) and `outside_hours`."""

    zone: str = "UTC"
    working_hours: tuple[int, int] = (6, 20)
    working_days: tuple[int, ...] = (1, 2, 3, 4, 5)

    def columns(self, time: str) -> dict[str, Column]:
        """The three fields over the UTC TIMESTAMP column `time`."""
        local = f"timezone({quoted(self.zone)}, timezone('UTC', {time}))"
        first, end = self.working_hours
        days = ", ".join(str(day) for day in self.working_days) or "NULL"
        at_work = f"isodow({local}) IN ({days}) AND hour({local}) >= {first} AND hour({local}) < {end}"
        return {
            "local_hour": Column(f"hour({local})", Kind.NUMBER),
            "local_weekday": Column(f"isodow({local})", Kind.NUMBER),
            "outside_hours": Column(f"(NOT coalesce({at_work}, true))", Kind.BOOLEAN),
        }


def table_of(name: str, schema: pa.Schema, local: LocalTime = LocalTime()) -> Table:
    """The table with this Arrow schema, its columns under the names that the lake gives them."""
    columns: dict[str, Column] = {}
    for item, physical in zip(schema, column_names(schema), strict=True):
        words = item.metadata or {}
        columns[item.name] = Column(identifier(physical), _kind(item.type), many=MANY in words, json=JSON in words)
    searched = [
        columns[item.name].sql for item in schema if item.name not in _NOT_SEARCHED and pa.types.is_string(item.type)
    ]
    extra = columns.pop("extra").sql if "extra" in columns else None
    if extra is not None:
        # The values of the JSON object without JSON's escapes: a path in a log has its backslashes single.
        searched.append(f"array_to_string(json_extract_string({extra}, '$.*'), chr(10))")
    if "time" in columns:
        columns = local.columns(columns["time"].sql) | columns
    return Table(name, MappingProxyType(columns), extra, searched=tuple(searched))


def _kind(arrow_type: pa.DataType) -> Kind:
    if pa.types.is_integer(arrow_type) or pa.types.is_floating(arrow_type) or pa.types.is_decimal(arrow_type):
        return Kind.NUMBER
    if pa.types.is_timestamp(arrow_type):
        return Kind.TIME
    return Kind.BOOLEAN if pa.types.is_boolean(arrow_type) else Kind.TEXT
