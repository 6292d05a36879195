"""The unified audit log of Microsoft 365: Exchange, SharePoint, OneDrive, Teams, Entra, alerts.

Layouts: the Management Activity API and `Search-UnifiedAuditLog` (one object, common schema and that of the record
type), and the Log Analytics table OfficeActivity, which writes some names apart and numbers as words.
Fields: Office 365 Management Activity API schema.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.cloud.entra_audit import ACTIONS
from breachwatch.parse.cloud.entra_codes import INTERRUPTIONS, signin_reason
from breachwatch.parse.cloud.layout import (
    Record,
    at,
    by_whom,
    decoded,
    first_text,
    named_values,
    put_address,
    spread,
    text_of,
)
from breachwatch.parse.windows_event import parse_time

_RENAMED: Final = {
    "clientip_": "ClientIP",
    "client_ipaddress": "ClientIP",
    "clientipaddress": "ClientIP",
    "ipaddress": "ClientIP",
    "officeworkload": "Workload",
    "officeid": "Id",
    "officeobjectid": "ObjectId",
    "userid_": "UserId",
    "organizationid_": "OrganizationId",
    "site_url": "SiteUrl",
    "sourcefilename_": "SourceFileName",
    "sourcerelativeurl_": "SourceRelativeUrl",
    "logon_type": "LogonType",
    "event_data": "EventData",
    "aadtarget": "Target",
}
_SIGN_INS: Final = frozenset({"UserLoggedIn", "UserLoginFailed"})
_ACTIONS: Final = {
    "mailboxlogin": actions.SESSION_OPENED,
    "userloggedin": actions.LOGON,
    "userloginfailed": actions.LOGON,
    "teamssessionstarted": actions.SESSION_OPENED,
    "addedtogroup": actions.GROUP_MEMBER_ADDED,
    "removedfromgroup": actions.GROUP_MEMBER_REMOVED,
    "add-rolegroupmember": actions.GROUP_MEMBER_ADDED,
    "remove-rolegroupmember": actions.GROUP_MEMBER_REMOVED,
}
_DONE: Final = frozenset({"success", "succeeded", "true", "partiallysucceeded"})
_REFUSED: Final = frozenset({"failed", "failure", "false", "fail"})
_LONGEST_PARAMETERS: Final = 2000

# Logon errors that sign-ins name instead of a number.
_LOGON_ERRORS: Final = {
    "InvalidUserNameOrPassword": 50126,
    "IdsLocked": 50053,
    "UserDisabled": 50057,
    "UserAccountNotFound": 50034,
    "InvalidPasswordExpiredPassword": 50055,
    "UserStrongAuthClientAuthNRequiredInterrupt": 50074,
    "UserStrongAuthClientAuthNRequired": 50076,
    "UserStrongAuthEnrollmentRequiredInterrupt": 50072,
    "BlockedByConditionalAccess": 53003,
}


def read_m365(record: Record) -> tuple[str, Record, Record]:
    """One audit record as (dataset, values, extra)."""
    time_text = first_text(*(record.pop(name, None) for name in ("CreationTime", "TimeGenerated", "Start_Time")))
    properties = named_values(record.get("ExtendedProperties"))
    device = named_values(record.get("DeviceProperties"))
    parameters = named_values(record.get("Parameters"))
    values, extra = spread("m365.audit", record, _RENAMED)
    for name in ("RequestType", "UserAgent"):
        values[name] = first_text(values.get(name), properties.get(name))
    for name, value in (device | properties).items():
        if name not in values:
            extra.setdefault(name, value)
    values["time"], values["time_text"] = parse_time(time_text), time_text
    values["user"] = first_text(values.get("UserId"), values.get("UserKey"))
    address = first_text(values.get("ClientIP"), values.get("ActorIpAddress"), values.get("SenderIp"))
    put_address(values, address)
    operation = values.get("Operation") or ""
    values["program"] = first_text(values.get("Workload"), values.get("EventSource"))
    key = operation.rstrip(".").lower()
    values["action"] = _ACTIONS.get(key) or ACTIONS.get(key)
    values["outcome"] = _outcome(values)
    if operation in _SIGN_INS:
        _put_sign_in(values, extra, properties, device)
    else:
        values["target_user"] = _target(values)
    values["message"] = _message(values, parameters)
    return "m365.audit", values, extra


def _outcome(values: Record) -> str:
    status = (values.get("ResultStatus") or "").lower()
    if status in _DONE:
        return actions.SUCCESS
    if status in _REFUSED:
        return actions.FAILURE
    # SharePoint, Teams and most record types write a result only where something failed.
    return actions.UNKNOWN if status else actions.SUCCESS


def _put_sign_in(values: Record, extra: Record, properties: Record, device: Record) -> None:
    """Outcome, reason and method: the operation says whether it failed, the number why."""
    failed = values["Operation"] == "UserLoginFailed"
    error = first_text(values.get("LogonError"))
    number = values.get("ErrorNumber") or ""
    code = int(number) if number.isdecimal() and len(number) < 10 else 0
    code = code or _LOGON_ERRORS.get(error or "", 0)
    values["outcome"] = (
        actions.UNKNOWN if failed and code in INTERRUPTIONS else actions.FAILURE if failed else actions.SUCCESS
    )
    if failed:
        values["failure_reason"] = signin_reason(code) or error or (f"error {code}" if code else None)
    detail = first_text(properties.get("UserAuthenticationMethod"))
    request = first_text(values.get("RequestType"), properties.get("RequestType"))
    values["auth_method"] = request
    if detail:
        extra.setdefault("UserAuthenticationMethod", detail)
    values["session_id"] = first_text(device.get("SessionId"), values.get("SessionId"))


def _target(values: Record) -> str | None:
    """The account that the operation is about, where it is about one."""
    targets = decoded(values.get("Target"))
    for target in targets if isinstance(targets, list) else ():
        # Types of identifiers (IdentityType of the schema): 5 is a user principal name.
        if text_of(at(target, "Type")) == "5":
            return first_text(at(target, "ID"))
    return first_text(values.get("TargetUserOrGroupName"), values.get("MailboxOwnerUPN"))


def _message(values: Record, parameters: Record) -> str:
    words = [f"{(values.get('Operation') or '').rstrip('.')}{by_whom(values)}"]
    if values.get("Name"):
        words.append(f": {values['Name']}")
    if values.get("ObjectId"):
        words.append(f" on {values['ObjectId']}")
    words.append(f": {values['outcome']}")
    if values.get("failure_reason"):
        words.append(f" ({values['failure_reason']})")
    said = "; ".join(f"{name}={text_of(value)}" for name, value in parameters.items())
    if not said and isinstance(values.get("Parameters"), str):
        said = values["Parameters"]
    if said:
        words.append(f"; {said[:_LONGEST_PARAMETERS]}")
    return "".join(words)
