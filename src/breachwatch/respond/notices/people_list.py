"""A list of people as CSV (RFC 4180), the user's own file: read within bounds, never kept."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from breachwatch.errors import DataError, EnvironmentFault, LimitError

LARGEST = 20 * 1024 * 1024  # bytes of the list
MOST_ROWS = 50_000


class PeopleList:
    """The rows of a CSV file, each with its line, within bounds."""

    def __init__(self, path: Path) -> None:
        self._text, self._path = _decoded(path), path
        try:
            self.header = [name.strip() for name in next(self._reader(), [])]
        except csv.Error as error:
            msg = f"{path}, line 1: no CSV that can be read: {error}."
            raise DataError(msg) from error
        if not any(self.header) or len(set(self.header)) != len(self.header):
            msg = f"{path}, line 1: the first line names the columns, each once."
            raise DataError(msg)

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        reader = self._reader()
        try:
            next(reader)
            for count, cells in enumerate(reader, 1):
                if count > MOST_ROWS:
                    msg = f"{self._path} has more than {MOST_ROWS} rows. Split it."
                    raise LimitError(msg)
                if any(cells):
                    yield reader.line_num, dict(zip(self.header, cells, strict=False))
        except csv.Error as error:
            msg = f"{self._path}, line {reader.line_num}: no CSV that can be read: {error}."
            raise DataError(msg) from error

    def _reader(self) -> Any:
        return csv.reader(io.StringIO(self._text, newline=""), strict=True)


def _decoded(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}."
        raise EnvironmentFault(msg) from error
    if len(content) > LARGEST:
        msg = f"{path} is larger than {LARGEST // 1024 // 1024} MiB. Split it."
        raise LimitError(msg)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        msg = f"{path}, line {line}: not UTF-8. Save it as CSV UTF-8."
        raise DataError(msg) from None
