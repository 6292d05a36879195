"""Which service wrote a record, from the record alone: a file may mix several, and envelopes differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from breachwatch.parse.cloud.azure_activity import read_azure_activity
from breachwatch.parse.cloud.cloudtrail import read_cloudtrail
from breachwatch.parse.cloud.entra_audit import read_entra_audit
from breachwatch.parse.cloud.entra_risk import read_entra_risk
from breachwatch.parse.cloud.entra_signin import read_entra_signin
from breachwatch.parse.cloud.gcp import read_gcp_audit
from breachwatch.parse.cloud.google_workspace import read_workspace_activity, read_workspace_log_entry
from breachwatch.parse.cloud.layout import Record, at, decoded, member, text_of
from breachwatch.parse.cloud.m365 import read_m365
from breachwatch.parse.cloud.okta import read_okta
from breachwatch.parse.cloud.saas import saas_reader
from breachwatch.parse.lines import UnreadableError

Read = tuple[str, Record, Record]
"""What becomes of a record: dataset, values, extra."""

_RISK_CATEGORIES = frozenset({"riskyusers", "userriskevents", "serviceprincipalriskevents", "riskyserviceprincipals"})
_WORKSPACE_SERVICES = ("admin.googleapis.com", "login.googleapis.com", "cloudidentity.googleapis.com")


def read_document(document: Any) -> Read:
    """One JSON value as an event. Raises UnreadableError for what no service known here writes."""
    if not isinstance(document, dict):
        raise UnreadableError("the record is no JSON object")
    record = _unwrapped(document)
    read = _reader(record)
    if read is None:
        raise UnreadableError("the JSON object is no record of a cloud service that is known here")
    return read(record)


def _unwrapped(document: Record) -> Record:
    """The service's own record: out of EventBridge, `aws cloudtrail lookup-events`, Search-UnifiedAuditLog, AKS."""
    for name in ("detail", "CloudTrailEvent", "AuditData"):
        inner = decoded(document.get(name))
        if isinstance(inner, dict) and (name != "detail" or "eventName" in inner):
            return inner
    if text_of(document.get("category")) in ("kube-audit", "kube-audit-admin"):
        inner = decoded(at(document.get("properties"), "log"))
        return inner if isinstance(inner, dict) else document
    return document


def _reader(record: Record) -> Callable[[Record], Read] | None:
    if "eventSource" in record and "eventName" in record and ("awsRegion" in record or "userIdentity" in record):
        return read_cloudtrail
    if record.get("eventCategory") == "Insight" and "insightDetails" in record:
        return read_cloudtrail
    payload = member(record, "protoPayload")
    if isinstance(payload, dict):
        workspace = payload.get("serviceName") in _WORKSPACE_SERVICES and at(payload, "metadata", "event")
        return read_workspace_log_entry if workspace else read_gcp_audit
    identity = record.get("id")
    if isinstance(identity, dict) and "applicationName" in identity:
        return read_workspace_activity
    names = {name.lower() for name in record}
    if "eventtype" in names and names & {"published", "legacyeventtype", "displaymessage"}:
        return read_okta
    return saas_reader(record, names) or _microsoft_reader(record, names)


def _microsoft_reader(record: Record, names: set[str]) -> Callable[[Record], Read] | None:
    if "operation" in names and names & {"recordtype", "workload", "officeworkload"} and names & {"userid", "userkey"}:
        return read_m365
    properties = decoded(member(record, "properties"))
    inner = {name.lower() for name in properties} if isinstance(properties, dict) else set()
    category = text_of(member(record, "category")) or ""
    return _entra_reader(category.lower(), names, inner) or _azure_reader(names)


def _entra_reader(category: str, names: set[str], inner: set[str]) -> Callable[[Record], Read] | None:
    """By the category of diagnostic settings, else by names in the record or its `properties`."""
    if category.endswith("signinlogs") or _has(names | inner, "createddatetime", "appdisplayname", "userprincipalname"):
        return read_entra_signin
    if category in _RISK_CATEGORIES or "riskeventtype" in names | inner:
        return read_entra_risk
    if category == "auditlogs" or _is_audit(names) or _is_audit(inner):
        return read_entra_audit
    return None


def _azure_reader(names: set[str]) -> Callable[[Record], Read] | None:
    if names & {"operationnamevalue", "event_data_id", "eventdataid"}:
        return read_azure_activity
    if "operationname" in names and names & {"resourceid", "caller", "calleripaddress"}:
        return read_azure_activity
    return None


def _has(names: set[str], *wanted: str) -> bool:
    return all(name in names for name in wanted)


def _is_audit(names: set[str]) -> bool:
    return "activitydisplayname" in names or _has(names, "initiatedby", "targetresources")
