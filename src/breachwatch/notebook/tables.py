"""Arrow tables of what the records hold, for DuckDB: times as UTC without a zone, as in the lake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pyarrow as pa

from breachwatch.lake import DatasetSpan, SourceCounts
from breachwatch.model.evidence import EvidenceLine
from breachwatch.model.finding import Entity
from breachwatch.model.incident import AlertRecord, IncidentLine

_TIME: pa.DataType = pa.timestamp("us")
_TEXTS: pa.DataType = pa.list_(pa.string())


def _schema(columns: dict[str, pa.DataType]) -> pa.Schema:
    return pa.schema(columns)


_INCIDENTS = _schema(
    {
        "number": pa.string(),
        "state": pa.string(),
        "level": pa.string(),
        "title": pa.string(),
        "entities": _TEXTS,
        "alerts": pa.int64(),
        "first_time": _TIME,
        "last_time": _TIME,
        "opened_at": _TIME,
        "evidence": _TEXTS,
    }
)
_ALERTS = _schema(
    {
        "key": pa.string(),
        "rule_title": pa.string(),
        "level": pa.string(),
        "dataset": pa.string(),
        "first_time": _TIME,
        "last_time": _TIME,
        "event_count": pa.int64(),
        "entities": _TEXTS,
        "why": pa.map_(pa.string(), pa.string()),
        "matched": _TEXTS,
        "tags": _TEXTS,
        "rule_id": pa.string(),
        "rule_revision": pa.string(),
        "detected_at": _TIME,
        "evidence": _TEXTS,
    }
)
_MATCHED = _schema({"event_id": pa.string(), "rules": _TEXTS})
_ENTITIES = _schema({"kind": pa.string(), "value": pa.string()})
_EVIDENCE = _schema(
    {
        "number": pa.string(),
        "sealed_at": _TIME,
        "events": pa.int64(),
        "bytes": pa.int64(),
        "supplements": pa.string(),
        "path": pa.string(),
        "tagmanifest_sha256": pa.string(),
        "verified_at": _TIME,
        "verified_ok": pa.bool_(),
    }
)
_RECORDS = _schema(
    {
        "event_id": pa.string(),
        "dataset": pa.string(),
        "source": pa.string(),
        "segment": pa.string(),
        "record_number": pa.int64(),
        "offset": pa.int64(),
        "length": pa.int64(),
        "sha256": pa.string(),
        "file": pa.string(),
        "file_offset": pa.int64(),
        "text": pa.string(),
    }
)
_DATASETS = _schema(
    {
        "dataset": pa.string(),
        "rows": pa.int64(),
        "files": pa.int64(),
        "bytes": pa.int64(),
        "min_time": _TIME,
        "max_time": _TIME,
    }
)
_SOURCES = _schema(
    {
        "source": pa.string(),
        "records": pa.int64(),
        "rows": pa.int64(),
        "rejects": pa.int64(),
        "segments": pa.int64(),
        "waiting": pa.int64(),
        "lost": pa.int64(),
        "last_event": _TIME,
        "last_landed": _TIME,
    }
)


def incidents_table(lines: Iterable[IncidentLine]) -> pa.Table:
    """The queue, a row an incident."""
    return _table(_INCIDENTS, [_values(line, _INCIDENTS) for line in lines])


def alerts_table(alerts: Iterable[AlertRecord]) -> pa.Table:
    """An incident's alerts; entities as `kind:value`."""
    return _table(_ALERTS, [_values(alert, _ALERTS) | {"why": list(alert.why.items())} for alert in alerts])


def matched_table(alerts: Iterable[AlertRecord]) -> pa.Table:
    """The events that alerts matched, each once, with the titles of the rules that did."""
    rules: dict[str, dict[str, None]] = {}
    for alert in alerts:
        for event_id in alert.event_ids:
            rules.setdefault(event_id, {})[alert.rule_title] = None
    return _table(_MATCHED, [{"event_id": event_id, "rules": list(titles)} for event_id, titles in rules.items()])


def entities_table(entities: Iterable[Entity]) -> pa.Table:
    """Who and what takes part, a row each."""
    return _table(_ENTITIES, [_values(entity, _ENTITIES) for entity in entities])


def evidence_table(lines: Iterable[EvidenceLine]) -> pa.Table:
    """The sealed snapshots of an incident."""
    return _table(_EVIDENCE, [_values(line, _EVIDENCE) for line in lines])


def records_table(lines: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The matched records of a piece of evidence, as data/matches.jsonl has them."""
    return _table(_RECORDS, [{name: line.get(name) for name in _RECORDS.names} for line in lines])


def datasets_table(spans: Iterable[DatasetSpan]) -> pa.Table:
    """What the lake holds of each dataset."""
    return _table(_DATASETS, [_values(span, _DATASETS) for span in spans])


def sources_table(counts: Iterable[SourceCounts]) -> pa.Table:
    """What each source has given."""
    return _table(_SOURCES, [_values(count, _SOURCES) for count in counts])


def _table(schema: pa.Schema, rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema)


def _values(line: object, schema: pa.Schema) -> dict[str, object]:
    return {name: _plain(getattr(line, name)) for name in schema.names}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return str(value) if isinstance(value, Enum) else value
