"""Records of CloudTrail with the same members as columns: what `breachwatch.parse.cloud.cloudtrail` makes of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final

import orjson
import pyarrow as pa

from breachwatch.parse.cloud.cloudtrail import IDENTITY, Judged, judged, user_of
from breachwatch.parse.cloud.layout import Record, Tree, by_whom, decoded, first_text, layout_of, put_address
from breachwatch.parse.filling import Filling, Texts
from breachwatch.parse.iso_times import times_of
from breachwatch.parse.windows_event import parse_time

DATASET: Final = "aws.cloudtrail"
_TEXTS: Final = frozenset({str, type(None)})
_NEEDED: Final = frozenset({"eventTime", "eventSource", "eventName"})
_ELSEWHERE: Final = frozenset({"detail", "CloudTrailEvent", "AuditData", "category"})
_DEEPEST: Final = 40


class UnfitError(ValueError):
    """Records of this shape must be read one by one."""


def fits(names: tuple[str, ...]) -> bool:
    """Whether records with these members are CloudTrail's own, and no two members fill one column."""
    known = frozenset(names)
    places = [layout_of(DATASET).place(name)[0] for name in names]
    ours = known >= _NEEDED and ("awsRegion" in known or "userIdentity" in known)
    return ours and known.isdisjoint(_ELSEWHERE) and len(set(places)) == len(places)


def is_exact(values: list[Any]) -> bool:
    """Whether the values hold no fractions, which orjson writes in another way, and may be whole numbers it rounded."""
    for _ in range(_DEEPEST):
        kinds = set(map(type, values))
        if float in kinds:
            return False
        inner: list[Any] = [value.values() for value in values if type(value) is dict] if dict in kinds else []
        inner += [value for value in values if type(value) is list] if list in kinds else []
        if not inner:
            return True
        values = list(chain.from_iterable(inner))
    return False


class Calls:
    """Takes groups of records with the same members, of which none holds a fraction; gives their columns."""

    def __init__(self) -> None:
        self._filling = Filling()
        self._ports: list[int | None] = []
        self._known: dict[Any, Judged] = {}

    def add(self, names: tuple[str, ...], values: list[tuple[Any, ...]]) -> None:
        """A group. Raises UnfitError, and has then taken none of it."""
        members = dict(zip(names, zip(*values, strict=True), strict=True))
        columns, extra = _spread(members)
        size = len(values)
        time_texts = members["eventTime"]
        identity = [_member(members.get("userIdentity"), name, size) for name in IDENTITY]
        identity.append(_member(members.get("additionalEventData"), "UserName", size))
        if not _are_texts(time_texts) or not all(text and text.strip() for text in time_texts):
            raise UnfitError
        if not all(map(_are_texts, identity)):
            raise UnfitError
        if any(map(_may_hold_json, identity)):
            identity = [list(map(decoded, texts)) for texts in identity]
        users = list(map(user_of, *identity))
        empty: Texts = [None] * size
        names_of, services = columns["eventName"], columns["eventSource"]
        codes, texts = columns.get("errorCode", empty), columns.get("errorMessage", empty)
        consoles, factors = (
            columns.get(name, empty) for name in ("responseElements.ConsoleLogin", "additionalEventData.MFAUsed")
        )
        said = list(map(self._judged, names_of, services, codes, texts, consoles, factors))
        addresses = _addresses(columns.get("sourceIPAddress", empty))
        columns |= {
            "time_text": time_texts,
            "user": users,
            "program": services,
            "source_ip": [found.get("source_ip") for found in addresses],
            "action": [found.action for found in said],
            "outcome": [found.outcome for found in said],
            "failure_reason": [found.failure_reason for found in said],
            "auth_method": [found.auth_method for found in said],
            "target_user": [first_text(text) for text in columns.get("requestParameters.userName", empty)],
            "message": [
                f"{name} ({service}){by_whom({'user': user, **address})}: {found.words}"
                for name, service, user, address, found in zip(names_of, services, users, addresses, said, strict=True)
            ],
        }
        if extra:
            columns["extra"] = _json(extra)
        for name, found in columns.items():
            self._filling.fill(name, found)
        self._filling.done(size)
        self._ports += [found.get("source_port") for found in addresses]

    def columns(self) -> dict[str, pa.Array[Any]]:
        """The columns of all groups, each behind the other."""
        texts = self._filling.columns()
        arrays: dict[str, pa.Array[Any]] = {name: pa.array(found, pa.string()) for name, found in texts.items()}
        time_texts = texts.get("time_text", [])

        def read(at: int) -> datetime | None:
            return parse_time(time_texts[at])

        arrays["time"] = times_of(time_texts, read)
        arrays["source_port"] = pa.array(self._ports, pa.int32())
        return arrays

    def _judged(self, *said: Any) -> Judged:
        found = self._known.get(said)
        if found is None:
            name, service, code, text, console, factor = said
            found = self._known[said] = judged(name, service, code, text, console == "Failure", factor)
        return found


def _spread(members: Mapping[str, Sequence[Any]]) -> tuple[dict[str, Texts], dict[str, Sequence[Any]]]:
    """What `layout.spread` does: the columns that the members fill, and the members that have none."""
    layout = layout_of(DATASET)
    columns: dict[str, Texts] = {}
    extra: dict[str, Sequence[Any]] = {}
    for name, values in members.items():
        if name == "eventTime":
            continue
        lower, column, inside = layout.place(name)
        if column is None:
            extra[name] = values
        else:
            columns[column] = _texts(values)
        if inside:
            if column is None or lower not in layout.trees:
                raise UnfitError
            if str in set(map(type, values)) and _may_hold_json([value for value in values if type(value) is str]):
                raise UnfitError
            _spread_tree(columns, layout.trees[lower], values)
    return columns, extra


def _spread_tree(columns: dict[str, Texts], tree: Tree, objects: Sequence[Any]) -> None:
    if list in set(map(type, objects)):
        raise UnfitError
    for name, (column, below) in tree.items():
        found = _member(objects, name, len(objects))
        if column is None:
            _spread_tree(columns, below, found)
        else:
            columns[column] = _texts(found)


def _member(objects: Sequence[Any] | None, name: str, size: int) -> list[Any]:
    """A member of each object; None where there is none."""
    if objects is None:
        return [None] * size
    return [found.get(name) if type(found) is dict else None for found in objects]


def _texts(values: Sequence[Any]) -> Texts:
    """What `layout.cell` gives for each."""
    if set(map(type, values)) <= _TEXTS:
        return values
    return [value if value is None or type(value) is str else _text(value) for value in values]


def _text(value: Any) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    return str(value) if type(value) is int else orjson.dumps(value).decode()


def _are_texts(values: Sequence[Any]) -> bool:
    return set(map(type, values)) <= _TEXTS


def _may_hold_json(texts: Sequence[Any]) -> bool:
    """Whether one of the texts begins as an object or a list does."""
    joined = "\0" + "\0".join(text or "" for text in texts)
    return "\0{" in joined or "\0[" in joined


def _addresses(texts: Texts) -> list[Record]:
    """What `layout.put_address` fills for each."""
    known: dict[str | None, Record] = {}
    for text in set(texts):
        known[text] = {}
        put_address(known[text], text)
    return [known[text] for text in texts]


def _json(members: dict[str, Sequence[Any]]) -> list[str]:
    """Each record's values of these members as an object of JSON."""
    names = tuple(members)
    return [
        orjson.dumps(dict(zip(names, values, strict=True))).decode() for values in zip(*members.values(), strict=True)
    ]
