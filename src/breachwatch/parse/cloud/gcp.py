"""Google Cloud audit logs: `LogEntry` with an `AuditLog` payload (Cloud Logging documentation of both types)."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from breachwatch.model import actions
from breachwatch.parse.cloud.layout import Record, at, by_whom, first_text, member, put_address, spread
from breachwatch.parse.windows_event import parse_time

_REASONS: Final = {"1": "cancelled", "5": "not found", "7": "permission denied", "16": "not authenticated"}
"""Status codes of google.rpc.Code that say why; others are named by their message."""


def read_gcp_audit(record: Record) -> tuple[str, Record, Record]:
    """One entry as (dataset, values, extra)."""
    time_text = first_text(record.pop("timestamp", None), member(record, "receiveTimestamp"))
    values, extra = spread("gcp.audit", record)
    log = values.get("logName") or ""
    values["logId"] = unquote(log.partition("/logs/")[2]) or None
    values["time"], values["time_text"] = parse_time(time_text), time_text
    values["user"] = first_text(
        values.get("protoPayload.authenticationInfo.principalEmail"),
        values.get("protoPayload.authenticationInfo.principalSubject"),
    )
    metadata = at(member(record, "protoPayload"), "requestMetadata")
    caller = first_text(values.get("protoPayload.requestMetadata.callerIp"), at(metadata, "callerIP"))
    values["protoPayload.requestMetadata.callerIp"] = caller
    put_address(values, caller)
    values["program"] = values.get("protoPayload.serviceName")
    code = values.get("protoPayload.status.code")
    failed = code not in (None, "", "0")
    values["outcome"] = actions.FAILURE if failed else actions.SUCCESS
    reason = _REASONS.get(code or "") or first_text(values.get("protoPayload.status.message"))
    said = f": {reason or f'error {code}'}" if failed else ""
    values["message"] = (
        f"{values.get('protoPayload.methodName')}{by_whom(values)} on {values.get('protoPayload.resourceName')}{said}"
    )
    return "gcp.audit", values, extra
