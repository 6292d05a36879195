"""The JSON files of a bag: incident, sources, acquisition, and the call of what writes the detection.

All JSON is ASCII: whatever a log, a path or a rule holds, these files are harmless on a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from breachwatch.evidence import custody, surroundings
from breachwatch.evidence.bag import BagWriter
from breachwatch.evidence.blocks import BLOCK
from breachwatch.evidence.case import Case
from breachwatch.evidence.detections import write_detections
from breachwatch.evidence.originals import RawSegment
from breachwatch.evidence.searched import Searched
from breachwatch.model.finding import Level
from breachwatch.workspace import Workspace

INCIDENT = "data/incident.json"
SOURCES = "data/sources.json"
NOT_SPECIFIED = "not specified"


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
    write_detections(ws, sealing.case, Searched(ws, sealing.case), bag)
    bag.add_json(SOURCES, {"segments": [_source(ws, raw) for raw in segments]})
    bag.add_json("data/environment.json", surroundings.environment(sealing.run_id))
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
        "after": segment.after,
        "sha256": segment.sha256,
        "file_sha256": segment.file_sha256,  # of the log's bytes [0, end)
        "modified_at": segment.modified_at.isoformat(),
        "planned_at": segment.planned_at.isoformat(),
        "time_zone": segment.time_zone,
        "merkle_root": raw.merkle_root.hex(),  # RFC 6962, over the segment's blocks
        "blocks": raw.blocks,
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
