"""Lots of Windows events as columns: what `breachwatch.parse.evtx` makes of each of their records, of all at once.

What a few fields say is understood once for all events with the same values in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from breachwatch.parse.evtx_lots import Kind, Lot, Said, members
from breachwatch.parse.evtx_records import written_time
from breachwatch.parse.filling import Filling, Texts
from breachwatch.parse.iso_times import times_of
from breachwatch.parse.windows_event import (
    PORT_FIELDS,
    PROCESS_FIELDS,
    Core,
    core_of,
    native_fields,
    parse_time,
    port_of,
)
from breachwatch.parse.windows_evtx_json import system_number
from breachwatch.parse.windows_shapes import WindowsEvent, as_text, guid

Ints = npt.NDArray[np.int64]

_TEXT_ONLY: Final = frozenset({str})
_OF_KIND: Final[dict[str, tuple[str, pa.DataType]]] = {
    "program": ("provider", pa.string()),
    "EventID": ("event_id", pa.int64()),
    "Level": ("level", pa.int64()),
    "Task": ("task", pa.int64()),
    "Opcode": ("opcode", pa.int64()),
    "Channel": ("channel", pa.string()),
    "Provider_Name": ("provider", pa.string()),
    "Computer": ("computer", pa.string()),
    "Keywords": ("keywords", pa.string()),
    "UserID": ("user_id", pa.string()),
}
"""Columns that the kind fills: the name in `Common`, and the type."""
_CORE: Final = tuple(name for name in Core._fields if name != "User")  # which events of other kinds name themselves


@dataclass(slots=True)
class Columns:
    """Columns of events, where in the block each stands, and what names it in its id."""

    places: Ints
    positions: list[bytes]
    arrays: dict[str, pa.Array[Any]]

    def in_order(self) -> Columns:
        """The same in the order of the block."""
        if (self.places[1:] > self.places[:-1]).all():
            return self
        order = np.argsort(self.places)
        rows: Any = pa.array(order)
        positions = [self.positions[at] for at in order.tolist()]
        return Columns(self.places[order], positions, {name: array.take(rows) for name, array in self.arrays.items()})


class Events:
    """Takes lots of one dataset, gives their columns; `host` names computers that the events do not name."""

    def __init__(self, kinds: list[Kind], host: str) -> None:
        self._kinds = kinds
        self._host = host
        self._heads: list[tuple[Any, ...]] = []
        self._texts = Filling()
        self._ports: list[int | None] = []
        self._extras: list[str] = []  # members of JSON, with a comma behind each
        self._cores: list[Core] = []  # different ones
        self._core: list[int] = []  # which of them an event has
        self._known: dict[tuple[Any, ...], int] = {}

    def add(self, lot: Lot) -> None:
        """Take a lot."""
        native, size = native_fields(lot.dataset), len(lot.heads)
        columns = {
            name: _texts(name, values) for name, values in zip(lot.names, zip(*lot.values, strict=True), strict=True)
        }
        others = {name: values for name, values in columns.items() if name not in native}
        for name, values in columns.items():
            if name in native:
                self._texts.fill(name, values)
        self._extras += _members(others) if others else [""] * size
        ports = [columns[name] for name in PORT_FIELDS if name in columns]
        self._ports += _ports(ports) if ports else [None] * size
        self._heads += lot.heads
        cores = self._cores_of(lot, columns)
        self._core += cores
        if lot.looked_at >= PROCESS_FIELDS:
            self._texts.fill("User", [self._cores[number].User for number in cores])
        self._texts.done(size)

    def _cores_of(self, lot: Lot, columns: dict[str, Texts]) -> list[int]:
        names = tuple(name for name in columns if name in lot.looked_at)
        said = [self._kinds[head[2]].said for head in lot.heads]
        found: list[int] = []
        for key in zip(repeat(names), said, *(columns[name] for name in names)):
            number = self._known.get(key)
            if number is None:
                number = self._known[key] = len(self._cores)
                self._cores.append(_core(key[1], names, key[2:]))
            found.append(number)
        return found

    def columns(self) -> Columns:
        """The columns of all lots. Raises what Arrow raises where a number has no place in its column."""
        places, spans, codes, records, processes, threads, created, activities, related = zip(*self._heads, strict=True)
        kinds, known = self._kinds, np.array(codes)
        arrays = {name: _of_kind(kinds, attribute, kind, known) for name, (attribute, kind) in _OF_KIND.items()}
        computers = [kind.common.computer or self._host or None for kind in kinds]
        arrays["host"] = pa.array(computers, pa.string()).take(pa.array(known))
        time_texts = [text or None for text in _texts("", created)]
        arrays["time"] = times_of(time_texts, lambda at: parse_time(time_texts[at]) or written_time(spans[at].written))
        arrays["time_text"] = pa.array(time_texts, pa.string())
        arrays["process_id"] = _numbers(processes)
        arrays["EventRecordID"] = _numbers(records)
        core: Any = pa.array(np.array(self._core))
        for number, name in enumerate(_CORE):
            arrays[name] = pa.array([said[number] for said in self._cores], pa.string()).take(core)
        arrays["source_port"] = pa.array(self._ports, pa.int32())
        for name, values in self._texts.columns().items():
            arrays[name] = pa.array(values, pa.string())
        arrays["extra"] = pa.array(_extras(kinds, codes, threads, activities, related, self._extras), pa.string())
        positions = [
            f"{kinds[code].place}{span.record_id}/{span.written}".encode()
            for code, span in zip(codes, spans, strict=True)
        ]
        filled = {name: array for name, array in arrays.items() if array.null_count < len(array)}
        return Columns(np.array(places, np.int64), positions, filled)


def _core(said: Said, names: tuple[str, ...], values: tuple[str | None, ...]) -> Core:
    event_id, channel, provider, keywords = said
    event = WindowsEvent(event_id=event_id, channel=channel, provider=provider, keywords=keywords)
    event.data = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    return core_of(event)


def _of_kind(kinds: list[Kind], attribute: str, kind: pa.DataType, codes: Any) -> pa.Array[Any]:
    column: pa.Array[Any] = pa.array([getattr(one.common, attribute) for one in kinds], kind).take(pa.array(codes))
    return column


def _texts(name: str, values: Sequence[Any]) -> Texts:
    """Values of a data field as text; lines in them end with LF already."""
    if set(map(type, values)) != _TEXT_ONLY:
        values = [value if type(value) is str else as_text(value) for value in values]
    if name[-4:].lower() == "guid":
        values = [value and guid(value) for value in values]
    return values


def _numbers(values: Iterable[Any]) -> pa.Array[Any]:
    return pa.array([value if type(value) is int else system_number(value) for value in values], pa.int64())


def _ports(columns: list[Texts]) -> list[int | None]:
    """The port in the first of the columns that has a text."""
    texts = (
        columns[0]
        if len(columns) == 1
        else [next((t for t in found if t is not None), None) for found in zip(*columns, strict=True)]
    )
    known = {text: port_of(text) for text in set(texts)}
    return [known[text] for text in texts]


def _members(columns: dict[str, Texts]) -> list[str]:
    """Each event's values in these columns as members of JSON."""
    names = tuple(columns)
    return [members(dict(zip(names, values, strict=True))) for values in zip(*columns.values(), strict=True)]


def _extras(
    kinds: list[Kind], codes: Any, threads: Any, activities: Any, related: Any, data: list[str]
) -> list[str | None]:
    """The column `extra`."""
    found: list[str | None] = []
    for code, thread, activity, relation, rest in zip(codes, threads, activities, related, data, strict=True):
        kind = kinds[code]
        text = kind.before
        if type(thread) is int:
            text += f'"ThreadID":"{thread}",'
        elif thread:
            text += members({"ThreadID": thread})
        if activity or relation:
            text += _activity(activity, relation)
        text += kind.after + rest
        found.append(f"{{{text[:-1]}}}" if text else None)
    return found


@lru_cache(maxsize=8192)
def _activity(activity: str | int | None, related: str | int | None) -> str:
    texts = {"ActivityID": as_text(activity), "RelatedActivityID": as_text(related)}
    return members({name: guid(text) for name, text in texts.items() if text})
