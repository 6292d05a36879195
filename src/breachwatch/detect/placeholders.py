"""The values of placeholders (`%servers%` under the modifier `expand`), which only the site can know.

`placeholders` in the settings' section `[detect]` is a folder with one text file for each, `servers.txt` for
`%servers%`, one value a line; or a table of lists. A value may hold Sigma's wildcards. A name that a rule says is
looked up among the files there are; it never becomes a path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ValuesOf = Callable[[str], Sequence[str]]
"""The values of a placeholder. Raises SigmaPlaceholderError where it has none."""

FILE_BYTES = 8 * 1024 * 1024
SUFFIX = ".txt"


def no_values(name: str) -> Sequence[str]:
    """`ValuesOf` where nothing is given."""
    raise _missing(f"the placeholder %{name}% has no value here (modifier expand)")


@dataclass(frozen=True)
class Placeholders:
    """Placeholders with their values; `where` says to a person where to put more."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where: str = "`placeholders` of the settings' section [detect], a folder with one file NAME.txt each or a table"
    problems: tuple[tuple[str, str], ...] = ()  # files that could not be read, and why

    def of(self, name: str) -> Sequence[str]:
        """The values of a placeholder, its name in any case. Raises SigmaPlaceholderError where none are given."""
        found = self.values.get(name.casefold())
        if not found:
            empty = " is empty" if found is not None else " has no values"
            raise _missing(f"the placeholder %{name}%{empty}: give them in {self.where} (modifier expand)")
        return found

    @property
    def revision(self) -> str:
        """SHA-256 of all of them: a rule compiled with others is another one."""
        return hashlib.sha256(repr(sorted(self.values.items())).encode("utf-8", "backslashreplace")).hexdigest()


def load_placeholders(given: str | Mapping[str, Sequence[str]], root: Path) -> Placeholders:
    """What the settings say: a folder relative to `root`, or the values themselves. Empty: none."""
    if not given:
        return Placeholders()
    if not isinstance(given, str):
        return Placeholders({name.casefold(): _values(values) for name, values in given.items()})
    folder = root / Path(given).expanduser()
    values: dict[str, tuple[str, ...]] = {}
    problems = []
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
        try:
            values[path.stem.casefold()] = _read(path)
        except (OSError, ValueError) as error:
            problems.append((f"{given}/{path.name}", str(error)))
    where = f"a file NAME{SUFFIX} of the folder {folder}, one a line"
    if not folder.is_dir():
        problems.append((given, f"there is no folder {folder} (`placeholders` of [detect])"))
    return Placeholders(values, where, tuple(problems))


def _read(path: Path) -> tuple[str, ...]:
    with path.open("rb") as stream:
        data = stream.read(FILE_BYTES + 1)
    if len(data) > FILE_BYTES:
        msg = f"is larger than {FILE_BYTES} bytes"
        raise ValueError(msg)
    try:
        return _values(data.decode("utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        msg = f"is not UTF-8 text: {error.reason} at byte {error.start}"
        raise ValueError(msg) from error


def _values(lines: Sequence[str]) -> tuple[str, ...]:
    """The values in their order, each once; spaces around them and empty lines mean nothing."""
    return tuple(dict.fromkeys(value for line in lines if (value := line.strip())))


def _missing(reason: str) -> ValueError:
    from sigma.exceptions import SigmaPlaceholderError

    return SigmaPlaceholderError(reason)
