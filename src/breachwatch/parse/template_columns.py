"""Messages of known shapes as columns: each shape is understood once, whatever number of messages has it."""

from __future__ import annotations

from functools import lru_cache
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
"""Messages of one shape in a block. Learning takes as long as reading a few; names that somebody makes up come once."""


def meaning(program: str, message: str) -> Meaning:
    """What a message means by itself."""
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    return read_message(program, message, values, extra), values, extra


@lru_cache(maxsize=_REMEMBERED)
def _template(program: str, shape: str, fixed: frozenset[str]) -> Template | None:
    return learn(lambda text: meaning(program, text), shape, fixed)


class Templates:
    """The templates of a segment's messages, by program and shape."""

    def __init__(self, fixed: frozenset[str]) -> None:
        self._fixed = fixed
        self._frequent: set[tuple[str, str]] = set()

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
            template = self._of(programs[code], shape, count)
            if template is not None:
                place[kind] = len(templates)
                templates.append(template)
        return Matched(found, templates, np.where(found.plain, place[number], -1))

    def _of(self, program: str, shape: str, count: int) -> Template | None:
        key = program, shape
        if key not in self._frequent:
            if count < _WORTH_LEARNING:
                return None
            if len(self._frequent) >= _REMEMBERED:
                self._frequent.clear()
            self._frequent.add(key)
        return _template(program, shape, self._fixed)


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
        for column in dict.fromkeys(
            column for template in templates for column in (*template.constants, *template.items, *template.parts)
        ):
            kind = dataset(name).schema.field(column).type
            sources: list[pa.Array[Any]] = [
                pa.array([template.constants.get(column) for template in templates], kind),
                self._found.texts if kind == pa.string() else pa.array(self._found.numbers, pa.int64()).cast(kind),
            ]
            item = np.array([template.items.get(column, -1) for template in templates])[of]
            at = np.where(item >= 0, len(templates) + first + item, of)
            after = len(templates) + len(self._found.texts)
            for number, template in enumerate(templates):
                if column in template.parts:
                    rows = np.flatnonzero(of == number)
                    sources.append(self._joined(template.parts[column], first[rows]))
                    at[rows] = after + np.arange(len(rows))
                    after += len(rows)
            columns[column] = _take(pa.concat_arrays(sources), at)
        return columns

    def _joined(self, parts: tuple[str | int, ...], first: Ints) -> pa.Array[Any]:
        """What varies in some messages between the same constant texts; `first` is the first that varies in each."""
        constant = np.zeros(len(first), np.int64)
        pieces: list[Any] = [
            _take(self._found.texts, first + part) if isinstance(part, int) else _take(pa.array([part]), constant)
            for part in parts
        ]
        joined: pa.Array[Any] = pc.binary_join_element_wise(*pieces, "")
        return joined


def _take(values: Any, places: Ints) -> Any:
    return values.take(pa.array(places))
