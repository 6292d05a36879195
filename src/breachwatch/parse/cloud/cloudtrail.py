"""AWS CloudTrail records: API calls, sign-ins to the console, insights.

Fields: AWS CloudTrail User Guide, "CloudTrail record contents" and "userIdentity element"; for sign-ins "AWS Management
Console sign-in events".
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

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
    said = judged(name, service, values.get("errorCode"), values.get("errorMessage"), console == "Failure", mfa)
    values["action"], values["outcome"] = said.action, said.outcome
    if said.failure_reason is not None:
        values["failure_reason"] = said.failure_reason
    if said.auth_method is not None:
        values["auth_method"] = said.auth_method
    values["target_user"] = first_text(values.get("requestParameters.userName"))
    values["message"] = f"{name} ({service}){by_whom(values)}: {said.words}"
    return "aws.cloudtrail", values, extra


class Judged(NamedTuple):
    """What a record says of how the call ended; `words` are the message's."""

    action: str | None
    outcome: str
    failure_reason: str | None
    auth_method: str | None
    words: str


def judged(
    name: str | None, service: str | None, code: str | None, text: str | None, is_refused: bool, mfa: Any
) -> Judged:
    """By the event's name and source, its error's code and message, the console's answer and `MFAUsed`."""
    action = _ACTIONS.get(name or "")
    if action == actions.LOGON and service not in _SIGN_IN_SOURCES:
        action = None
    error = first_text(code, text)
    outcome = actions.FAILURE if is_refused or error else actions.SUCCESS
    reason = None
    if outcome == actions.FAILURE:
        reason = first_text(text, code) or "sign-in refused"
        reason = _REASONS.get(reason, reason)
    method = {"Yes": "mfa", "No": "password"}.get(mfa) if action == actions.LOGON and isinstance(mfa, str) else None
    return Judged(action, outcome, reason, method, error or outcome)


def _user(record: Record) -> str | None:
    identity = at(record, "userIdentity")
    name = at(record, "additionalEventData", "UserName")
    kind, arn, user, principal, invoked_by = (at(identity, member) for member in IDENTITY)
    return user_of(kind, arn, user, principal, invoked_by, name)


IDENTITY: Final = ("type", "arn", "userName", "principalId", "invokedBy")
"""The members of userIdentity that say who acts."""


def user_of(kind: Any, arn: Any, name: Any, principal: Any, invoked_by: Any, other_name: Any) -> str | None:
    """The person or role that acts: a user's name, `root`, a role's session as `role/session`, a service."""
    if kind == "Root":
        return "root"
    arn = first_text(arn)
    if kind in ("AssumedRole", "FederatedUser") and arn and "/" in arn:
        return arn.split("/", 1)[1]  # type: ignore[no-any-return]
    return first_text(name, other_name, arn.rpartition("/")[2] if arn else None, principal, invoked_by)
