"""A second opinion: rules compiled by pysigma-backend-sqlite and searched in SQLite, over the rows of our own tables.

Fields and rows come from the same mappings as ours (what is compared is what a condition means, not where a field is);
everything else is theirs: how the rule is read, how a value becomes SQL, and what SQLite makes of it.
"""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import duckdb
import re2
from sigma.backends.sqlite import sqliteBackend
from sigma.exceptions import SigmaError
from sigma.rule import SigmaDetection, SigmaRule
from sigma.types import SigmaExpansion, SigmaFieldReference, SigmaString, SigmaType

from breachwatch.detect.backend import Kind, Table
from breachwatch.detect.mapping import Mappings, Route
from breachwatch.detect.rulepack import Rule

FULLTEXT = "fulltext"
_TYPES = {Kind.NUMBER: "NUMERIC", Kind.TEXT: "TEXT COLLATE NOCASE", Kind.BOOLEAN: "TEXT", Kind.TIME: "TEXT"}


class Refused(Exception):
    """The other backend does not take the rule."""


@dataclass
class Oracle:
    """The tables of one lake in SQLite."""

    lake: duckdb.DuckDBPyConnection
    mappings: Mappings
    database: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:"))
    columns: dict[str, dict[str, str]] = field(default_factory=dict)  # dataset -> a table's field -> SQLite's column
    _picked: dict[int, set[str]] = field(default_factory=dict)

    def load(self, names: Mapping[str, Iterable[str]]) -> dict[str, int]:
        """Copy the datasets with the fields (the tables' names of them) that rules will ask for. Gives their rows."""
        self.database.create_function("REGEXP", 2, _found, deterministic=True)
        rows = {}
        for dataset, asked in names.items():
            table = self.mappings.tables[dataset]
            self.columns[dataset] = {name: f"c{number}" for number, name in enumerate(dict.fromkeys(asked))}
            rows[dataset] = self._copy(table, self.columns[dataset])
        return rows

    def matches(self, rule: Rule) -> set[str]:
        """The ids of the events that a rule matches. Raises Refused."""
        found: set[str] = set()
        for route in self.mappings.for_logsource(*_logsource(rule)):
            if route.dataset in self.columns:
                found |= self._searched(rule.document, route) & self._rows_of(route)
        return found

    def _searched(self, document: Mapping[str, Any], route: Route) -> set[str]:
        try:
            rule = SigmaRule.from_dict(copy.deepcopy(dict(document)))
            for detection in rule.detection.detections.values():
                self._renamed(detection, route)
            backend = sqliteBackend(table=self.mappings.tables[route.dataset].name, fulltext_field=FULLTEXT)
            queries = backend.convert_rule(rule)
        except SigmaError as error:
            raise Refused(str(error)) from error
        return {event for query in queries for event in self._ids(query)}

    def _ids(self, query: str) -> Iterator[str]:
        try:
            for row in self.database.execute(query.replace("SELECT *", "SELECT event_id", 1)):
                yield row[0]
        except sqlite3.Error as error:
            raise Refused(str(error)) from error

    def _rows_of(self, route: Route) -> set[str]:
        """The rows that a route picks; its condition has the tables' own names."""
        key = id(route)
        if key not in self._picked:
            if route.where is None:
                view = self.mappings.tables[route.dataset].name
                self._picked[key] = set(self._ids(f"SELECT * FROM {view}"))
            else:
                bare = Route(route.logsource, route.dataset, None, {}, {})
                rows = {
                    "rows": dict(route.where) if isinstance(route.where, dict) else route.where,
                    "condition": "rows",
                }
                self._picked[key] = self._searched(
                    {"title": "t", "logsource": {"product": "p"}, "detection": rows}, bare
                )
        return self._picked[key]

    def _renamed(self, detection: SigmaDetection, route: Route) -> None:
        columns = self.columns[route.dataset]
        for item in detection.detection_items:
            if isinstance(item, SigmaDetection):
                self._renamed(item, route)
                continue
            known = route.values.get(item.field or "", {})
            item.value = [_said(value, known) for value in item.value]
            for value in _flat(item.value):
                if isinstance(value, SigmaFieldReference):
                    value.field = columns[route.fields.get(value.field, value.field)]
            if item.field is not None:
                item.field = columns[route.fields.get(item.field, item.field)]

    def _copy(self, table: Table, columns: Mapping[str, str]) -> int:
        found = {column: table.column(name) for name, column in columns.items()}
        declared = [f"{column} {_TYPES[item.kind]}" for column, item in found.items()]
        texts = [item.sql if item.kind in (Kind.NUMBER, Kind.TEXT) else item.text for item in found.values()]
        self.database.execute(
            f"CREATE TABLE {table.name} ({', '.join(['event_id TEXT', f'{FULLTEXT} TEXT COLLATE NOCASE', *declared])})"
        )
        rows = self.lake.execute(
            f"SELECT {', '.join(['event_id', table.searched_text, *texts])} FROM {table.sql}"
        ).fetchall()
        marks = ", ".join("?" * (2 + len(texts)))
        self.database.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows)
        return len(rows)


def fields_of(rules: Iterable[Rule], mappings: Mappings) -> dict[str, dict[str, None]]:
    """The fields that rules and routes ask each dataset for, by the tables' names."""
    names: dict[str, dict[str, None]] = {}
    for rule in rules:
        asked = list(dict.fromkeys(_names(rule.document["detection"])))
        for route in mappings.for_logsource(*_logsource(rule)):
            known = names.setdefault(route.dataset, {})
            known.update(dict.fromkeys(route.fields.get(name, name) for name in asked))
            known.update(dict.fromkeys(_names(route.where)))
    return names


def _names(definition: Any) -> Iterator[str]:
    """The fields of a detection as written, those that values refer to as well."""
    if isinstance(definition, list):
        for part in definition:
            yield from _names(part)
    if not isinstance(definition, dict):
        return
    for key, value in definition.items():
        name, *modifiers = str(key).split("|")
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(part, dict) for part in value)):
            yield from _names(value)
        else:
            yield from [name] if name else []
            yield from (str(one) for one in (value if isinstance(value, list) else [value]) if "fieldref" in modifiers)


def _said(value: SigmaType, known: Mapping[str, str]) -> SigmaType:
    return SigmaString(known[str(value)]) if isinstance(value, SigmaString) and str(value) in known else value


def _flat(values: Iterable[SigmaType]) -> Iterator[SigmaType]:
    for value in values:
        if isinstance(value, SigmaExpansion):
            yield from _flat(value.values)
        else:
            yield value


def _logsource(rule: Rule) -> tuple[str, str, str]:
    given = rule.document.get("logsource") or {}
    product, category, service = (str(given.get(key) or "") for key in ("product", "category", "service"))
    return product, category, service


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)


def _found(pattern: str, text: object) -> bool | None:
    return None if text is None else _compiled(pattern).search(str(text)) is not None
