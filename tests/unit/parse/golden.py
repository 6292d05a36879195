"""Golden samples: short logs of every format in `golden/<format>/`, each with what it must become beside it.

`<name>.expected` holds an event or reject a line, in the order of their records, without what the driver fills in.
`BREACHWATCH_GOLDEN=write .venv/bin/python -m pytest tests/unit/parse/test_golden.py` writes it anew; what changed is
read in `git diff` before it is committed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from breachwatch.model.formats import FORMATS, format_named
from tests.unit.parse.support import parsed

FOLDER = Path(__file__).parent / "golden"
EXPECTED = ".expected"

_OF_THE_DRIVER = {"event_id", "observed_at", "source", "segment_id", "raw", "record_text"}


def samples() -> list[Path]:
    """Every golden sample."""
    return sorted(path for path in FOLDER.glob("*/*") if path.suffix != EXPECTED)


def seeds(form: str) -> list[bytes]:
    """The samples of a format."""
    return [path.read_bytes() for path in samples() if path.parent.name == form]


def seed(form: str) -> bytes:
    """All samples of a format, one after the other."""
    parts = seeds(form)
    if format_named(form).framing == "lines":
        parts = [part if part.endswith(b"\n") else part + b"\n" for part in parts]
    return b"".join(parts)


def formats() -> list[str]:
    """Every format that has a parser."""
    return sorted(FORMATS)


def became(path: Path) -> Iterator[str]:
    """What the parser makes of a sample, a line a record."""
    result = parsed(path.parent.name, path.read_bytes(), path=f"/var/log/{path.name}", time_zone="America/Chicago")
    for record in result.records:
        kept: dict[str, Any] = {name: value for name, value in record.items() if name not in _OF_THE_DRIVER}
        if kept.get("repeat_count") == 1:
            del kept["repeat_count"]
        if not kept.get("extra", True):
            del kept["extra"]
        yield json.dumps(kept, default=str, ensure_ascii=False, sort_keys=True)
