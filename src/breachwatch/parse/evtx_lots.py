"""Events of Windows sorted into lots that have the same data fields, from the JSON that the `evtx` library writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import orjson

from breachwatch.parse.evtx import Found
from breachwatch.parse.evtx_heads import head_of
from breachwatch.parse.evtx_records import Span
from breachwatch.parse.lines import UnreadableError
from breachwatch.parse.windows_event import PROCESS_FIELDS, core_fields, dataset_of, native_fields
from breachwatch.parse.windows_evtx_json import Common, common_of, put_leaves, system_of
from breachwatch.parse.windows_shapes import MORE

_ATTRIBUTES: Final = "#attributes"
_SCALARS: Final = frozenset({str, int, bool, type(None)})
_LARGEST: Final = 2**63  # what a column of numbers does not hold
_UNFIT: Final = -1

_Read = tuple[tuple[Any, ...], tuple[Any, ...], tuple[str, ...], tuple[Any, ...]]
"""What kind of event it is and what is its own, as `system_of` says; names and values of its data."""


Said = tuple[int | None, str | None, str | None, str | None]
"""Event id, channel, provider and keywords."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What events with the same common part of System share."""

    common: Common
    said: Said
    dataset: str
    looked_at: frozenset[str]  # data fields that the core columns depend on
    before: str  # the members of `extra` before the thread and the activity ids, as JSON with a comma behind each
    after: str  # those behind them
    place: str  # what the names of their records in event ids begin with


@dataclass(frozen=True, slots=True)
class Lot:
    """Events of one dataset with the same data fields.

    `heads` are each event's (place in the block, span, number of its kind, *what is its own in System), `values` those
    of its data fields: texts, whole numbers, true, false or null.
    """

    dataset: str
    looked_at: frozenset[str]
    names: tuple[str, ...]
    heads: list[tuple[Any, ...]] = field(default_factory=list)
    values: list[tuple[Any, ...]] = field(default_factory=list)


class Sorter:
    """Sorts the events of a block: into lots, kinds by number, and places of what must be read one by one."""

    def __init__(self) -> None:
        self.kinds: list[Kind] = []
        self.others: list[int] = []
        self._codes: dict[tuple[Any, ...], int] = {}
        self._lots: dict[tuple[Any, ...], Lot | None] = {}

    def lots(self, first: int, records: Iterable[Found]) -> list[Lot]:
        """The next records of the block, of which the first stands at the place given, as lots."""
        self._lots = {}
        for at, found in enumerate(records, first):
            if found.span is None or found.text is None or not self._put(at, found.span, found.text):
                self.others.append(at)
        return [lot for lot in self._lots.values() if lot is not None]

    def _put(self, at: int, span: Span, text: str) -> bool:
        read = _quickly(text) or _wholly(text)
        if read is None:
            return False
        key, own, names, values = read
        code = self._codes.get(key)
        if code is None:
            code = self._codes[key] = self._new_kind(key)
        if code == _UNFIT:
            return False
        kind = self.kinds[code]
        alike = kind.dataset, kind.looked_at, names
        if alike in self._lots:
            lot = self._lots[alike]
        else:
            lot = self._lots[alike] = Lot(*alike) if _fits(*alike) else None
        if lot is None:
            return False
        lot.heads.append((at, span, code, *own))
        lot.values.append(values)
        return True

    def _new_kind(self, key: tuple[Any, ...]) -> int:
        kind = _kind(key)
        if kind is None:
            return _UNFIT
        self.kinds.append(kind)
        return len(self.kinds) - 1


@lru_cache(maxsize=4096)
def _kind(key: tuple[Any, ...]) -> Kind | None:
    common = common_of(key)
    numbers = common.event_id, common.level, common.task, common.opcode
    if any(number is not None and not -_LARGEST <= number < _LARGEST for number in numbers):
        return None
    return Kind(
        common,
        (common.event_id, common.channel, common.provider, common.keywords),
        dataset_of(common.channel),
        core_fields(common.channel, common.provider, common.event_id),
        members(common.before),
        members(common.after),
        f"{common.channel or ''}/{common.computer or ''}/",
    )


def members(values: Mapping[str, str | None]) -> str:
    """JSON's members of an object, with a comma behind each; null is left out."""
    filled = {name: value for name, value in values.items() if value is not None}
    return orjson.dumps(filled)[1:-1].decode() + "," if filled else ""


@lru_cache(maxsize=4096)
def _fits(dataset: str, looked_at: frozenset[str], names: tuple[str, ...]) -> bool:
    """Whether no data field has the name of something else that the event says."""
    says_user = looked_at >= PROCESS_FIELDS and "User" in names
    return MORE.isdisjoint(set(names) - native_fields(dataset)) and not says_user


@lru_cache(maxsize=4096)
def _are_plain(names: tuple[str, ...]) -> bool:
    """Whether these members of EventData are nothing but data fields."""
    return not any(name in (_ATTRIBUTES, "#text") or name.endswith("_attributes") for name in names)


def _quickly(text: str) -> _Read | None:
    """An event whose System part need not be read; None for another."""
    head = head_of(text)
    if head is None:
        return None
    try:
        found = _data(orjson.loads(head.data), head.data)
    except orjson.JSONDecodeError:
        return None
    return None if found is None else (head.kind, head.own, *found)


def _wholly(text: str) -> _Read | None:
    """Any event that can be read together with others; None for another."""
    try:
        event = orjson.loads(text)["Event"]
        system = event["System"]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return None
    found = system_of(system) if type(system) is dict and type(event) is dict else None
    if found is None or "RenderingInfo" in event:
        return None
    parts = {part: content for part, content in event.items() if part not in ("System", _ATTRIBUTES)}
    data = _data(parts["EventData"], text) if parts.keys() == {"EventData"} else _leaves(parts)
    return None if data is None else (*found, *data)


def _data(data: Any, text: str) -> tuple[tuple[str, ...], tuple[Any, ...]] | None:
    """Names and values of what is in EventData, of which `text` is the JSON; None where it must be read otherwise."""
    if type(data) is dict:
        names, values = tuple(data), tuple(data.values())
        if _are_plain(names) and _SCALARS.issuperset(map(type, values)):
            return names, tuple(map(_with_lf, values)) if "\\r" in text else values
    return _leaves({"EventData": data})


def _leaves(parts: dict[str, Any]) -> tuple[tuple[str, ...], tuple[Any, ...]] | None:
    """The same of parts of an event that hold objects within objects."""
    if _has_fraction(parts):
        return None
    leaves: dict[str, str] = {}
    try:
        for part, content in parts.items():
            put_leaves(leaves, part, content)
    except UnreadableError:
        return None
    return tuple(leaves), tuple(leaves.values())


def _with_lf(value: Any) -> Any:
    return value.replace("\r\n", "\n") if type(value) is str else value


def _has_fraction(value: Any) -> bool:
    """Whether a number in there may be a whole one that orjson rounded, as it does beyond 64 bits."""
    if type(value) is dict:
        return any(map(_has_fraction, value.values()))
    return any(map(_has_fraction, value)) if type(value) is list else type(value) is float
