"""Messages of known shapes as columns: each shape is understood once, whatever number of messages has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from breachwatch.model.datasets import dataset
from breachwatch.parse.assembling import Columns
from breachwatch.parse.programs.dispatch import read_message
from breachwatch.parse.syslog_heads import Flags, Ints
from breachwatch.parse.templates import Meaning, Template, learn
from breachwatch.parse.varying import Varying, varying

_REMEMBERED: Final = 16_384
_WORTH_LEARNING: Final = 3
"""Messages of one shape. Learning takes as long as reading a few; names that somebody makes up come once."""


def meaning(program: str, message: str) -> Meaning:
    """What a message means by itself."""
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    return read_message(program, message, values, extra), values, extra


_Shape = tuple[str, str, frozenset[str]]  # program, shape, columns that no template may fill
_learnt: dict[_Shape, Template | None] = {}
_seen: dict[_Shape, int] = {}


def _template(key: _Shape, count: int) -> Template | None:
    """The template of a shape that `count` more messages have; None where there is none, or not yet.

    What was learnt from one log serves for the next.
    """
    if key in _learnt:
        return _learnt[key]
    count += _seen.pop(key, 0)
    if count < _WORTH_LEARNING:
        if len(_seen) >= _REMEMBERED:
            _seen.clear()
        _seen[key] = count
        return None
    if len(_learnt) >= _REMEMBERED:
        _learnt.clear()
    program, shape, fixed = key
    found = _learnt[key] = learn(lambda text: meaning(program, text), shape, fixed)
    return found


class Templates:
    """The templates of a segment's messages, by program and shape."""

    def __init__(self, fixed: frozenset[str]) -> None:
        self._fixed = fixed

    def match(self, messages: pa.StringArray, codes: Ints, programs: list[str]) -> Matched:
        """Find the template of each of these messages; `codes` are the numbers of their programs."""
        found = varying(messages)
        shapes: Any = found.shapes.dictionary_encode()
        kinds, number, counts = np.unique(
            shapes.indices.to_numpy().astype(np.int64) * len(programs) + codes, return_inverse=True, return_counts=True
        )
        texts = _take(shapes.dictionary, kinds // len(programs)).to_pylist()
        templates: list[Template] = []
        place = np.full(len(kinds), -1)
        for kind, (code, shape, count) in enumerate(
            zip((kinds % len(programs)).tolist(), texts, counts.tolist(), strict=True)
        ):
            template = _template((programs[code], shape, self._fixed), count)
            if template is not None:
                place[kind] = len(templates)
                templates.append(template)
        return Matched(found, templates, np.where(found.plain, place[number], -1))


class Matched:
    """Messages and their templates."""

    def __init__(self, found: Varying, templates: list[Template], number: Ints) -> None:
        self._found = found
        self._templates = templates
        self._number = number
        self.known: Flags = number >= 0
        """Which messages have a template."""

    def by_dataset(self) -> dict[str, tuple[Ints, Columns]]:
        """The columns of the messages that have a template, by dataset, and which of all messages these are."""
        names = [template.dataset for template in self._templates]
        result = {}
        for name in dict.fromkeys(names):
            chosen = np.array([other == name for other in names])
            here = np.flatnonzero(self.known & chosen[self._number])
            result[name] = here, self._columns(name, here)
        return result

    def _columns(self, name: str, here: Ints) -> Columns:
        used, of = np.unique(self._number[here], return_inverse=True)
        templates = [self._templates[number] for number in used.tolist()]
        first = self._found.first[here]
        columns = {}
        for column, filled in _by_column(templates).items():
            kind = dataset(name).schema.field(column).type
            constants: Any = pa.array(filled.constants, kind)
            if filled.items is None and not filled.parts:
                columns[column] = _take(constants, of)
                continue
            sources: list[pa.Array[Any]] = [constants]
            at, after = of, len(templates)
            if filled.items is not None:
                texts: Any = self._found.texts if kind == pa.string() else pa.array(self._found.numbers, pa.int64())
                sources.append(texts.cast(kind))
                item = filled.items[of]
                at = np.where(item >= 0, after + first + item, of)
                after += len(texts)
            for arranged in _arranged(filled.parts):
                own = np.full(len(templates), -1)
                own[[number for number, _ in arranged]] = np.arange(len(arranged))
                rows = np.flatnonzero(own[of] >= 0)
                sources.append(self._joined([parts for _, parts in arranged], own[of[rows]], first[rows]))
                at = np.copy(at)
                at[rows] = after + np.arange(len(rows))
                after += len(rows)
            columns[column] = _take(pa.concat_arrays(sources), at)
        return columns

    def _joined(self, parts: list[tuple[str | int, ...]], own: Ints, first: Ints) -> pa.Array[Any]:
        """What varies in some messages between constant texts.

        `parts` are arranged in the same way, `own` says which of them each message has; `first` is the first that
        varies in each.
        """
        pieces: list[Any] = []
        for column in zip(*parts, strict=True):
            item = column[0]
            if isinstance(item, int):
                pieces.append(_take(self._found.texts, first + item))
            else:
                pieces.append(_take(pa.array(column, pa.string()), own))
        joined: pa.Array[Any] = pc.binary_join_element_wise(*pieces, "")
        return joined


_Parts = tuple[int, tuple[str | int, ...]]  # number of the template, its parts


@dataclass(slots=True)
class _Filled:
    """What templates say of one column: a constant each, or which of what varies, or parts."""

    constants: list[str | int | None]
    items: Ints | None
    parts: list[_Parts]


def _by_column(templates: list[Template]) -> dict[str, _Filled]:
    size = len(templates)
    names = dict.fromkeys(name for item in templates for name in (*item.constants, *item.items, *item.parts))
    columns = {name: _Filled([None] * size, None, []) for name in names}
    for number, template in enumerate(templates):
        for column, value in template.constants.items():
            columns[column].constants[number] = value
        for column, item in template.items.items():
            own = columns[column]
            if own.items is None:
                own.items = np.full(size, -1)
            own.items[number] = item
        for column, parts in template.parts.items():
            columns[column].parts.append((number, parts))
    return columns


def _arranged(parts: list[_Parts]) -> Iterable[list[_Parts]]:
    """The parts in groups of which each has what varies in the same places."""
    groups: dict[tuple[int | None, ...], list[_Parts]] = {}
    for number, found in parts:
        kind = tuple(item if isinstance(item, int) else None for item in found)
        groups.setdefault(kind, []).append((number, found))
    return groups.values()


def _take(values: Any, places: Ints) -> Any:
    return values.take(pa.array(places))
