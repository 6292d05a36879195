"""Sign-ins as Microsoft Graph gives them, and records of Microsoft 365's unified audit log.

Shapes: the `signIn` resource of Microsoft Graph v1.0; "Office 365 Management Activity API schema" (record types 1
ExchangeAdmin, 2 ExchangeItem, 6 SharePointFileOperation, 50 ExchangeItemAggregated).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from breachwatch.simulate.cases.files import Record, made_up_id
from breachwatch.simulate.span import utc

EXCHANGE, OFFICE = "00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0ff1-ce00-000000000000"
_GRAPH = "00000003-0000-0000-c000-000000000000"
_OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.18025; Pro)"
ADMIN, ITEM, SHAREPOINT, MAIL_ACCESS = 1, 2, 6, 50


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client is and what it is: address, country (ISO 3166-1 alpha-2), system and browser."""

    address: str
    country: str
    state: str = ""
    city: str = ""
    system: str = "Windows11"
    browser: str = "Edge 141.0.0"
    managed: bool = True


def sign_in(
    at: int, domain: str, account: str, place: Place, *, app: str = "Microsoft Office", code: int = 0
) -> Record:
    """An interactive sign-in; `code` 0 succeeded, others are Entra's error codes (AADSTS...)."""
    user = f"{account}@{domain}"
    reason = "Other." if code == 0 else "Error validating credentials due to invalid username or password."
    trust = "Azure AD joined" if place.managed else ""
    return at, {
        "id": made_up_id("sign-in", at, user),
        "createdDateTime": utc(at).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "userDisplayName": account.replace(".", " ").title(),
        "userPrincipalName": user,
        "userId": made_up_id("user", user),
        "appId": OFFICE,
        "appDisplayName": app,
        "ipAddress": place.address,
        "clientAppUsed": "Browser" if not place.managed else "Mobile Apps and Desktop clients",
        "correlationId": made_up_id("correlation", at, user),
        "conditionalAccessStatus": "notApplied" if code else "success",
        "isInteractive": True,
        "riskDetail": "none",
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskState": "none",
        "riskEventTypes_v2": [],
        "resourceDisplayName": "Microsoft Graph",
        "resourceId": _GRAPH,
        "status": {
            "errorCode": code,
            "failureReason": reason,
            "additionalDetails": "" if code else "MFA requirement satisfied by claim in the token",
        },
        "deviceDetail": {
            "deviceId": made_up_id("device", user) if place.managed else "",
            "displayName": f"WS-{account.split('.', maxsplit=1)[0].upper()}" if place.managed else "",
            "operatingSystem": place.system,
            "browser": place.browser,
            "isCompliant": place.managed,
            "isManaged": place.managed,
            "trustType": trust,
        },
        "location": {"city": place.city, "state": place.state, "countryOrRegion": place.country},
        "appliedConditionalAccessPolicies": [],
    }


def audited(
    at: int, domain: str, account: str, place: Place, operation: str, record_type: int, more: Mapping[str, Any]
) -> Record:
    """One record of the unified audit log: the common schema, and what the record type adds."""
    user = f"{account}@{domain}"
    workload = "SharePoint" if record_type == SHAREPOINT else "Exchange"
    record: dict[str, Any] = {
        "CreationTime": utc(at).strftime("%Y-%m-%dT%H:%M:%S"),
        "Id": made_up_id(operation, at, user),
        "Operation": operation,
        "OrganizationId": made_up_id("organization", domain),
        "RecordType": record_type,
        "ResultStatus": "True" if record_type == ADMIN else "Succeeded",
        "UserKey": made_up_id("user", user).replace("-", "")[:16].upper(),
        "UserType": 2 if record_type == ADMIN else 0,
        "Version": 1,
        "Workload": workload,
        "UserId": user,
    }
    if record_type in {ITEM, MAIL_ACCESS}:
        record |= {
            "ClientIPAddress": place.address,
            "ClientInfoString": "Client=OWA;Action=ViaProxy" if not place.managed else f"Client=MAPI; {_OUTLOOK}",
            "ExternalAccess": False,
            "InternalLogonType": 0,
            "LogonType": 0,
            "MailboxGuid": made_up_id("mailbox", user),
            "MailboxOwnerUPN": user,
        }
    elif record_type == ADMIN:
        record |= {"ClientIP": place.address, "ExternalAccess": False, "AppId": EXCHANGE, "OrganizationName": domain}
    else:
        record |= {"ClientIP": place.address, "EventSource": "SharePoint", "ItemType": "File"}
    return at, record | dict(more)


def parameters(pairs: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """The parameters of a cmdlet, as records of administration name them."""
    return {"Parameters": [{"Name": name, "Value": value} for name, value in pairs.items()]}


def mail_read(folder: str, messages: Sequence[str]) -> dict[str, Any]:
    """What `MailItemsAccessed` adds: the folder, and the message ids of each mail that was opened (type Bind)."""
    items = [{"InternetMessageId": f"<{message}>", "SizeInBytes": 40_000 + len(message) * 977} for message in messages]
    return {
        "OperationProperties": [
            {"Name": "MailAccessType", "Value": "Bind"},
            {"Name": "IsThrottled", "Value": "False"},
        ],
        "OperationCount": len(items),
        "Folders": [{"FolderItems": items, "Id": made_up_id("folder", folder), "Path": folder}],
    }


def mail_sent(subject: str, message: str) -> dict[str, Any]:
    """What `Send` adds: the message that was sent."""
    return {"Item": {"Subject": subject, "InternetMessageId": f"<{message}>", "ParentFolder": {"Path": "\\Sent Items"}}}
