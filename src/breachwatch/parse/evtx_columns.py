"""Lots of Windows events as columns: what `breachwatch.parse.evtx` makes of each of their records, of all at once.

What a few fields say is understood once for all events with the same values in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from breachwatch.parse.columns import EARLIEST, LATEST
from breachwatch.parse.evtx_lots import Kind, Lot, Said, members
from breachwatch.parse.evtx_records import written_time
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
Texts = Sequence[str | None]

_TEXT_ONLY: Final = frozenset({str})
_USUAL_TIME: Final = len("2026-11-22T10:15:00.000000Z")
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


@dataclass(slots=True)
class _Filled:
    """What lots fill, each behind the other."""

    size: int = 0
    texts: dict[str, list[str | None]] = field(default_factory=dict)
    ports: list[int | None] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)  # members of JSON, with a comma behind each
    cores: list[Core] = field(default_factory=list)  # different ones
    core: list[int] = field(default_factory=list)  # which of them an event has

    def fill(self, name: str, values: Iterable[str | None]) -> None:
        """A column of the lot at hand."""
        column = self.texts.setdefault(name, [])
        column.extend([None] * (self.size - len(column)))
        column.extend(values)


def columns_of(lots: list[Lot], kinds: list[Kind], host: str) -> Columns:
    """The columns of lots of one dataset; `host` names computers that the events do not name.

    Raises what Arrow raises where a number has no place in its column.
    """
    filled = _Filled()
    for lot in lots:
        _fill(filled, lot, kinds)
    heads = zip(*chain.from_iterable(lot.heads for lot in lots), strict=True)
    places, spans, codes, records, processes, threads, created, activities, related = heads
    known = np.array(codes)
    arrays = {name: _of_kind(kinds, attribute, kind, known) for name, (attribute, kind) in _OF_KIND.items()}
    computers = [kind.common.computer or host or None for kind in kinds]
    arrays["host"] = pa.array(computers, pa.string()).take(pa.array(known))
    time_texts = [text or None for text in _texts("", created)]
    arrays["time"] = _times(time_texts, [span.written for span in spans])
    arrays["time_text"] = pa.array(time_texts, pa.string())
    arrays["process_id"] = _numbers(processes)
    arrays["EventRecordID"] = _numbers(records)
    core: Any = pa.array(np.array(filled.core))
    for number, name in enumerate(_CORE):
        arrays[name] = pa.array([said[number] for said in filled.cores], pa.string()).take(core)
    arrays["source_port"] = pa.array(filled.ports, pa.int32())
    for name, values in filled.texts.items():
        values.extend([None] * (filled.size - len(values)))
        arrays[name] = pa.array(values, pa.string())
    arrays["extra"] = pa.array(_extras(kinds, codes, threads, activities, related, filled.extras), pa.string())
    positions = [
        f"{kinds[code].place}{span.record_id}/{span.written}".encode() for code, span in zip(codes, spans, strict=True)
    ]
    return Columns(
        np.array(places, np.int64),
        positions,
        {name: array for name, array in arrays.items() if array.null_count < len(array)},
    )


def _fill(filled: _Filled, lot: Lot, kinds: list[Kind]) -> None:
    native = native_fields(lot.dataset)
    columns = {
        name: _texts(name, values) for name, values in zip(lot.names, zip(*lot.values, strict=True), strict=True)
    }
    size = len(lot.heads)
    others = {name: values for name, values in columns.items() if name not in native}
    for name, values in columns.items():
        if name in native:
            filled.fill(name, values)
    filled.extras += _members(others) if others else [""] * size
    ports = [columns[name] for name in PORT_FIELDS if name in columns]
    filled.ports += _ports(ports) if ports else [None] * size
    looked_at = tuple(name for name in columns if name in lot.looked_at)
    known: dict[tuple[Any, ...], int] = {}
    said = [kinds[head[2]].said for head in lot.heads]
    for found in zip(said, *(columns[name] for name in looked_at), strict=True):
        number = known.get(found)
        if number is None:
            number = known[found] = len(filled.cores)
            filled.cores.append(_core(found[0], looked_at, found[1:]))
        filled.core.append(number)
    if lot.looked_at >= PROCESS_FIELDS:
        filled.fill("User", [filled.cores[number].User for number in filled.core[filled.size :]])
    filled.size += size


@lru_cache(maxsize=16_384)
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


def _times(texts: Texts, written: list[int]) -> pa.Array[Any]:
    """The column `time`: that of the text, or else when the record was written."""
    usual = [text if text is not None and len(text) == _USUAL_TIME else None for text in texts]
    try:
        times: Any = pa.array(usual, pa.string()).cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
        bounds: Any = pc.min_max(times).as_py()
        quick = times if bounds["min"] is not None and bounds["min"] >= EARLIEST and bounds["max"] < LATEST else None
    except pa.ArrowInvalid:  # one of them is no time
        quick = None
    if quick is not None and not quick.null_count:
        return quick  # type: ignore[no-any-return]
    read = [None] * len(texts) if quick is None else quick.to_pylist()
    for at, text in enumerate(texts):
        if read[at] is None:
            moment = parse_time(text) or written_time(written[at])
            read[at] = moment if moment is not None and EARLIEST <= moment < LATEST else None
    return pa.array(read, pa.timestamp("us"))
