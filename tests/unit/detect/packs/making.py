"""Rule packs made by hand: texts in folders and zips."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path

DRL = "The rules are released under the Detection Rule License (DRL) 1.1\n"


def quiet(what: str, done: int, total: int) -> None:
    """A progress that says nothing."""


def rule(title: str, **given: str) -> str:
    """A rule as YAML; its id follows from the title unless given. `search` is the detection's one value."""
    said = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, title)),
        "status": "test",
        "level": "high",
        "author": "A. Writer",
        "date": "2026-05-01",
        "logsource": "{product: linux, service: auth}",
        "search": "log-cleared",
        **given,
    }
    search = said.pop("search")
    lines = [f"title: {title}", *(f"{key}: {value}" for key, value in said.items() if value)]
    return "\n".join([*lines, "detection:", f"  selection: {{action: {search}}}", "  condition: selection", ""])


def folder(at: Path, files: Mapping[str, str]) -> Path:
    """A folder of files."""
    for name, text in files.items():
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_text(text, encoding="utf-8")
    return at


def archive(at: Path, files: Mapping[str, str], comment: bytes = b"") -> Path:
    """A zip of files."""
    with zipfile.ZipFile(at, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, text)
        made.comment = comment
    return at
