"""The facts of an incident as people know them: each may be unknown, a set incomplete, a number a range.

Facts come from a worksheet: a TOML table with the names of `law.facts.FACTS`. What is left out, or written "unknown",
is unknown. A number is `612`, a range `"600..650"`, or `"500.."` for at least so many. `data_elements` may hold more
than is known yet: say so with `more_data_elements = true`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from breachwatch.errors import DataError
from breachwatch.respond.law.facts import FACTS, Fact, FactKind

UNKNOWN = "unknown"
MORE = "more_data_elements"
LARGEST = 256 * 1024
_RANGE = re.compile(r"(\d{1,12})(?:\s*\.\.\s*(\d{1,12})?)?")
_MOST = 10**12


@dataclass(frozen=True, slots=True)
class Count:
    """How many: at least `low`, at most `high`; None for no upper bound."""

    low: int
    high: int | None

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.low:,}"
        return f"{self.low:,} or more" if self.high is None else f"{self.low:,} to {self.high:,}"


@dataclass(frozen=True, slots=True)
class Facts:
    """Known facts by name; a name that is missing is unknown. `residents` are by state, in two letters."""

    yes_no: Mapping[str, bool] = field(default_factory=dict)
    choice: Mapping[str, str] = field(default_factory=dict)
    some_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    counts: Mapping[str, Count] = field(default_factory=dict)
    residents: Mapping[str, Count] = field(default_factory=dict)
    more_elements: bool = False  # more data elements than those named may turn up

    def words(self, name: str) -> str:
        """A fact's value as people read it."""
        if name == "residents":
            return ", ".join(f"{state}: {count}" for state, count in sorted(self.residents.items())) or UNKNOWN
        if name in self.yes_no:
            return "yes" if self.yes_no[name] else "no"
        if name in self.some_of:
            named = ", ".join(sorted(self.some_of[name])).replace("_", " ") or "none"
            return f"{named}, and perhaps more" if name == "data_elements" and self.more_elements else named
        value = self.choice.get(name) or self.counts.get(name)
        return str(value).replace("_", " ") if value is not None else UNKNOWN


def read_facts(path: Path) -> Facts:
    """The facts of a worksheet. Raises DataError that names the key, its value and what to mend."""
    try:
        return facts_of(read_table(path))
    except ValueError as error:
        msg = f"{path}: {error}"
        raise DataError(msg) from error


def read_table(path: Path) -> dict[str, Any]:
    """The table that a worksheet holds, unchecked. Raises DataError."""
    try:
        if path.stat().st_size > LARGEST:
            msg = f"{path} is larger than {LARGEST // 1024} KiB; a worksheet is a page of text."
            raise DataError(msg)
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        msg = f"cannot read the worksheet {path}: {error.strerror}."
        raise DataError(msg) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path} is not valid TOML: {error}. Text needs quotes, lists need brackets."
        raise DataError(msg) from error


def facts_of(table: Mapping[str, Any]) -> Facts:
    """The facts that a table of a worksheet gives. Raises ValueError that names the key and the mend."""
    values: dict[FactKind, dict[str, Any]] = {kind: {} for kind in FactKind}
    residents: Mapping[str, Count] = {}
    for name, value in table.items():
        if value == UNKNOWN or name == MORE:
            continue
        fact = FACTS.get(name)
        if fact is None:
            msg = f"{name}: there is no such fact. Known: {', '.join((*FACTS, MORE))}."
            raise ValueError(msg)
        if fact.kind is FactKind.PER_STATE:
            residents = _per_state(fact, value)
        else:
            values[fact.kind][name] = _value(fact, value)
    _possible(values[FactKind.COUNT].get("individuals"), residents)
    return Facts(
        values[FactKind.YES_NO],
        values[FactKind.CHOICE],
        values[FactKind.SET],
        values[FactKind.COUNT],
        residents,
        more_elements=_yes_no(MORE, table.get(MORE, False)),
    )


def _value(fact: Fact, value: Any) -> object:
    if fact.kind is FactKind.YES_NO:
        return _yes_no(fact.name, value)
    if fact.kind is FactKind.COUNT:
        return _count(fact.name, value)
    listed = value if isinstance(value, list) and fact.kind is FactKind.SET else [value]
    wrong = [item for item in listed if item not in fact.choices]
    if wrong:
        msg = f"{fact.name}: {wrong[0]!r} is none of its values: {', '.join(fact.choices)}."
        raise ValueError(msg)
    return frozenset(listed) if fact.kind is FactKind.SET else str(value)


def _yes_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        msg = f"{name}: it is yes or no; write true, false or {UNKNOWN!r}, not {value!r}."
        raise ValueError(msg)  # noqa: TRY004  one kind of error for the whole worksheet
    return value


def _count(name: str, value: Any) -> Count:
    found = _RANGE.fullmatch(str(value).strip()) if isinstance(value, int | str) and value is not True else None
    if found is None or isinstance(value, bool):
        msg = f'{name}: {value!r} is no number; write 612, "600..650" or "500..".'
        raise ValueError(msg)
    low = int(found[1])
    high = (int(found[2]) if found[2] else None) if ".." in str(value) else low
    if high is not None and high < low:
        msg = f"{name}: {value!r} ends below its beginning."
        raise ValueError(msg)
    return Count(low, high)


def _per_state(fact: Fact, value: Any) -> Mapping[str, Count]:
    if not isinstance(value, Mapping) or any(not re.fullmatch("[A-Z]{2}", state) for state in value):
        msg = f"{fact.name}: a table of states in two capital letters, as in [residents] TX = 612."
        raise ValueError(msg)
    return {state: _count(f"{fact.name}.{state}", count) for state, count in value.items() if count != UNKNOWN}


def _possible(individuals: Count | None, residents: Mapping[str, Count]) -> None:
    """More residents than individuals in all cannot be."""
    if individuals is None or individuals.high is None:
        return
    least = sum(count.low for count in residents.values())
    if least > individuals.high:
        msg = (
            f"residents: {least:,} residents of single states are more than {individuals.high:,} individuals in all; "
            "mend one of the two."
        )
        raise ValueError(msg)
