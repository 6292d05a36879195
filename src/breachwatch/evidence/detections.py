"""data/detection of a bag: for each rule that fired its text, filters, SQL, parameters, result and counts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from breachwatch.evidence.bag import BagWriter
from breachwatch.evidence.case import Case
from breachwatch.evidence.cells import csv_line
from breachwatch.evidence.names import safe_name
from breachwatch.evidence.searched import Searched
from breachwatch.model.finding import Level
from breachwatch.workspace import Workspace

FOLDER = "data/detection"
SPDX_ADDRESS = "https://spdx.org/licenses/{}.html"
"""Where the text of a licence is, by its SPDX identifier (SPDX License List)."""
_SPDX_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[.+-][A-Za-z0-9]+)+")  # "not stated" is none
_RESULT_COLUMNS = ("alert", "event_id", "dataset", "first_time", "last_time", "event_count", "level", "entities")


def write_detections(ws: Workspace, case: Case, searched: Searched, bag: BagWriter) -> None:
    """One folder per rule; one per wording where a rule was edited between."""
    wordings: dict[str, set[str]] = {}
    for alert in case.alerts:
        wordings.setdefault(alert.rule_id, set()).add(alert.rule_revision)
    parameters = _parameters(ws, case)
    for rule_id in sorted(wordings):
        for revision in sorted(wordings[rule_id]):
            found = [alert for alert in case.alerts if (alert.rule_id, alert.rule_revision) == (rule_id, revision)]
            folder = f"{FOLDER}/{safe_name(rule_id)}"
            if len(wordings[rule_id]) > 1:
                folder += f"/{revision[:12]}"
            rule = case.rules[revision]
            origins = json.loads(rule.origins)
            text = rule.text.encode("utf-8", errors="surrogateescape")
            bag.add(f"{folder}/rule.yml", text)
            for name, part in _filters(text, origins):
                bag.add(f"{folder}/filters/{name}", part)
            bag.add(f"{folder}/query.sql", rule.sql.encode("utf-8", errors="surrogateescape"))
            bag.add_json(f"{folder}/params.json", parameters)
            bag.add(f"{folder}/result.csv", _result(case, found))
            bag.add_json(f"{folder}/stats.json", _stats(case, rule, found, searched))
            bag.add_json(f"{folder}/finding.json", _finding(case, rule, origins, text, found))


def _filters(text: bytes, origins: Sequence[Mapping[str, str]]) -> list[tuple[str, bytes]]:
    """The filters in force, each as the file it was read from: documents of the rule's text that have no rule id.

    A document may hold a line `---` of its own, so each is found by its hash, which `origins` names.
    """
    parts = text.split(b"---\n")
    found = []
    for number, origin in enumerate((item for item in origins if not item.get("rule_id")), 1):
        for count in range(1, len(parts) + 1):
            ends = (b"---\n".join(parts[at : at + count]) for at in range(len(parts) - count + 1))
            match = next((part for part in ends if origin.get("sha256") in _hashes(part)), None)
            if match is not None:
                found.append((f"{number:02d}-{safe_name(origin.get('title') or 'filter')}.yml", match))
                break
    return found


def _hashes(part: bytes) -> set[str]:
    """The hash of a document, which the rule's text has ended with a line feed where it had none."""
    return {hashlib.sha256(part).hexdigest(), hashlib.sha256(part.removesuffix(b"\n")).hexdigest()}


def _parameters(ws: Workspace, case: Case) -> dict[str, Any]:
    """What else the result depends on: the settings of the search. The query itself has no parameters to bind."""
    detect, run = ws.settings.detect, case.run
    return {
        "bound_parameters": [],
        "city_time_zone": ws.settings.city.time_zone,
        "working_hours": list(detect.working_hours),
        "working_days": list(detect.working_days),
        "lookback_days": detect.lookback_days,
        "learning_days": detect.learning_days,
        "max_findings_per_rule": detect.max_findings_per_rule,
        "placeholders": detect.placeholders,
        "night": run.night if run is not None else None,
        "events_before": run.until.isoformat() if run is not None else None,
    }


def _result(case: Case, found: Sequence[Row[Any]]) -> bytes:
    """What the rule found as a table: one line for each event of each alert."""
    lines = [csv_line(_RESULT_COLUMNS)]
    for alert in found:
        who = " ".join(f"{kind}:{value}" for kind, value in json.loads(alert.entities))
        times = (alert.first_time.isoformat(), alert.last_time.isoformat())
        told = "," + csv_line((alert.dataset, *times, str(alert.event_count), str(Level(alert.level)), who))
        key = csv_line((alert.key,)).rstrip("\n") + ","
        lines += [key + csv_line((event_id,)).rstrip("\n") + told for event_id in case.event_ids[alert.key]]
    return "".join(lines).encode()


def _stats(case: Case, rule: Row[Any], found: Sequence[Row[Any]], searched: Searched) -> dict[str, Any]:
    """How much was searched, and how much of it matched."""
    datasets = rule.dataset.split(",")
    times = {alert.detected_at for alert in found}
    return {
        "alerts": len(found),
        "events_matched": len({event for alert in found for event in case.event_ids[alert.key]}),
        "searched": searched.told(times, datasets),
        "all_datasets": searched.told(times, None),
    }


def _finding(
    case: Case, rule: Row[Any], origins: Sequence[Mapping[str, str]], text: bytes, found: Sequence[Row[Any]]
) -> dict[str, Any]:
    return {
        "rule_id": rule.rule_id,
        "title": rule.title,
        "revision": rule.rule_revision,
        "rule_sha256": hashlib.sha256(text).hexdigest(),
        "query_sha256": hashlib.sha256(rule.sql.encode("utf-8", errors="surrogateescape")).hexdigest(),
        "dataset": rule.dataset,
        "origins": [_origin(item) for item in origins],
        "first_used_at": rule.first_used_at.isoformat(),
        "alerts": [_alert(alert, case.event_ids[alert.key]) for alert in found],
    }


def _origin(said: Mapping[str, str]) -> dict[str, str]:
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
