"""What a bag of files that somebody handed over says about them: data/item.json and data/acquisition.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from breachwatch.errors import EvidenceError
from breachwatch.evidence.bag import MANIFEST
from breachwatch.evidence.cells import escape
from breachwatch.evidence.names import safe_name
from breachwatch.evidence.on_disk import ITEM, BagOnDisk
from breachwatch.model.people import Actor
from breachwatch.records.received import FILE
from breachwatch.workspace import Workspace

FOLDER = "data/files"
_NOT_SPECIFIED = "not specified"
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file as it came into a bag. `again`: the original was read a second time and gave the same hash."""

    file: str
    name: str
    sha256: str
    bytes: int
    modified_at: str | None
    again: bool


def file_name(count: int, name: str) -> str:
    """The name in the bag of the file that came as number `count` under any name."""
    return f"{FOLDER}/{count:03d}-{safe_name(name.replace(chr(0), ''))}"


def item(
    number: str,
    incident: str | None,
    by: Actor,
    received_from: str,
    texts: Mapping[str, str],
    files: Sequence[ReceivedFile],
) -> dict[str, Any]:
    """data/item.json."""
    return {
        "evidence": number,
        "kind": FILE,
        "incident": incident,
        "events": 0,
        "received_from": received_from.strip(),
        "received_by": by.name,
        **texts,
        "files": [
            {
                "file": file.file,
                "name": file.name.encode("utf-8", errors="surrogateescape").decode(errors="backslashreplace"),
                "name_bytes": file.name.encode("utf-8", errors="surrogateescape").hex(),
                "sha256": file.sha256,
                "bytes": file.bytes,
                "modified_at": file.modified_at,
                "original_read_twice": file.again,
            }
            for file in files
        ],
    }


def title_of(said: Mapping[str, Any]) -> str:
    """The names of the files in one harmless line."""
    names = ", ".join(escape(str(file["name"])) for file in said["files"])
    return names if len(names) <= _LONGEST_TITLE else f"{names[: _LONGEST_TITLE - 3]}..."


def acquisition(ws: Workspace, number: str, by: Actor, at: datetime, said: Mapping[str, Any]) -> dict[str, Any]:
    """data/acquisition.json of files: who took them in, when, why, and how they were hashed."""
    zone = ws.settings.city.zone
    return {
        "evidence": number,
        "custodian": by.name,
        "title": by.title or _NOT_SPECIFIED,
        "contact": by.contact or _NOT_SPECIFIED,
        "location": by.location or _NOT_SPECIFIED,
        "sealed_at": at.isoformat(),
        "sealed_at_local": f"{at.astimezone(zone).isoformat()} {ws.settings.city.time_zone}",
        "purpose": said["purpose"],
        "authority": ws.settings.evidence.authority or _NOT_SPECIFIED,
        "double_hash": {
            "method": (
                "each file was hashed while it was copied and again when it was read back from the disk; the original "
                "was read a second time where original_read_twice says so, and gave the same hash"
            ),
            "result": "equal",
            "files": len(said["files"]),
            "bytes": sum(file["bytes"] for file in said["files"]),
        },
    }


def check_files(bag: BagOnDisk) -> str:
    """Whether data/item.json names exactly the files in data/files, with their hashes. Raises EvidenceError."""
    listed = {name: sha256 for name, sha256 in bag.manifest(MANIFEST).items() if name.startswith(f"{FOLDER}/")}
    try:
        said = {str(file["file"]): str(file["sha256"]) for file in bag.json(ITEM)["files"]}
    except (KeyError, TypeError) as error:
        msg = f"{ITEM} does not list the files"
        raise EvidenceError(msg) from error
    if said != listed:
        raise EvidenceError(f"{ITEM} lists other files than {MANIFEST}")
    return f"{len(said)} files as they were received"
