"""The Okta System Log. Fields and event types: Okta developer documentation, "System Log API" and "Event types"."""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.cloud.layout import Record, at, by_whom, decoded, first_text, member, put_address, spread
from breachwatch.parse.windows_event import parse_time

_ACTIONS: Final = {
    "user.session.start": actions.LOGON,
    "user.session.end": actions.LOGOFF,
    "user.authentication.sso": actions.SESSION_OPENED,
    "user.authentication.slo": actions.LOGOFF,
    "user.lifecycle.create": actions.USER_CREATED,
    "user.lifecycle.delete.completed": actions.USER_DELETED,
    "user.lifecycle.activate": actions.USER_ENABLED,
    "user.lifecycle.reactivate": actions.USER_ENABLED,
    "user.lifecycle.unsuspend": actions.USER_ENABLED,
    "user.lifecycle.suspend": actions.USER_DISABLED,
    "user.lifecycle.deactivate": actions.USER_DISABLED,
    "user.account.lock": actions.USER_LOCKED_OUT,
    "user.account.lock.limit": actions.USER_LOCKED_OUT,
    "user.account.unlock": actions.USER_UNLOCKED,
    "user.account.unlock_by_admin": actions.USER_UNLOCKED,
    "user.account.update_password": actions.PASSWORD_CHANGED,
    "user.account.reset_password": actions.PASSWORD_RESET,
    "user.account.update_profile": actions.USER_CHANGED,
    "user.account.privilege.grant": actions.GROUP_MEMBER_ADDED,
    "user.account.privilege.revoke": actions.GROUP_MEMBER_REMOVED,
    "group.lifecycle.create": actions.GROUP_CREATED,
    "group.lifecycle.delete": actions.GROUP_DELETED,
    "group.user_membership.add": actions.GROUP_MEMBER_ADDED,
    "group.user_membership.remove": actions.GROUP_MEMBER_REMOVED,
}
_VIA: Final = "user.authentication.auth_via_"  # mfa, radius, idp, social, ad_agent, ...
_OUTCOMES: Final = {
    "SUCCESS": actions.SUCCESS,
    "ALLOW": actions.SUCCESS,
    "FAILURE": actions.FAILURE,
    "DENY": actions.FAILURE,
    "ABANDONED": actions.FAILURE,
}
_REASONS: Final = {
    "INVALID_CREDENTIALS": "wrong name or password",
    "LOCKED_OUT": "account locked out",
    "PASSWORD_EXPIRED": "password expired",
    "INVALID_TOKEN": "the token is invalid",
    "VERIFICATION_ERROR": "multi-factor authentication failed",
    "UNKNOWN_USER": "unknown user",
    "USER_REJECTED_OKTA_VERIFY_PUSH": "multi-factor authentication declined by the user",
}


def read_okta(record: Record) -> tuple[str, Record, Record]:
    """One event of the System Log as (dataset, values, extra)."""
    time_text = first_text(record.pop("published", None))
    method = _method(record)
    targets = decoded(member(record, "target"))
    values, extra = spread("okta.system", record)
    kind = values.get("eventType") or ""
    values["time"], values["time_text"] = parse_time(time_text), time_text
    values["user"] = first_text(values.get("actor.alternateId"), values.get("actor.displayName"))
    if values["user"] == "unknown":  # what Okta writes for a name that no account has
        values["user"] = first_text(at(member(record, "debugContext"), "debugData", "username"), values["user"])
    put_address(values, values.get("client.ipAddress"))
    values["program"] = _application(targets) or "Okta"
    values["action"] = actions.LOGON if kind.startswith(_VIA) else _ACTIONS.get(kind)
    values["outcome"] = _OUTCOMES.get(values.get("outcome.result") or "", actions.UNKNOWN)
    if values["outcome"] == actions.FAILURE:
        reason = first_text(values.get("outcome.reason"))
        values["failure_reason"] = _REASONS.get((reason or "").upper(), reason)
    values["auth_method"] = method or ("mfa" if kind == _VIA + "mfa" else None)
    values["session_id"] = first_text(values.get("authenticationContext.externalSessionId"))
    values["country"] = first_text(values.get("client.geographicalContext.country"))
    users = [target for target in targets if at(target, "type") == "User"] if isinstance(targets, list) else []
    values["target_user"] = first_text(*(at(user, "alternateId") for user in users))
    why = f" ({values['failure_reason']})" if values.get("failure_reason") else ""
    values["message"] = f"{values.get('displayMessage') or kind}{by_whom(values)}: {values['outcome']}{why}"
    return "okta.system", values, extra


def _method(record: Record) -> str | None:
    factor = first_text(at(member(record, "debugContext"), "debugData", "factor"))
    credential = first_text(at(member(record, "authenticationContext"), "credentialType"))
    found = factor or credential
    return found.lower() if found else None


def _application(targets: object) -> str | None:
    for target in targets if isinstance(targets, list) else ():
        if at(target, "type") == "AppInstance":
            return first_text(at(target, "displayName"), at(target, "alternateId"))
    return None
