"""Records of a case as files: sorted by time, one JSON object a line, with a `sources.toml` beside them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from breachwatch.simulate.sources import SourceTable, as_toml
from breachwatch.simulate.span import SECOND

Record = tuple[int, Mapping[str, Any]]
"""When it happened (microseconds since 1970 UTC), and the record as the vendor writes it."""


def write_records(path: Path, records: Iterable[Record], *, written_at: int) -> int:
    """Write one log; its time of change is `written_at`, that a run sees a file at rest. Gives how many records."""
    ordered = sorted(records, key=lambda record: record[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record, ensure_ascii=False, separators=(",", ":")) for _, record in ordered]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    os.utime(path, (written_at // SECOND, written_at // SECOND))
    return len(lines)


def write_sources(folder: Path, tables: Sequence[SourceTable]) -> None:
    """The sources that a workspace takes in, as `breachwatch init --sources` reads them."""
    (folder / "sources.toml").write_text(as_toml(tables), encoding="utf-8", newline="\n")


def made_up_id(*parts: object) -> str:
    """A GUID of nobody's, the same for the same parts; the version digit is that of random ones (RFC 9562)."""
    text = hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"
