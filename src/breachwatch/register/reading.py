"""Reading the register of systems: CSV with a line of names, or TOML with `[[systems]]`.

The file may come from anywhere (an export of an inventory, a mail): its size, its rows and its cells are bounded,
nothing in it is carried out, and everything that is wrong is told with its place and how to mend it.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from breachwatch.errors import DataError
from breachwatch.model.systems import System
from breachwatch.register.values import FIELDS, Wrong, system_of

FILE_BYTES = 8 * 1024 * 1024  # twenty thousand systems of four hundred bytes
CELL_CHARS = 4000

_NAMES = {
    **{name: name for name in FIELDS},
    **dict.fromkeys(("hostname", "system", "name"), "host"),
    **dict.fromkeys(("aliases", "other names", "address", "addresses"), "also"),
    **dict.fromkeys(("data categories", "data_categories", "data held"), "data"),
    **dict.fromkeys(("number of records", "people"), "records"),
    "note": "notes",
    "dataset": "datasets",
}
"""How columns may be called; compared in lower case."""


@dataclass(frozen=True, slots=True)
class RegisterProblem:
    """One thing that is wrong with the register: where, what, and how to mend it."""

    place: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}. {self.mend}"


@dataclass(frozen=True, slots=True)
class _Entry:
    place: str
    values: Mapping[str, Any]


def read_register(path: Path, most: int) -> tuple[list[System], list[RegisterProblem]]:
    """The systems of the file, and what is wrong with it; a system with something wrong is left out.

    Raises DataError where the file as a whole cannot be used: unreadable, larger than 8 MiB, with more than `most`
    systems, no UTF-8, no TOML or CSV.
    """
    text = _text(path)
    entries = _toml(text, path) if path.suffix.lower() == ".toml" else _csv(text, path)
    systems: list[System] = []
    problems: list[RegisterProblem] = []
    seen: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        if number > most:
            msg = f"{path} names more than {most:,} systems. Raise systems.most in the settings, or shorten it."
            raise DataError(msg)
        try:
            system = system_of(entry.values, entry.place)
        except Wrong as wrong:
            problems += [RegisterProblem(entry.place, what, mend) for what, mend in wrong.found]
            continue
        names = [name.casefold() for name in (system.host, *system.also)]
        twice = [name for name in names if name in seen]
        if twice:
            mend = f"The first is in {seen[twice[0]]}; keep one, or give each its own name."
            problems.append(RegisterProblem(entry.place, f"{twice[0]!r} is named a second time", mend))
            continue
        seen.update(dict.fromkeys(names, entry.place))
        systems.append(system)
    return systems, problems


def _text(path: Path) -> str:
    try:
        if not path.is_file():  # never a named pipe, which would be waited for
            msg = f"there is no register of systems {path}. Mend systems.file in the settings, or write the file."
            raise DataError(msg)
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES + 1)
    except OSError as error:
        msg = f"cannot read the register of systems {path}: {error.strerror}."
        raise DataError(msg) from error
    if len(data) > FILE_BYTES:
        msg = f"the register of systems {path} is larger than {FILE_BYTES:,} bytes. Is it the right file?"
        raise DataError(msg)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        msg = f"the register of systems {path} is not UTF-8 in line {line}. Save it as CSV UTF-8."
        raise DataError(msg) from None


def _toml(text: str, path: Path) -> Iterator[_Entry]:
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        msg = f"the register of systems {path} is not valid TOML: {error}. Text needs quotes, lists need brackets."
        raise DataError(msg) from error
    listed = content.get("systems")
    if set(content) != {"systems"} or not isinstance(listed, list):
        msg = f"the register of systems {path} must hold [[systems]] and nothing else."
        raise DataError(msg)
    for number, item in enumerate(listed, 1):
        place = f"{path.name}, system {number}"
        if not isinstance(item, dict):
            msg = f"{place} is no table. Write [[systems]] and its keys on the lines below."
            raise DataError(msg)
        named = {str(key): _cut(value, place) for key, value in item.items()}
        yield _Entry(place, {_NAMES.get(key.casefold(), key): value for key, value in named.items()})


def _csv(text: str, path: Path) -> Iterator[_Entry]:
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [_NAMES.get(name.strip().casefold(), name.strip()) for name in next(reader, [])]
        _check_names(names, path)
        for row in reader:
            place = f"{path.name}, line {reader.line_num}"
            if not any(cell.strip() for cell in row) or row[0].lstrip().startswith("#"):
                continue
            if len(row) > len(names):
                msg = (
                    f"{place} has {len(row)} cells, the first line {len(names)} names. Put text with commas in quotes."
                )
                raise DataError(msg)
            yield _Entry(place, {name: _cut(cell, place) for name, cell in zip(names, row, strict=False)})
    except csv.Error as error:
        msg = f"the register of systems {path} is no CSV in line {reader.line_num}: {error}. Mend the quotes there."
        raise DataError(msg) from error


def _check_names(names: Sequence[str], path: Path) -> None:
    unknown = [name for name in names if name not in FIELDS]
    twice = [name for name in names if names.count(name) > 1]
    if "host" in names and not unknown and not twice:
        return
    if unknown:
        wrong = f"names the column {unknown[0][:60]!r}, which there is not"
    else:
        wrong = f"names the column {twice[0]!r} twice" if twice else "names no column host"
    msg = f"{path.name}, line 1: it {wrong}. Columns are: {', '.join(FIELDS)}; only host is needed."
    raise DataError(msg)


def _cut(value: Any, place: str) -> Any:
    """A cell of bounded length."""
    if isinstance(value, str) and len(value) > CELL_CHARS:
        msg = f"{place} has a cell of {len(value):,} characters; {CELL_CHARS:,} are the most."
        raise DataError(msg)
    return value
