"""Changes in the Entra directory: Graph `directoryAudit`, diagnostic settings, the Log Analytics table AuditLogs."""

from __future__ import annotations

import json
from typing import Any, Final

from breachwatch.model import actions
from breachwatch.parse.cloud.layout import (
    Record,
    at,
    by_whom,
    decoded,
    first_text,
    lines,
    member,
    named_values,
    put_address,
    spread,
)
from breachwatch.parse.windows_event import parse_time

_RENAMED: Final = {"aadoperationtype": "OperationType", "resultdescription": "ResultReason", "resulttype": "Result"}
_TIMES: Final = ("activityDateTime", "ActivityDateTime", "time", "TimeGenerated")
_ENVELOPE: Final = frozenset({"resourceid", "resultsignature", "durationms", "operationversion", "level"})
ACTIONS: Final = {
    "add user": actions.USER_CREATED,
    "delete user": actions.USER_DELETED,
    "hard delete user": actions.USER_DELETED,
    "update user": actions.USER_CHANGED,
    "enable account": actions.USER_ENABLED,
    "disable account": actions.USER_DISABLED,
    "change user password": actions.PASSWORD_CHANGED,
    "change password (self-service)": actions.PASSWORD_CHANGED,
    "reset user password": actions.PASSWORD_RESET,
    "reset password (by admin)": actions.PASSWORD_RESET,
    "reset password (self-service)": actions.PASSWORD_RESET,
    "add group": actions.GROUP_CREATED,
    "delete group": actions.GROUP_DELETED,
    "add member to group": actions.GROUP_MEMBER_ADDED,
    "remove member from group": actions.GROUP_MEMBER_REMOVED,
    "add member to role": actions.GROUP_MEMBER_ADDED,
    "add eligible member to role": actions.GROUP_MEMBER_ADDED,
    "remove member from role": actions.GROUP_MEMBER_REMOVED,
}
"""Activities, without Microsoft 365's full stop, in lower case."""


def read_entra_audit(record: Record) -> tuple[str, Record, Record]:
    """One change as (dataset, values, extra)."""
    record, address = _flat(record)
    time_text = first_text(*(record.pop(name, None) for name in _TIMES))
    properties = _changes(record)
    values, extra = spread("entra.audit", record, _RENAMED)
    for name, value in properties.items():
        extra.setdefault(name, value)
    values["time"], values["time_text"] = parse_time(time_text), time_text
    activity = first_text(values.get("ActivityDisplayName"), values.get("OperationName"))
    values["OperationName"] = first_text(values.get("OperationName"), activity)
    values["ActivityDisplayName"] = activity
    values["user"] = first_text(
        values.get("InitiatedBy.user.userPrincipalName"),
        values.get("InitiatedBy.app.displayName"),
        values.get("InitiatedBy.user.id"),
        extra.get("identity"),
        extra.get("Identity"),
    )
    put_address(values, first_text(values.get("InitiatedBy.user.ipAddress"), address))
    values["program"] = first_text(values.get("LoggedByService")) or "Entra ID"
    values["action"] = ACTIONS.get((activity or "").lower())
    values["outcome"] = _outcome(values.get("Result"))
    values["target_user"] = _target_user(values)
    targets = first_text(values["target_user"], values.get("TargetResources.displayName"))
    on = f" on {targets.partition(chr(10))[0]}" if targets else ""
    values["message"] = f"{activity}{by_whom(values)}{on}: {values['outcome']}"
    return "entra.audit", values, extra


def _target_user(values: Record) -> str | None:
    """The first account among the targets."""
    targets = decoded(values.get("TargetResources"))
    for target in targets if isinstance(targets, list) else ():
        name = first_text(at(target, "userPrincipalName"))
        if name or at(target, "type") == "User":
            return name or first_text(at(target, "displayName"), at(target, "id"))
    return None


def _flat(record: Record) -> tuple[Record, str | None]:
    """The change itself with what diagnostic settings write around it, and the caller's address from there."""
    outer = {name.lower(): value for name, value in record.items()}
    address = first_text(outer.get("calleripaddress"))
    properties = decoded(outer.get("properties"))
    if not isinstance(properties, dict):
        return record, address
    known = {name.lower() for name in properties} | _ENVELOPE | {"properties", "calleripaddress"}
    return properties | {name: value for name, value in record.items() if name.lower() not in known}, address


def _changes(record: Record) -> Record:
    """Changed properties and additional details by their own names, the texts out of their JSON quotes."""
    found: dict[str, list[Any]] = {}
    targets = decoded(member(record, "targetResources"))
    for target in targets if isinstance(targets, list) else ():
        changes = at(target, "modifiedProperties")
        for change in changes if isinstance(changes, list) else ():
            name = at(change, "displayName")
            if isinstance(name, str):
                found.setdefault(name, []).append(_unquoted(at(change, "newValue")))
    for name, value in named_values(member(record, "additionalDetails"), "key", "value").items():
        found.setdefault(name, []).append(value)
    return {name: lines(values) for name, values in found.items()}


def _unquoted(value: Any) -> Any:
    """`"False"` in its own quotes, as old and new values are written, without them."""
    if not isinstance(value, str) or not value.startswith('"'):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _outcome(result: str | None) -> str:
    word = (result or "").lower()
    if word in ("success", "0"):
        return actions.SUCCESS
    return actions.FAILURE if word in ("failure", "clienterror", "timeout", "error") else actions.UNKNOWN
