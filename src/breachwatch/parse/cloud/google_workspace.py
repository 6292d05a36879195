"""Activities of Google Workspace, as the Reports API gives them and as Cloud Logging stores them.

One activity may tell several events; it stays one row. Parameters are named by Google in capitals (admin) or small
letters (all others): here always in small letters.
Fields: Admin SDK, "Reports API: Activities" and the lists of events of each application.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from breachwatch.model import actions
from breachwatch.model.events import CORE
from breachwatch.parse.cloud.layout import (
    Record,
    at,
    by_whom,
    cell,
    first_text,
    layout_of,
    lines,
    member,
    put_address,
    spread,
    text_of,
)
from breachwatch.parse.windows_event import parse_time

_DATASET: Final = "google.workspace"
_VALUES: Final = ("value", "intValue", "boolValue", "multiValue", "multiIntValue", "multiStrValue", "multiBoolValue")
_NESTED: Final = ("messageValue", "multiMessageValue")
_ACTIONS: Final = {
    "login_success": actions.LOGON,
    "login_failure": actions.LOGON,
    "logout": actions.LOGOFF,
    "CREATE_USER": actions.USER_CREATED,
    "DELETE_USER": actions.USER_DELETED,
    "UNDELETE_USER": actions.USER_ENABLED,
    "SUSPEND_USER": actions.USER_DISABLED,
    "UNSUSPEND_USER": actions.USER_ENABLED,
    "account_disabled_generic": actions.USER_DISABLED,
    "account_disabled_password_leak": actions.USER_DISABLED,
    "account_disabled_hijacked": actions.USER_DISABLED,
    "account_disabled_spamming": actions.USER_DISABLED,
    "password_edit": actions.PASSWORD_CHANGED,
    "CHANGE_PASSWORD": actions.PASSWORD_RESET,
    "CREATE_GROUP": actions.GROUP_CREATED,
    "DELETE_GROUP": actions.GROUP_DELETED,
    "ADD_GROUP_MEMBER": actions.GROUP_MEMBER_ADDED,
    "REMOVE_GROUP_MEMBER": actions.GROUP_MEMBER_REMOVED,
    "ASSIGN_ROLE": actions.GROUP_MEMBER_ADDED,
    "UNASSIGN_ROLE": actions.GROUP_MEMBER_REMOVED,
    "GRANT_ADMIN_PRIVILEGE": actions.GROUP_MEMBER_ADDED,
    "GRANT_DELEGATED_ADMIN_PRIVILEGES": actions.GROUP_MEMBER_ADDED,
    "REVOKE_ADMIN_PRIVILEGE": actions.GROUP_MEMBER_REMOVED,
}
_REASONS: Final = {
    "login_failure_invalid_password": "wrong password",
    "login_failure_unknown": "unknown reason",
    "login_failure_account_disabled": "account disabled",
    "login_failure_access_code_disallowed": "the code is not allowed",
}


def read_workspace_activity(record: Record) -> tuple[str, Record, Record]:
    """One activity of the Reports API as (dataset, values, extra)."""
    identity = record.get("id")
    time_text = first_text(at(identity, "time"))
    application = first_text(at(identity, "applicationName")) or ""
    events = record.get("events")
    if not isinstance(events, list):  # one event spread over the activity itself, as some collectors store it
        events = [{name: record.pop(name) for name in ("type", "name", "parameters") if name in record}]
        record["events"] = events
    values, extra = spread(_DATASET, record)
    values["eventService"] = f"{application}.googleapis.com" if application else None
    return _row(values, extra, time_text, [(event, at(event, "parameters")) for event in events])


def read_workspace_log_entry(record: Record) -> tuple[str, Record, Record]:
    """The same as an entry of Cloud Logging (`protoPayload.metadata.event`) as (dataset, values, extra)."""
    time_text = first_text(record.pop("timestamp", None), record.get("receiveTimestamp"))
    payload = member(record, "protoPayload")
    service = first_text(at(payload, "serviceName"))
    told = at(payload, "metadata", "event")
    events = [
        ({"type": at(event, "eventType"), "name": at(event, "eventName")}, at(event, "parameter"))
        for event in (told if isinstance(told, list) else [told])
    ]
    values, extra = spread(_DATASET, record)
    values["eventService"] = service
    values["id.applicationName"] = (service or "").partition(".")[0] or None
    values["actor.email"] = first_text(at(payload, "authenticationInfo", "principalEmail"))
    values["ipAddress"] = first_text(at(payload, "requestMetadata", "callerIp"))
    return _row(values, extra, time_text, events)


def _row(
    values: Record, extra: Record, time_text: str | None, events: list[tuple[Any, Any]]
) -> tuple[str, Record, Record]:
    names = [name for event, _ in events if (name := first_text(at(event, "name")))]
    values["eventName"] = lines(names)
    values["eventType"] = lines([at(event, "type") for event, _ in events])
    parameters = _parameters(pairs for _, pairs in events)
    layout = layout_of(_DATASET)
    for name, found in parameters.items():
        column = layout.plain.get(name)
        if column is not None and column not in values:
            values[column] = lines(found)
        else:
            # A parameter named like a column of all datasets must not overwrite it.
            key = f"parameter_{name}" if name in CORE.names or column else name
            extra[key] = text_of(found[0]) if len(found) == 1 else found
    values["time"], values["time_text"] = parse_time(time_text), time_text
    values["user"] = first_text(values.get("actor.email"), values.get("actor.profileId"), values.get("actor.key"))
    put_address(values, values.get("ipAddress"))
    values["program"] = values.get("id.applicationName")
    known = [name for name in names if name in _ACTIONS]
    values["action"] = _ACTIONS[known[0]] if known else None
    values["outcome"] = actions.FAILURE if any(name.endswith("_failure") for name in names) else actions.SUCCESS
    values["target_user"] = first_text(
        *(cell(values.get(name)) for name in ("target_user", "user_email", "affected_email_address"))
    )
    if values["action"] == actions.LOGON:
        _put_sign_in(values)
    reason = f" ({values['failure_reason']})" if values.get("failure_reason") else ""
    values["message"] = f"{', '.join(names)}{by_whom(values)}{reason}"
    return _DATASET, values, extra


def _put_sign_in(values: Record) -> None:
    challenges = (values.get("login_challenge_method") or "").split("\n")
    kind = values.get("login_type") or ""
    parts = dict.fromkeys(part for part in (kind.removeprefix("google_"), *challenges) if part and part != "none")
    values["auth_method"] = ", ".join(parts) or None
    if values["outcome"] == actions.FAILURE:
        why = first_text(values.get("login_failure_type"))
        values["failure_reason"] = _REASONS.get(why or "", why)


def _parameters(groups: Iterable[Any]) -> dict[str, list[Any]]:
    """Values by parameter, of all events; parameters with parameters of their own as `outer.inner`."""
    found: dict[str, list[Any]] = {}
    for group in groups:
        # Some collectors store the parameters as an object already.
        whole = [{"name": k, "value": v} for k, v in group.items()] if isinstance(group, dict) else group
        for pair in whole if isinstance(whole, list) else ():
            _add(found, "", pair)
    return found


def _add(found: dict[str, list[Any]], prefix: str, pair: Any, depth: int = 0) -> None:
    name = at(pair, "name")
    if not isinstance(name, str) or not isinstance(pair, dict) or depth > 3:
        return
    full = prefix + name.lower()
    for key in _VALUES:
        value = pair.get(key)
        if value is not None:
            found.setdefault(full, []).extend(value if isinstance(value, list) else [value])
    for key in _NESTED:
        inner = pair.get(key)
        for message in inner if isinstance(inner, list) else [inner]:
            parameters = at(message, "parameter")
            for part in parameters if isinstance(parameters, list) else ():
                _add(found, full + ".", part, depth + 1)
