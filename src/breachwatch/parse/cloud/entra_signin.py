"""Sign-ins to Microsoft Entra ID: interactive and not, of people, service principals and managed identities.

Three layouts of one log: Microsoft Graph (`signIn` resource; also the portal's JSON download), diagnostic settings (the
same object under `properties`), and the Log Analytics tables SigninLogs, AADNonInteractiveUserSignInLogs, ... whose
objects are JSON in texts. Columns carry Log Analytics' names.
"""

from __future__ import annotations

from typing import Any, Final

from breachwatch.model import actions
from breachwatch.parse.cloud.entra_codes import INTERRUPTIONS, signin_reason
from breachwatch.parse.cloud.layout import Record, at, by_whom, decoded, first_text, lines, put_address, spread, text_of
from breachwatch.parse.windows_event import parse_time

_RENAMED: Final = {
    "calleripaddress": "IPAddress",
    "riskeventtypes_v2": "RiskEventTypes",
    "resourceid": "ResourceIdentity",
    "aadtenantid": "HomeTenantId",
    "autonomoussystemnumber": "AutonomousSystemNumber",
    "risklevel": "RiskLevelAggregated",
    "originalrequestid": "Id",
}
_TIMES: Final = ("createdDateTime", "CreatedDateTime", "time", "TimeGenerated")
_LEGACY: Final = frozenset(
    {
        *(
            "imap",
            "imap4",
            "pop",
            "pop3",
            "mapi over http",
            "mapi",
            "smtp",
            "authenticated smtp",
            "exchange activesync",
        ),
        *("exchange web services", "exchange online powershell", "autodiscover", "outlook anywhere (rpc over http)"),
        *("offline address book", "reporting web services", "other clients", "other client", "outlook service"),
    }
)
"""Values of clientAppUsed that know no multi-factor authentication (Entra: "legacy authentication clients")."""


def read_entra_signin(record: Record) -> tuple[str, Record, Record]:
    """One sign-in as (dataset, values, extra)."""
    record = _flat(record)
    time_text = first_text(*(record.pop(name, None) for name in _TIMES))
    status, place = decoded(_pop(record, "status")), decoded(_pop(record, "location"))
    details = decoded(_pop(record, "locationdetails"))
    values, extra = spread("entra.signin", record, _RENAMED)
    _put_place(values, place, details)
    _put_result(values, extra, status)
    values["time"], values["time_text"] = parse_time(time_text), time_text
    values["user"] = first_text(
        values.get("UserPrincipalName"),
        values.get("ServicePrincipalName"),
        values.get("UserId"),
        values.get("ServicePrincipalId"),
    )
    put_address(values, values.get("IPAddress"))
    values["action"] = actions.LOGON
    values["program"] = first_text(values.get("AppDisplayName"), values.get("ResourceDisplayName"))
    values["auth_method"] = _method(values, extra)
    values["session_id"] = first_text(extra.get("sessionId"), extra.get("SessionId"))
    values.setdefault("OperationName", "Sign-in activity")
    values["message"] = _message(values)
    return "entra.signin", values, extra


def _flat(record: Record) -> Record:
    """The sign-in itself, with what diagnostic settings write around it where it does not say so itself."""
    properties = decoded(record.get("properties"))
    if not isinstance(properties, dict):
        return record
    known = {name.lower() for name in properties}
    around = {k: v for k, v in record.items() if k != "properties" and k.lower() not in known}
    # The envelope's resource is the tenant, its identity the display name, its location a region or the country.
    return properties | {k: v for k, v in around.items() if k.lower() != "resourceid"}


def _pop(record: Record, name: str) -> Any:
    key = next((key for key in record if key.lower() == name), None)
    return None if key is None else record.pop(key)


def _put_place(values: Record, place: Any, details: Any) -> None:
    for source in (place, details):
        if isinstance(source, dict):
            values["Location"] = first_text(at(source, "countryOrRegion"), values.get("Location"))
            values["LocationDetails.city"] = first_text(at(source, "city"), values.get("LocationDetails.city"))
            values["LocationDetails.state"] = first_text(at(source, "state"), values.get("LocationDetails.state"))
    if isinstance(place, str):
        values["Location"] = first_text(place, values.get("Location"))
    values["country"] = values.get("Location") or None


def _put_result(values: Record, extra: Record, status: Any) -> None:
    """ResultType and ResultDescription, outcome and reason, and the portal's word for the status."""
    code_text = text_of(at(status, "errorCode"))
    if values.get("ResultType") in (None, "") and code_text is not None:
        values["ResultType"] = code_text
    if values.get("ResultDescription") in (None, ""):
        values["ResultDescription"] = text_of(at(status, "failureReason")) or values.get("ResultDescription")
    more = first_text(at(status, "additionalDetails"))
    if status is not None and not isinstance(status, dict):
        extra["status"] = status
    code_text = values.get("ResultType") or ""
    if not code_text.isdecimal() or len(code_text) > 9:
        word = {"success": "Success", "failure": "Failure"}.get(code_text.lower())
        values["outcome"] = (word or actions.UNKNOWN).lower()
        values["Status"] = lines([word, more])
        if word == "Failure":
            values["failure_reason"] = first_text(values.get("ResultDescription"), more)
        return
    code = int(code_text)
    word = "Success" if code == 0 else "Interrupted" if code in INTERRUPTIONS else "Failure"
    values["outcome"] = actions.UNKNOWN if word == "Interrupted" else word.lower()
    values["Status"] = lines([word, more])
    if code:
        values["failure_reason"] = signin_reason(code) or first_text(values["ResultDescription"]) or f"error {code}"


def _method(values: Record, extra: Record) -> str | None:
    """The methods used, in order, each once; or how the client signs in where none is recorded."""
    steps = decoded(values.get("AuthenticationDetails"))
    used: dict[str, None] = {}
    for step in steps if isinstance(steps, list) else ():
        method = first_text(at(step, "authenticationMethod"), at(step, "authenticationStepResultDetail"))
        if method:
            used[method.lower()] = None
    if used:
        return ", ".join(used)
    protocol: str | None = values.get("AuthenticationProtocol")
    client = (values.get("ClientAppUsed") or "").lower()
    if client in _LEGACY:
        return f"legacy: {client}"
    if protocol and protocol.lower() not in ("none", "unknownfuturevalue"):
        return protocol
    used_before = first_text(extra.get("AuthenticationMethodsUsed"), extra.get("authenticationMethodsUsed"))
    return used_before.lower() if used_before else None


def _message(values: Record) -> str:
    reason = f" ({values['failure_reason']})" if values.get("failure_reason") else ""
    country = f" ({values['country']})" if values.get("country") else ""
    client = f" with {values['ClientAppUsed']}" if values.get("ClientAppUsed") else ""
    to = f" to {values['program']}" if values["program"] else ""
    return f"Sign-in{to}{client}{by_whom(values)}{country}: {values['outcome']}{reason}"
