"""Names of files inside a bag: whatever a log, a rule or a setting is called, it stays one harmless path component."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_LONGEST = 120  # bytes; file systems take 255, and extensions are still to come
_NUMBER = re.compile(r"EV-\d{4}-\d{6,}", re.ASCII)


def safe_name(text: str) -> str:
    """A file name that stands for `text`; different texts give different names.

    Bytes other than letters, digits, `_`, `-` and `.` become `=XX` as in quoted-printable (RFC 2045, section 6.7), and
    so does a dot at the start. Not per cent: BagIt (RFC 8493, section 2.1.3) would encode it once more, and
    `sha256sum -c` would not find the file.
    """
    data = text.encode("utf-8", errors="surrogateescape")
    name = "".join(chr(byte) if byte in _SAFE else f"={byte:02X}" for byte in data) or "="
    if name.startswith("."):
        name = "=2E" + name[1:]
    if len(name) > _LONGEST:
        name = name[: _LONGEST - 17].rstrip("=") + "=" + hashlib.sha256(data).hexdigest()[:16]
    return name


def is_number(text: str) -> bool:
    """Whether this is the number of a piece of evidence, `EV-2026-000001`."""
    return _NUMBER.fullmatch(text) is not None


def year_and_count(number: str) -> tuple[int, int]:
    """The two parts of a number, which sort evidence by sealing."""
    _, year, count = number.split("-")
    return int(year), int(count)


def next_number(year: int, taken: set[str]) -> str:
    """The first number of that year after all that are taken."""
    counts = [year_and_count(number)[1] for number in taken if year_and_count(number)[0] == year]
    return f"EV-{year:04d}-{max(counts, default=0) + 1:06d}"


def bags_in(folder: Path) -> set[str]:
    """The numbers of the bags that lie in a folder."""
    return {item.name for item in folder.iterdir() if is_number(item.name)} if folder.is_dir() else set()
