"""Keys, and what was published of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.evidence.keyring import Tenure
from breachwatch.report.quantities import counted, day_and_time
from breachwatch.report.tables import indented, table
from breachwatch.report.text import safe


def keys_page(found: Sequence[Tenure], zone: ZoneInfo) -> RenderableType:
    """The keys, oldest first; the last one signs."""
    if not found:
        return Text("There is no key yet. `breachwatch keys create` makes one.")
    shown = table("key", "from", "until", "why")
    for item in found:
        shown.add_row(
            safe(item.key.fingerprint, "bold" if item is found[-1] else ""),
            Text(day_and_time(item.begins, zone) if item.begins else "the beginning"),
            Text(day_and_time(item.ends, zone) if item.ends else "signs now" if item is found[-1] else "replaced"),
            safe(item.reason),
        )
    advice = "Publish the fingerprints, so that others can compare: breachwatch keys publish TARGET"
    return Group(shown, Text(advice, style="dim"))


def published_page(target: Path, names: Sequence[str]) -> RenderableType:
    """What was written."""
    advice = Text(
        "Put it where people find it and nobody here can change it unseen: the council's minutes, the website."
    )
    return Group(safe(f"{counted(len(names), 'file')} in {target}"), *(indented(safe(name)) for name in names), advice)


def as_fields(item: Tenure) -> Mapping[str, Any]:
    """A key for scripts."""
    return {
        "number": item.number,
        "fingerprint": item.key.fingerprint,
        "spki_sha256": item.key.spki_sha256,
        "begins": item.begins,
        "ends": item.ends,
        "reason": item.reason,
    }
