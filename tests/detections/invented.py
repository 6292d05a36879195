"""Events made up from the rules themselves: what each rule looks for, in other case, and the same with a field missing.

Real logs make few rules match. An event that holds what a rule's selections name makes most of them match, and many
others by the way; whether two engines agree on it is another matter than whether an attacker would do it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pyarrow as pa

from breachwatch.detect.mapping import Mappings, Route
from breachwatch.detect.rulepack import Rule
from breachwatch.model.datasets import DATASETS
from tests.unit.detect.making import DAY


@dataclass
class _Text:
    """What a field must hold, by where it must stand."""

    whole: str = ""
    start: str = ""
    middle: list[str] = field(default_factory=list)
    end: str = ""

    def take(self, text: str, modifiers: Iterable[str]) -> None:
        if "startswith" in modifiers:
            self.start = self.start or text
        elif "endswith" in modifiers:
            self.end = self.end or text
        elif "contains" in modifiers:
            self.middle.append(text)
        else:
            self.whole = self.whole or text

    def __str__(self) -> str:
        return self.whole or self.start + "".join(self.middle) + self.end


def invented(rules: Iterable[Rule], mappings: Mappings) -> dict[str, list[dict[str, Any]]]:
    """Rows for the datasets, two for each rule, with the ids `<rule id>-1` and `-2`."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for number, rule in enumerate(rules):
        given = rule.document.get("logsource") or {}
        routes = mappings.for_logsource(*(str(given.get(key) or "") for key in ("product", "category", "service")))
        for route in [one for one in routes if one.dataset in DATASETS][:1]:
            texts = {name: str(text) for name, text in _fields(rule.document["detection"]).items()}
            without = dict(list(texts.items())[1:])
            for variant, kept in (("1", {name: text.swapcase() for name, text in texts.items()}), ("2", without)):
                row = _row(kept, route, mappings)
                row |= {"id": f"{rule.id}-{variant}", "time": DAY + timedelta(seconds=number)}
                rows.setdefault(route.dataset, []).append(row)
    return rows


def _fields(detection: Mapping[str, Any]) -> dict[str, _Text]:
    found: dict[str, _Text] = {}
    for name, part in detection.items():
        if name != "condition" and not str(name).startswith(("filter", "exclu")):
            _take(found, part)
    return found


def _take(found: dict[str, _Text], part: Any) -> None:
    if isinstance(part, list):
        maps = [one for one in part if isinstance(one, dict)]
        for one in maps[:1]:
            _take(found, one)
        if part and not maps:
            found.setdefault("message", _Text()).take(_plain(str(part[0])), ["contains"])
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        name, *modifiers = str(key).split("|")
        values = value if isinstance(value, list) else [value]
        for one in values if "all" in modifiers else values[:1]:
            text = _example(one, modifiers)
            if text is not None:
                found.setdefault(name or "message", _Text()).take(text, modifiers if name else ["contains"])


def _example(value: Any, modifiers: list[str]) -> str | None:
    """A text that passes the test, where one is easily found."""
    if value is None or "re" in modifiers or "fieldref" in modifiers or "expand" in modifiers:
        return None
    if "exists" in modifiers:
        return "x" if value else None
    if "cidr" in modifiers:
        return str(ip_network(value)[1])
    for modifier, step in (("gt", 1), ("gte", 0), ("lt", -1), ("lte", 0)):
        if modifier in modifiers:
            return str(int(float(value)) + step)
    text = _plain(str(value).lower() if isinstance(value, bool) else str(value))
    if "wide" in modifiers:
        text = text.encode("utf-16-le").decode("latin-1")
    if {"base64", "base64offset"} & set(modifiers):
        return base64.b64encode(text.encode("latin-1")).decode()
    return text


def _plain(text: str) -> str:
    """A text that a Sigma string matches."""
    return re.sub(r"\\([*?\\])|\*|\?", lambda at: at[1] or ("" if at[0] == "*" else "q"), text)


def _row(texts: Mapping[str, str], route: Route, mappings: Mappings) -> dict[str, Any]:
    table = mappings.tables[route.dataset]
    physical = {column.sql: name for name, column in table.columns.items()}
    types = {item.name: item.type for item in DATASETS[route.dataset].schema}
    where = {name: str(text) for name, text in _fields({"rows": route.where or {}}).items()}
    row: dict[str, Any] = {}
    extra: dict[str, str] = {}
    for name, text in _named(texts, route) | where.items():
        column = table.columns.get(name) or next(
            (one for known, one in table.columns.items() if known.lower() == name.lower()), None
        )
        target = physical.get(column.sql) if column is not None else None
        if target is None or target not in types:
            extra[name] = text
        elif pa.types.is_string(types[target]):
            row[target] = text
        elif pa.types.is_integer(types[target]) and re.fullmatch(r"[0-9]{1,9}", text):
            row[target] = int(text)
    return row | ({"extra": json.dumps(extra)} if extra else {})


def _named(texts: Mapping[str, str], route: Route) -> Iterator[tuple[str, str]] | Any:
    named = []
    for name, text in texts.items():
        known = {said.lower(): there for said, there in route.values.get(name, {}).items()}
        named.append((route.fields.get(name, name), known.get(text.lower(), text)))
    return dict(named).items()
