"""Warnings of Entra ID Protection and of Privileged Identity Management.

Graph `riskDetection`, the Log Analytics tables AADUserRiskEvents and AADRiskyUsers, diagnostic settings.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.cloud.layout import Record, at, decoded, first_text, put_address, spread
from breachwatch.parse.windows_event import parse_time

_RENAMED: Final = {"source": "detectionSource"}
_TIMES: Final = (
    "activityDateTime",
    "ActivityDateTime",
    "detectedDateTime",
    "DetectedDateTime",
    "riskLastUpdatedDateTime",
)
_TIMES_OF_ARRIVAL: Final = ("time", "TimeGenerated")


def read_entra_risk(record: Record) -> tuple[str, Record, Record]:
    """One warning as (dataset, values, extra)."""
    properties = decoded(record.get("properties"))
    if isinstance(properties, dict):
        record = {name: value for name, value in record.items() if name != "properties"} | properties
    time_text = first_text(*(record.pop(name, None) for name in (*_TIMES, *_TIMES_OF_ARRIVAL)))
    key = next((name for name in record if name.lower() == "location"), None)
    place = decoded(record.pop(key)) if key else None
    values, extra = spread("entra.risk", record, _RENAMED)
    values["Location"] = first_text(at(place, "countryOrRegion"), place)
    values["LocationDetails.city"] = first_text(at(place, "city"))
    values["LocationDetails.state"] = first_text(at(place, "state"))
    values["time"], values["time_text"] = parse_time(time_text), time_text
    values["user"] = first_text(values.get("userPrincipalName"), values.get("userDisplayName"), values.get("userId"))
    put_address(values, values.get("ipAddress"))
    values["program"] = first_text(values.get("detectionSource")) or "Entra ID Protection"
    values["outcome"] = actions.UNKNOWN
    level = f", level {values['riskLevel']}" if values.get("riskLevel") else ""
    values["message"] = f"Risk {values.get('riskEventType')} for {values['user']}{level}, {values.get('riskState')}"
    return "entra.risk", values, extra
