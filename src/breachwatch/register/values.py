"""One system of the register: its cells as typed values, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from breachwatch.model.systems import Criticality, DataCategory, System

FIELDS = ("host", "also", "datasets", "owner", "vendor", "criticality", "data", "records", "notes")
_MOST_NAMES = 64  # in one cell
_NAME_CHARS = 253  # of a host: the longest name of the DNS (RFC 1035, 3.1)

_DATA = {
    **{category.value: category for category in DataCategory},
    **{category.words.casefold(): category for category in DataCategory},
    **dict.fromkeys(("social security number", "social security"), DataCategory.SSN),
    **dict.fromkeys(
        ("dl", "driver's licence", "driver's license", "drivers license", "driver license", "drivers licence"),
        DataCategory.DRIVER_LICENCE,
    ),
    **dict.fromkeys(("passport", "passports", "state id"), DataCategory.GOVERNMENT_ID),
    **dict.fromkeys(("bank account", "bank accounts", "account"), DataCategory.FINANCIAL_ACCOUNT),
    **dict.fromkeys(("cards", "credit card", "credit cards", "pci", "payment card"), DataCategory.CARD),
    **dict.fromkeys(("medical", "phi", "hipaa", "health information"), DataCategory.HEALTH),
    **dict.fromkeys(("alpr", "anpr", "lpr", "license plates"), DataCategory.LICENCE_PLATES),
    **dict.fromkeys(("passwords", "logins"), DataCategory.CREDENTIALS),
    **dict.fromkeys(("cji", "criminal justice"), DataCategory.CJIS),
    **dict.fromkeys(("voters", "voter"), DataCategory.ELECTION),
    **dict.fromkeys(("children",), DataCategory.MINORS),
    **dict.fromkeys(("hr", "employees"), DataCategory.PERSONNEL),
    **dict.fromkeys(("pii", "names"), DataCategory.PERSONAL),
}
"""How people write a category of data; compared in lower case."""


class Wrong(Exception):
    """What is wrong with one system: pairs of what and how to mend it."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        super().__init__(str(found))
        self.found = found


def system_of(values: Mapping[str, Any], place: str) -> System:
    """The system that these cells describe. Raises Wrong with all that is wrong with them."""
    unknown = sorted(str(key)[:60] for key in values.keys() - set(FIELDS))
    found = [(f"there is no key {key!r}", f"Keys are: {', '.join(FIELDS)}.") for key in unknown]
    host = _text(values, "host", found)
    also = _names(values, "also", found)
    if not host:
        found.append(("the host is missing", "Give the name that logs use for it, or of the service."))
    found += [
        (f"{name[:40]!r}... is no name of a host", f"At most {_NAME_CHARS} visible characters.")
        for name in (host, *also)
        if len(name) > _NAME_CHARS or not name.isprintable()
    ]
    datasets = _names(values, "datasets", found)
    found += [
        (f"{name[:60]!r} is no dataset", "`breachwatch lake stats` lists them.")
        for name in datasets
        if not _known(name)
    ]
    system = System(
        host,
        also,
        datasets,
        _text(values, "owner", found),
        _text(values, "vendor", found),
        _criticality(_text(values, "criticality", found), found),
        tuple(dict.fromkeys(_category(name, found) for name in _names(values, "data", found))),
        _records(values.get("records"), found),
        _text(values, "notes", found),
        place,
    )
    if found:
        raise Wrong(found)
    return system


def _text(values: Mapping[str, Any], key: str, found: list[tuple[str, str]]) -> str:
    value = values.get(key, "")
    if not isinstance(value, str):
        found.append((f"{key} is {value!r:.60}, no text", "Put it in quotes."))
        return ""
    return " ".join(value.split())


def _names(values: Mapping[str, Any], key: str, found: list[tuple[str, str]]) -> tuple[str, ...]:
    """A list of TOML, or a cell with `;`, `,` or `|` between the names."""
    value = values.get(key) or []
    listed = re.split(r"[;,|]", value) if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        found.append((f"{key} is no list of texts", "Separate names by semicolons."))
        return ()
    names = [" ".join(item.split()) for item in listed]
    names = [name for name in dict.fromkeys(names) if name and name.casefold() not in {"none", "-", "n/a"}]
    if len(names) > _MOST_NAMES:
        found.append((f"{key} names {len(names)} things", f"At most {_MOST_NAMES}."))
        return ()
    return tuple(names)


def _known(name: str) -> bool:
    from breachwatch.model.datasets import DATASETS  # and Arrow with it, which whoever reads no register need not load

    return name in DATASETS


def _criticality(text: str, found: list[tuple[str, str]]) -> Criticality:
    known = {**{item.value: item for item in Criticality}, "medium": Criticality.NORMAL, "": Criticality.NORMAL}
    if text.casefold() not in known:
        found.append((f"{text[:60]!r} is no criticality", _meant(text, [item.value for item in Criticality])))
    return known.get(text.casefold(), Criticality.NORMAL)


def _category(name: str, found: list[tuple[str, str]]) -> DataCategory:
    category = _DATA.get(name.casefold())
    if category is None:
        found.append((f"{name[:60]!r} is no category of data", _meant(name, [item.value for item in DataCategory])))
    return category or DataCategory.PERSONAL


def _records(value: Any, found: list[tuple[str, str]]) -> int | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    plain = re.sub(r"[ ,_']", "", value) if isinstance(value, str) else value
    if isinstance(plain, str) and re.fullmatch(r"\d{1,12}", plain, re.ASCII):
        return int(plain)
    if isinstance(plain, int) and not isinstance(plain, bool) and 0 <= plain < 10**12:
        return plain
    found.append((f"records is {value!r:.60}", "Give a whole number, or nothing where nobody knows."))
    return None


def _meant(text: str, known: list[str]) -> str:
    near = get_close_matches(text.casefold()[:60], known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"{hint}There are: {', '.join(known)}."
