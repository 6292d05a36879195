"""Spreading a JSON record over a dataset's columns, by the columns' own names.

A member of the record fills the column of its name, regardless of case; a dotted column is filled from inside an
object or from every element of a list. What no column takes stays in `extra` under its own name, nothing is dropped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from breachwatch.model.datasets import DATASETS
from breachwatch.model.datasets_cloud import JSON, MANY
from breachwatch.model.events import CORE, EXTRA, PROVENANCE
from breachwatch.parse import quick_json
from breachwatch.parse.address import canonical_ip

Record = dict[str, Any]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_decode = json.JSONDecoder(strict=False).decode
_MOST_NAMES = 4096

_NOT_NATIVE = {*CORE.names, EXTRA.name, *PROVENANCE.names}


Tree = dict[str, tuple[str | None, "Tree"]]
"""What is looked for inside an object: by a member's name its column, or else what is looked for inside it."""


@dataclass(frozen=True)
class Layout:
    """The native columns of a dataset: by lower-case name, dotted ones by their first part; and which hold what."""

    plain: dict[str, str] = field(default_factory=dict)
    dotted: dict[str, list[tuple[str, tuple[str, ...], bool]]] = field(default_factory=dict)  # True: it holds JSON
    trees: dict[str, Tree] = field(
        default_factory=dict
    )  # the same as names within names, where no column holds another's object
    many: set[str] = field(default_factory=set)
    _met: dict[str, tuple[str, str | None, bool]] = field(default_factory=dict)

    def place(self, name: str) -> tuple[str, str | None, bool]:
        """Of a member of that name: the name in lower case, its column, and whether dotted columns look inside it."""
        found = self._met.get(name)
        if found is None:
            lower = name.lower()
            found = lower, self.plain.get(lower), lower in self.dotted
            if len(self._met) < _MOST_NAMES:  # a log may make names up
                self._met[name] = found
        return found


@cache
def layout_of(dataset: str) -> Layout:
    """The layout of a dataset of `breachwatch.model.datasets`."""
    layout = Layout()
    for item in DATASETS[dataset].schema:
        name, words = item.name, item.metadata or {}
        if name in _NOT_NATIVE:
            continue
        first, *rest = name.split(".")
        if rest:
            layout.dotted.setdefault(first.lower(), []).append((name, tuple(rest), JSON in words))
        else:
            layout.plain[name.lower()] = name
        if MANY in words:
            layout.many.add(name)
    for first, columns in layout.dotted.items():
        paths = {path for _, path, _ in columns}
        within = any(path[:length] in paths for path in paths for length in range(1, len(path)))
        if not within and not any(is_json for _, _, is_json in columns):
            layout.trees[first] = _tree([(name, path) for name, path, _ in columns])
    return layout


def _tree(columns: list[tuple[str, tuple[str, ...]]]) -> Tree:
    inside: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for name, path in columns:
        inside.setdefault(path[0], []).append((name, path[1:]))
    return {member: (below[0][0], {}) if not below[0][1] else (None, _tree(below)) for member, below in inside.items()}


def spread(dataset: str, record: Record, renamed: Mapping[str, str] | None = None) -> tuple[Record, Record]:
    """(values, extra) of a record. `renamed`: lower-case member -> column, for members of another name.

    Where two members fill one column, the first that is not empty stays. Takes from the record what it uses.
    """
    layout = layout_of(dataset)
    values: Record = {}
    extra: Record = {}
    for key, value in record.items():
        lower, column, inside = layout.place(key)
        if renamed is not None and lower in renamed:
            column = renamed[lower]
        if column is not None:
            if values.get(column) in (None, ""):
                values[column] = (
                    value
                    if isinstance(value, str) and column not in layout.many
                    else cell(value, many=column in layout.many)
                )
        elif not inside:
            extra[key] = value
        if inside:
            rest = _spread_inside(values, layout, lower, decoded(value))
            if column is None and rest not in ({}, [], None):
                extra[key] = rest
    return values, extra


def _spread_inside(values: Record, layout: Layout, first: str, inner: Any) -> Any:
    """Fill the dotted columns under `first`; returns what is left of the object."""
    if type(inner) is dict and first in layout.trees and _spread_tree(values, layout, layout.trees[first], inner):
        return inner
    for column, path, is_json in layout.dotted[first]:
        found = at(inner, *path) if is_json else _take(inner, path)
        if found is not None and values.get(column) in (None, ""):
            values[column] = cell(found, many=column in layout.many)
    for _, path, is_json in layout.dotted[first]:
        if is_json:
            _drop(inner, path)
    return inner


def _spread_tree(values: Record, layout: Layout, tree: Tree, inner: Record) -> bool:
    """The same for objects within objects; False where a list is met on the way, which is taken apart elsewhere."""
    for name in [name for name in inner if name in tree]:
        (column, below), value = tree[name], inner[name]
        kind = type(value)
        if column is None:
            if kind is list or (kind is dict and not _spread_tree(values, layout, below, value)):
                return False
            continue
        if kind is not dict and kind is not list:
            del inner[name]
        if value is not None and values.get(column) in (None, ""):
            plain = kind is str and column not in layout.many
            values[column] = value if plain else cell(value, many=column in layout.many)
    return True


def _drop(value: Any, path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value.pop(path[-1], None)


def _take(value: Any, path: tuple[str, ...]) -> Any:
    """The member at the end of `path`, taken out of its object; of a list, that of every element (left in place)."""
    for depth, name in enumerate(path):
        if isinstance(value, list):
            return [found for item in value if (found := at(item, *path[depth:])) is not None] or None
        if not isinstance(value, dict):
            return None
        inner = value.get(name)
        if depth == len(path) - 1 and not isinstance(inner, dict | list):
            value.pop(name, None)
        value = inner
    return value


def at(value: Any, *path: str) -> Any:
    """The member at the end of `path`, None where there is none; of a list, the list of every element's."""
    for depth, name in enumerate(path):
        if isinstance(value, list):
            return [found for item in value if (found := at(item, *path[depth:])) is not None] or None
        value = decoded(value.get(name)) if isinstance(value, dict) else None
    return value


def member(record: Record, name: str) -> Any:
    """The member of that name, regardless of case (databases that logs passed through fold it)."""
    for spelled in (name, name[:1].upper() + name[1:]):
        if spelled in record:
            return record[spelled]
    return next((value for key, value in record.items() if key.lower() == name.lower()), None)


def decoded(value: Any) -> Any:
    """The object or list that a text holds as JSON (Log Analytics and PowerShell write them so), else the value."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return _decode(value)
    except (ValueError, RecursionError):
        return value


def cell(value: Any, *, many: bool = False) -> str | None:
    """A value as a column's text: JSON's own words for true and false, JSON for objects, lists one value a line."""
    found = decoded(value) if many else value
    return lines(found) if many and isinstance(found, list) else text_of(found)


def text_of(value: Any) -> str | None:
    """A value as text; None for null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    try:
        return quick_json.write(value)
    except quick_json.NotQuickError:
        return _encode(value)


def lines(values: Iterable[Any]) -> str | None:
    """The values of a list one a line; line feeds within one become blanks. None for none."""
    flat: list[str] = []
    for value in values:
        if isinstance(value, list):
            inner = lines(value)
            flat.extend([inner] if inner is not None else [])
        elif value is not None:
            flat.append((text_of(value) or "").replace("\n", " "))
    return "\n".join(flat) if flat else None


def named_values(pairs: Any, name: str = "Name", value: str = "Value") -> Record:
    """A list of name and value objects as one object; anything else as an empty one."""
    found = decoded(pairs)
    if not isinstance(found, list):
        return {}
    return {item[name]: item.get(value) for item in found if isinstance(item, dict) and isinstance(item.get(name), str)}


def put_address(values: Record, text: Any) -> None:
    """Fill source_ip, and source_port where one follows; text that is no address stays in its native column only."""
    if not isinstance(text, str) or not text:
        return
    whole = canonical_ip(text.strip())
    if whole is not None:
        values["source_ip"] = whole
        return
    host, _, port = text.strip().rpartition(":")
    address = canonical_ip(host)
    if address is not None:
        values["source_ip"] = address
        if port.isdecimal() and len(port) <= 5:
            values["source_port"] = int(port)


def by_whom(values: Record) -> str:
    """` by <user> from <address>` for a message, without what is not known."""
    address = first_text(values.get("source_ip"))
    return (f" by {values['user']}" if values.get("user") else "") + (f" from {address}" if address else "")


def first_text(*candidates: Any) -> str | None:
    """The first of the values that is a text with something in it."""
    return next((value for value in candidates if isinstance(value, str) and value.strip()), None)
