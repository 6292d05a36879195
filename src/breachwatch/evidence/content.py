"""The JSON and rule files of a bag: incident, detection, sources, acquisition.

All JSON is ASCII: whatever a log, a path or a rule holds, these files are harmless on a terminal.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from breachwatch.evidence import custody, surroundings
from breachwatch.evidence.bag import BagWriter
from breachwatch.evidence.blocks import BLOCK
from breachwatch.evidence.case import Case
from breachwatch.evidence.names import safe_name
from breachwatch.evidence.raw import RawSegment
from breachwatch.model.finding import Level
from breachwatch.workspace import Workspace

INCIDENT = "data/incident.json"
SOURCES = "data/sources.json"
NOT_SPECIFIED = "not specified"
SPDX_ADDRESS = "https://spdx.org/licenses/{}.html"
"""Where the text of a licence is, by its SPDX identifier (SPDX License List)."""
_SPDX_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[.+-][A-Za-z0-9]+)+")  # "not stated" is none


@dataclass(frozen=True, slots=True)
class Sealing:
    """The circumstances of one sealing. `at` is aware UTC."""

    number: str
    at: datetime
    run_id: str
    case: Case


def write_content(ws: Workspace, sealing: Sealing, segments: list[RawSegment], events: int, bag: BagWriter) -> None:
    """Write everything that is neither original bytes nor parsed rows."""
    bag.add_json(INCIDENT, _incident(sealing, events))
    _write_detection(sealing.case, bag)
    bag.add_json(SOURCES, {"segments": [_source(ws, raw) for raw in segments]})
    bag.add_json("data/environment.json", surroundings.environment())
    bag.add_json("data/clock.json", surroundings.clock(ws, segments, sealing.at.isoformat()))
    bag.add_json("data/acquisition.json", _acquisition(ws, sealing, segments))


def _incident(sealing: Sealing, events: int) -> dict[str, Any]:
    case, row = sealing.case, sealing.case.incident
    return {
        "evidence": sealing.number,
        "supplements": case.supplements,
        "incident": row.number,
        "title": row.title,
        "level": str(Level(row.level)),
        "first_time": row.first_time.isoformat(),
        "last_time": row.last_time.isoformat(),
        "opened_at": row.opened_at.isoformat(),
        "opened_by_run": row.opened_by_run,
        "entities": [{"kind": kind, "value": value} for kind, value in case.entities],
        "alert_keys": list(case.alert_keys),
        "events": events,
    }


def _write_detection(case: Case, bag: BagWriter) -> None:
    """One folder per rule with its text, its SQL and what it found; one per wording where a rule was edited between."""
    wordings: dict[str, set[str]] = {}
    for alert in case.alerts:
        wordings.setdefault(alert.rule_id, set()).add(alert.rule_revision)
    for rule_id in sorted(wordings):
        for revision in sorted(wordings[rule_id]):
            rule = case.rules[revision]
            found = [alert for alert in case.alerts if (alert.rule_id, alert.rule_revision) == (rule_id, revision)]
            folder = f"data/detection/{safe_name(rule_id)}"
            if len(wordings[rule_id]) > 1:
                folder += f"/{revision[:12]}"
            text = rule.text.encode("utf-8", errors="surrogateescape")
            bag.add(f"{folder}/rule.yml", text)
            bag.add(f"{folder}/query.sql", rule.sql.encode("utf-8", errors="surrogateescape"))
            bag.add_json(
                f"{folder}/finding.json",
                {
                    "rule_id": rule_id,
                    "title": rule.title,
                    "revision": revision,
                    "rule_sha256": hashlib.sha256(text).hexdigest(),
                    "dataset": rule.dataset,
                    "origins": [_origin(item) for item in json.loads(rule.origins)],
                    "first_used_at": rule.first_used_at.isoformat(),
                    "alerts": [_alert(alert, case.event_ids[alert.key]) for alert in found],
                },
            )


def _origin(said: dict[str, str]) -> dict[str, str]:
    """Where one document of rule.yml came from, with the address of its licence where SPDX lists it."""
    licence = said.get("licence", "")
    address = {"licence_url": SPDX_ADDRESS.format(licence)} if _SPDX_IDENTIFIER.fullmatch(licence) else {}
    return {**said, **address}


def _alert(alert: Row[Any], event_ids: Sequence[str]) -> dict[str, Any]:
    return {
        "key": alert.key,
        "level": str(Level(alert.level)),
        "first_time": alert.first_time.isoformat(),
        "last_time": alert.last_time.isoformat(),
        "event_count": alert.event_count,
        "entities": json.loads(alert.entities),
        "tags": json.loads(alert.tags),
        "why": json.loads(alert.why),
        **json.loads(alert.matched),
        "detected_at": alert.detected_at.isoformat(),
        "run_id": alert.run_id,
        "event_ids": list(event_ids),
    }


def _source(ws: Workspace, raw: RawSegment) -> dict[str, Any]:
    segment = raw.segment
    kinds = {source.name: source.kind for source in ws.settings.sources}
    return {
        "source": segment.source,
        "collector": kinds.get(segment.source, "no longer configured"),
        "host": segment.host,
        "path": segment.path,
        "format": segment.format,
        "file_id": segment.file_id,
        "segment": segment.segment_id,
        "start": segment.start,
        "end": segment.end,
        "first_record": segment.first_record,
        "sha256": segment.sha256,
        "file_sha256": segment.file_sha256,  # of the log's bytes [0, end)
        "modified_at": segment.modified_at.isoformat(),
        "planned_at": segment.planned_at.isoformat(),
        "time_zone": segment.time_zone,
        "merkle_root": raw.proven.root.hex(),  # RFC 6962, over the segment's blocks
        "blocks": raw.proven.size,
        "block_bytes": BLOCK,
        "kept": "whole segment" if raw.whole else "ranges",
        "ranges": [
            {
                "start": item.range.start,
                "end": item.range.end,
                "file": item.name,
                "sha256": item.written.sha256,
            }
            for item in raw.files
        ],
    }


def _acquisition(ws: Workspace, sealing: Sealing, segments: Iterable[RawSegment]) -> dict[str, Any]:
    by, run = custody.handler(ws), sealing.case.run
    files = [item for raw in segments for item in raw.files]
    return {
        "evidence": sealing.number,
        "custodian": by.actor,
        "title": by.title or NOT_SPECIFIED,
        "contact": by.contact or NOT_SPECIFIED,
        "location": by.location or NOT_SPECIFIED,
        "sealed_at": sealing.at.isoformat(),
        "sealed_at_local": f"{sealing.at.astimezone(ws.settings.city.zone).isoformat()} {ws.settings.city.time_zone}",
        "purpose": f"preserved when detection opened or extended {sealing.case.incident.number}, before any triage",
        "authority": ws.settings.evidence.authority or NOT_SPECIFIED,
        "run_id": sealing.run_id,
        "night": run.night if run is not None else None,
        "searched_until": run.until.isoformat() if run is not None else None,
        "double_hash": {
            "method": (
                "each segment was read whole and its SHA-256 compared with the one taken when it was collected; each "
                "file was hashed while it was written and again when it was read back from the disk"
            ),
            "result": "equal",
            "files": len(files),
            "bytes": sum(item.written.size for item in files),
        },
    }
