"""AWS CloudTrail records: API calls, sign-ins to the console, insights.

Fields: AWS CloudTrail User Guide, "CloudTrail record contents" and "userIdentity element"; for sign-ins "AWS Management
Console sign-in events".
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.cloud.layout import Record, at, by_whom, first_text, put_address, spread
from breachwatch.parse.windows_event import parse_time

_ACTIONS: Final = {
    "ConsoleLogin": actions.LOGON,
    "UserAuthentication": actions.LOGON,
    "CreateUser": actions.USER_CREATED,
    "DeleteUser": actions.USER_DELETED,
    "UpdateUser": actions.USER_CHANGED,
    "ChangePassword": actions.PASSWORD_CHANGED,
    "UpdateLoginProfile": actions.PASSWORD_RESET,
    "CreateGroup": actions.GROUP_CREATED,
    "DeleteGroup": actions.GROUP_DELETED,
    "AddUserToGroup": actions.GROUP_MEMBER_ADDED,
    "RemoveUserFromGroup": actions.GROUP_MEMBER_REMOVED,
}
_SIGN_IN_SOURCES: Final = frozenset({"signin.amazonaws.com", "sso.amazonaws.com"})
_REASONS: Final = {
    "Failed authentication": "wrong name or password",
    "No username found in supplied account": "unknown user",
}


def read_cloudtrail(record: Record) -> tuple[str, Record, Record]:
    """One CloudTrail record as (dataset, values, extra)."""
    user = _user(record)
    # Logstash moves the time to a field of its own.
    time_text = first_text(record.pop("eventTime", None), record.get("@timestamp"))
    console = at(record, "responseElements", "ConsoleLogin")
    mfa = at(record, "additionalEventData", "MFAUsed")
    values, extra = spread("aws.cloudtrail", record)
    name, service = values.get("eventName"), values.get("eventSource")
    values["time"], values["time_text"] = parse_time(time_text), time_text
    values["user"] = user
    values["program"] = service
    put_address(values, values.get("sourceIPAddress"))
    values["action"] = _ACTIONS.get(name or "")
    if values["action"] == actions.LOGON and service not in _SIGN_IN_SOURCES:
        values["action"] = None
    error = first_text(values.get("errorCode"), values.get("errorMessage"))
    failed = console == "Failure" or bool(error)
    values["outcome"] = actions.FAILURE if failed else actions.SUCCESS
    if failed:
        reason = first_text(values.get("errorMessage"), values.get("errorCode")) or "sign-in refused"
        values["failure_reason"] = _REASONS.get(reason, reason)
    if values["action"] == actions.LOGON:
        values["auth_method"] = "mfa" if mfa == "Yes" else "password" if mfa == "No" else None
    values["target_user"] = first_text(values.get("requestParameters.userName"))
    values["message"] = f"{name} ({service}){by_whom(values)}: {error or values['outcome']}"
    return "aws.cloudtrail", values, extra


def _user(record: Record) -> str | None:
    """The person or role that acts: a user's name, `root`, a role's session as `role/session`, a service."""
    identity = at(record, "userIdentity")
    kind = at(identity, "type")
    if kind == "Root":
        return "root"
    arn = first_text(at(identity, "arn"))
    if kind in ("AssumedRole", "FederatedUser") and arn and "/" in arn:
        return arn.split("/", 1)[1]
    return first_text(
        at(identity, "userName"),
        at(record, "additionalEventData", "UserName"),
        arn.rpartition("/")[2] if arn else None,
        at(identity, "principalId"),
        at(identity, "invokedBy"),
    )
