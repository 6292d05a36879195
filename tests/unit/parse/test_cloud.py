"""Records of each cloud service, in each layout it comes in, as events."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.unit.parse.support import one_event, parsed

CORE = ("time", "user", "source_ip", "action", "outcome", "program", "target_user")


def event(record: Any) -> dict[str, Any]:
    return one_event("cloud-json", json.dumps(record).encode())


def core(found: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(found.get(name) for name in CORE)


GRAPH_SIGNIN = {
    "id": "66ea54eb-6301-4ee5-be62-ff5a759b0100",
    "createdDateTime": "2026-11-20T13:01:10.1234567Z",
    "userDisplayName": "Mira Rao",
    "userPrincipalName": "mira.rao@city.example",
    "appDisplayName": "Office 365 Exchange Online",
    "ipAddress": "203.0.113.9",
    "clientAppUsed": "IMAP4",
    "userAgent": "BAV2ROPC",
    "correlationId": "1d5a1cc5-1a7d-4a1c-8d9b-6f3f4d3f9ad0",
    "conditionalAccessStatus": "notApplied",
    "isInteractive": True,
    "riskEventTypes_v2": ["unfamiliarFeatures", "anonymizedIPAddress"],
    "status": {"errorCode": 50126, "failureReason": "Error validating credentials.", "additionalDetails": "MFA denied"},
    "deviceDetail": {"deviceId": "", "operatingSystem": "Windows 10", "isCompliant": False, "trustType": None},
    "location": {"city": "Odessa", "state": "Texas", "countryOrRegion": "US", "geoCoordinates": {"latitude": 31.8}},
    "authenticationRequirement": "singleFactorAuthentication",
}
LOG_ANALYTICS_SIGNIN = {
    "TimeGenerated": "2026-11-20T13:01:12.000Z",
    "CreatedDateTime": "2026-11-20T13:01:10.123456Z",
    "Category": "SignInLogs",
    "Id": GRAPH_SIGNIN["id"],
    "ResultType": "50126",
    "ResultDescription": "Error validating credentials.",
    "Location": "US",
    "LocationDetails": json.dumps(GRAPH_SIGNIN["location"]),
    "Status": json.dumps(GRAPH_SIGNIN["status"]),
    "DeviceDetail": json.dumps(GRAPH_SIGNIN["deviceDetail"]),
    "UserPrincipalName": "mira.rao@city.example",
    "AppDisplayName": "Office 365 Exchange Online",
    "IPAddress": "203.0.113.9",
    "ClientAppUsed": "IMAP4",
    "UserAgent": "BAV2ROPC",
    "CorrelationId": GRAPH_SIGNIN["correlationId"],
    "RiskEventTypes_V2": '["unfamiliarFeatures","anonymizedIPAddress"]',
    "AuthenticationRequirement": "singleFactorAuthentication",
    "IsInteractive": True,
}
DIAGNOSTIC_SIGNIN = {
    "time": "2026-11-20T13:02:00Z",
    "resourceId": "/tenants/x/providers/Microsoft.aadiam",
    "operationName": "Sign-in activity",
    "category": "NonInteractiveUserSignInLogs",
    "resultType": "50126",
    "resultDescription": "Error validating credentials.",
    "callerIpAddress": "203.0.113.9",
    "location": "US",
    "properties": GRAPH_SIGNIN,
}


@pytest.mark.parametrize("record", [GRAPH_SIGNIN, LOG_ANALYTICS_SIGNIN, DIAGNOSTIC_SIGNIN])
def test_a_sign_in_to_entra_is_the_same_in_every_layout(record: dict[str, Any]) -> None:
    found = event(record)
    assert found["dataset"] == "entra.signin"
    at = datetime(2026, 11, 20, 13, 1, 10, 123456)  # noqa: DTZ001
    assert core(found) == (
        *(at, "mira.rao@city.example", "203.0.113.9", "logon", "failure", "Office 365 Exchange Online", None),
    )
    wanted = {
        "Id": GRAPH_SIGNIN["id"],
        "ResultType": "50126",
        "ResultDescription": "Error validating credentials.",
        "Status": "Failure\nMFA denied",
        "failure_reason": "wrong name or password",
        "auth_method": "legacy: imap4",
        "country": "US",
        "Location": "US",
        "LocationDetails.city": "Odessa",
        "DeviceDetail.deviceId": "",
        "DeviceDetail.operatingSystem": "Windows 10",
        "DeviceDetail.isCompliant": "false",
        "RiskEventTypes": "unfamiliarFeatures\nanonymizedIPAddress",
        "IsInteractive": "true",
        "UserAgent": "BAV2ROPC",
    }
    assert {name: found.get(name) for name in wanted} == wanted
    assert "DeviceDetail.trustType" not in found


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        (0, "success", None),
        (50053, "failure", "account locked out"),
        (50057, "failure", "account disabled"),
        (53003, "failure", "blocked by conditional access"),
        (500121, "failure", "multi-factor authentication failed or was declined"),
        (50074, "unknown", "multi-factor authentication required"),
        (99999999, "failure", "Error validating credentials."),
    ],
)
def test_what_the_number_of_a_sign_in_says(code: int, outcome: str, reason: str | None) -> None:
    status = {**GRAPH_SIGNIN["status"], "errorCode": code}  # type: ignore[dict-item]
    found = event({**GRAPH_SIGNIN, "status": status})
    assert (found["outcome"], found.get("failure_reason"), found["ResultType"]) == (outcome, reason, str(code))


def test_the_methods_of_a_sign_in_are_named_in_order() -> None:
    steps = [{"authenticationMethod": "Password"}, {"authenticationMethod": "Mobile app notification"}] * 2
    found = event({**GRAPH_SIGNIN, "clientAppUsed": "Browser", "authenticationDetails": steps})
    assert found["auth_method"] == "password, mobile app notification"
    found = event({**GRAPH_SIGNIN, "clientAppUsed": "Browser", "authenticationProtocol": "deviceCode"})
    assert found["auth_method"] == "deviceCode"


def test_the_sign_in_of_an_application() -> None:
    record = {
        "category": "ServicePrincipalSignInLogs",
        "time": "2026-11-20T13:02:00Z",
        "properties": {
            "servicePrincipalName": "Backup",
            "servicePrincipalId": "1",
            "appId": "2",
            "ipAddress": "2001:db8::1",
        },
    }
    found = event(record)
    assert (found["dataset"], found["user"], found["source_ip"]) == ("entra.signin", "Backup", "2001:db8::1")


DIRECTORY_AUDIT = {
    "id": "Directory_1",
    "category": "ApplicationManagement",
    "correlationId": "c",
    "result": "success",
    "activityDisplayName": "Consent to application",
    "activityDateTime": "2026-11-20T13:00:00Z",
    "loggedByService": "Core Directory",
    "operationType": "Assign",
    "initiatedBy": {"user": {"id": "u", "userPrincipalName": "mira@city.example", "ipAddress": "203.0.113.9"}},
    "targetResources": [
        {
            "id": "sp",
            "displayName": "Mail Helper",
            "type": "ServicePrincipal",
            "modifiedProperties": [
                {"displayName": "ConsentContext.IsAdminConsent", "oldValue": None, "newValue": '"False"'},
                {"displayName": "ConsentAction.Permissions", "newValue": '"Mail.Read"'},
            ],
        },
        {"id": "u2", "type": "User", "userPrincipalName": "jon@city.example", "modifiedProperties": []},
    ],
    "additionalDetails": [{"key": "User-Agent", "value": "Mozilla"}],
}


@pytest.mark.parametrize("layout", ["graph", "diagnostic", "log analytics"])
def test_a_change_in_the_directory(layout: str) -> None:
    record: dict[str, Any] = dict(DIRECTORY_AUDIT)
    if layout == "diagnostic":
        outer = {"time": "2026-11-20T13:00:05Z", "operationName": "Consent to application", "category": "AuditLogs"}
        record = {**outer, "resultSignature": "None", "callerIpAddress": "203.0.113.9", "properties": record}
    if layout == "log analytics":
        texts = ("initiatedBy", "targetResources", "additionalDetails")
        record = {k[:1].upper() + k[1:]: json.dumps(v) if k in texts else v for k, v in record.items()}
        record["TimeGenerated"] = record["ActivityDateTime"]
        record["OperationName"] = record["ActivityDisplayName"]
    found = event(record)
    assert found["dataset"] == "entra.audit"
    at = datetime(2026, 11, 20, 13, 0)  # noqa: DTZ001
    assert core(found) == (
        *(at, "mira@city.example", "203.0.113.9", None, "success", "Core Directory", "jon@city.example"),
    )
    assert found["OperationName"] == found["ActivityDisplayName"] == "Consent to application"
    assert found["TargetResources.type"] == "ServicePrincipal\nUser"
    assert found["TargetResources.modifiedProperties.newValue"] == '"False"\n"Mail.Read"'
    assert json.loads(found["TargetResources"]) == DIRECTORY_AUDIT["targetResources"]
    assert found["extra"]["ConsentContext.IsAdminConsent"] == "False"
    assert found["extra"]["User-Agent"] == "Mozilla"


def test_a_warning_of_identity_protection() -> None:
    found = event(
        {
            "id": "r",
            "riskEventType": "unlikelyTravel",
            "riskState": "atRisk",
            "riskLevel": "high",
            "source": "IdentityProtection",
            "ipAddress": "203.0.113.9",
            "location": {"city": "Oxnard", "countryOrRegion": "US"},
            "activityDateTime": "2026-11-20T13:00:00Z",
            "userPrincipalName": "mira@city.example",
        }
    )
    assert (found["dataset"], found["riskEventType"], found["Location"]) == ("entra.risk", "unlikelyTravel", "US")
    assert (found["user"], found["source_ip"], found["source"]) == ("mira@city.example", "203.0.113.9", "test")
    assert found["detectionSource"] == "IdentityProtection"


def test_azure_activity_in_three_layouts() -> None:
    operation, resource = "Microsoft.Network/networkSecurityGroups/write", "/subscriptions/s/resourceGroups/g/x"
    diagnostic = {
        "time": "2026-11-20T13:00:00Z",
        "resourceId": resource,
        "operationName": operation,
        "category": "Administrative",
        "resultType": "Success",
        "callerIpAddress": "203.0.113.9",
        "identity": {"claims": {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "mira@city.example"}},
    }
    rest = {
        "caller": "mira@city.example",
        "eventDataId": "e",
        "eventTimestamp": "2026-11-20T13:00:00Z",
        "operationName": {"value": operation, "localizedValue": "Create or Update Network Security Group"},
        "category": {"value": "Administrative", "localizedValue": "Administrative"},
        "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
        "resourceId": resource,
        "resourceProviderName": {"value": "Microsoft.Network"},
        "httpRequest": {"clientIpAddress": "203.0.113.9", "method": "PUT"},
    }
    table = {
        "TimeGenerated": "2026-11-20T13:00:00Z",
        "OperationNameValue": operation,
        "CategoryValue": "Administrative",
        "ActivityStatusValue": "Success",
        "Caller": "mira@city.example",
        "CallerIpAddress": "203.0.113.9",
        "_ResourceId": resource,
    }
    at = datetime(2026, 11, 20, 13, 0)  # noqa: DTZ001
    for record in (diagnostic, rest, table):
        found = event(record)
        assert found["dataset"] == "azure.activity"
        assert core(found) == (*(at, "mira@city.example", "203.0.113.9", None, "success", "Microsoft.Network", None),)
        assert (found["OperationNameValue"], found["ResourceId"]) == (operation, resource)
        assert (found["CategoryValue"], found["ResourceProviderValue"]) == ("Administrative", "Microsoft.Network")
    assert event(rest)["OperationName"] == "Create or Update Network Security Group"


M365_FAILED = {
    "CreationTime": "2026-11-20T13:00:00",
    "Id": "i",
    "Operation": "UserLoginFailed",
    "OrganizationId": "o",
    "RecordType": 15,
    "ResultStatus": "Failed",
    "UserType": 0,
    "Workload": "AzureActiveDirectory",
    "ClientIP": "[2001:db8::7]:52100",
    "UserId": "mira@city.example",
    "ExtendedProperties": [{"Name": "UserAgent", "Value": "python-requests"}, {"Name": "RequestType", "Value": "ROPC"}],
    "DeviceProperties": [{"Name": "SessionId", "Value": "s"}],
    "ErrorNumber": "50126",
    "LogonError": "InvalidUserNameOrPassword",
}


def test_sign_ins_in_the_unified_audit_log() -> None:
    found = event(M365_FAILED)
    at = datetime(2026, 11, 20, 13, 0)  # noqa: DTZ001
    assert found["dataset"] == "m365.audit"
    assert core(found) == (*(at, "mira@city.example", "2001:db8::7", "logon", "failure", "AzureActiveDirectory", None),)
    assert (found["source_port"], found["session_id"], found["UserAgent"]) == (52100, "s", "python-requests")
    assert (found["failure_reason"], found["auth_method"], found["RecordType"]) == (
        "wrong name or password",
        "ROPC",
        "15",
    )
    success = event({**M365_FAILED, "Operation": "UserLoggedIn", "ResultStatus": "Success", "ErrorNumber": "0"})
    assert (success["outcome"], success.get("failure_reason")) == ("success", None)
    asked = event({**M365_FAILED, "ErrorNumber": "50074"})
    assert asked["outcome"] == "unknown"


def test_an_inbox_rule_by_api_powershell_and_csv() -> None:
    record = {
        "CreationTime": "2026-11-20T13:00:00",
        "Operation": "New-InboxRule",
        "RecordType": 1,
        "ResultStatus": "True",
        "UserId": "mira@city.example",
        "Workload": "Exchange",
        "ClientIP": "203.0.113.9:9808",
        "Parameters": [{"Name": "DeleteMessage", "Value": "True"}, {"Name": "From", "Value": 'the "boss", hidden'}],
    }
    powershell = [{"RecordType": "ExchangeAdmin", "CreationDate": "/Date(1728364117000)/", "AuditData": record}]
    as_text = [{"RecordType": "ExchangeAdmin", "AuditData": json.dumps(record)}]
    quoted = json.dumps(record).replace('"', '""')
    heading = '\ufeff"RecordType","CreationDate","UserIds","Operations","AuditData","Identity"\r\n'
    csv = f'{heading}"ExchangeAdmin","11/20/2026","mira","New-InboxRule","{quoted}","7"\r\n'.encode()
    found = [event(record), event(powershell), event(as_text)]
    result = parsed("m365-csv", csv)
    assert result.rejects == []
    found += result.events
    for item in found:
        assert (item["dataset"], item["outcome"], item["source_port"]) == ("m365.audit", "success", 9808)
        assert json.loads(item["Parameters"]) == record["Parameters"]
        assert "DeleteMessage=True" in item["message"]
    assert [item["record_number"] for item in result.events] == [2]


def test_a_line_of_the_csv_without_its_record_is_a_reject() -> None:
    result = parsed("m365-csv", b'"RecordType","CreationDate","AuditData"\n"a","b","{""Operation"":"\nx\n')
    assert [reject["record_number"] for reject in result.rejects] == [2, 3]
    assert result.events == []


OKTA = {
    "uuid": "u",
    "published": "2026-11-20T13:00:00.123Z",
    "eventType": "user.session.start",
    "displayMessage": "User login to Okta",
    "severity": "WARN",
    "actor": {"id": "a", "type": "User", "alternateId": "mira@city.example", "displayName": "Mira Rao"},
    "client": {"ipAddress": "203.0.113.9", "zone": "null", "geographicalContext": {"country": "United States"}},
    "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"},
    "target": [
        {"id": "t1", "type": "AppInstance", "displayName": "Payroll"},
        {"id": "t2", "type": "User", "alternateId": "jon@city.example", "displayName": "Jon"},
    ],
    "authenticationContext": {"externalSessionId": "s", "authenticationStep": 0},
    "securityContext": {"asNumber": 64500, "isProxy": True},
    "debugContext": {"debugData": {"requestUri": "/api/v1/authn", "dtHash": "d", "more": "x"}},
}


def test_an_event_of_okta() -> None:
    found = event(OKTA)
    at = datetime(2026, 11, 20, 13, 0, 0, 123000)  # noqa: DTZ001
    assert found["dataset"] == "okta.system"
    assert core(found) == (
        *(at, "mira@city.example", "203.0.113.9", "logon", "failure", "Payroll", "jon@city.example"),
    )
    wanted = {
        "failure_reason": "wrong name or password",
        "outcome.reason": "INVALID_CREDENTIALS",
        "target.displayName": "Payroll\nJon",
        "securityContext.isProxy": "true",
        "securityContext.asNumber": "64500",
        "debugContext.debugData.requestUri": "/api/v1/authn",
        "session_id": "s",
        "country": "United States",
    }
    assert {name: found.get(name) for name in wanted} == wanted
    assert json.loads(found["debugContext.debugData"])["more"] == "x"
    assert found["extra"]["authenticationContext"] == {"authenticationStep": 0}


def test_an_activity_of_google_workspace_in_both_layouts() -> None:
    parameters = [{"name": "login_type", "value": "exchange"}, {"name": "is_suspicious", "boolValue": True}]
    reports = {
        "kind": "admin#reports#activity",
        "id": {"time": "2026-11-20T13:00:00.000Z", "uniqueQualifier": "7", "applicationName": "login"},
        "actor": {"email": "mira@city.example", "profileId": "1"},
        "ipAddress": "203.0.113.9",
        "events": [
            {"type": "login", "name": "login_failure", "parameters": parameters},
            {
                "type": "login",
                "name": "suspicious_login",
                "parameters": [{"name": "NEW_VALUE", "multiValue": ["a", "b"]}],
            },
        ],
    }
    logging = {
        "timestamp": "2026-11-20T13:00:00Z",
        "protoPayload": {
            "serviceName": "login.googleapis.com",
            "authenticationInfo": {"principalEmail": "mira@city.example"},
            "requestMetadata": {"callerIp": "203.0.113.9"},
            "metadata": {"event": [{"eventName": "login_failure", "eventType": "login", "parameter": parameters}]},
        },
    }
    at = datetime(2026, 11, 20, 13, 0)  # noqa: DTZ001
    for record in (reports, logging):
        found = event(record)
        assert found["dataset"] == "google.workspace"
        assert core(found) == (*(at, "mira@city.example", "203.0.113.9", "logon", "failure", "login", None),)
        assert (found["login_type"], found["is_suspicious"], found["auth_method"]) == ("exchange", "true", "exchange")
        assert found["eventService"] == "login.googleapis.com"
    assert event(reports)["eventName"] == "login_failure\nsuspicious_login"
    assert event(reports)["new_value"] == "a\nb"


def test_an_audit_record_of_google_cloud() -> None:
    found = event(
        {
            "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
            "timestamp": "2026-11-20T13:00:00Z",
            "resource": {"type": "gce_firewall_rule", "labels": {"project_id": "p"}},
            "protoPayload": {
                "serviceName": "compute.googleapis.com",
                "methodName": "v1.compute.firewalls.patch",
                "authenticationInfo": {"principalEmail": "mira@city.example"},
                "requestMetadata": {"callerIp": "203.0.113.9"},
                "authorizationInfo": [{"permission": "a", "granted": True}, {"permission": "b"}],
                "status": {"code": 7, "message": "denied"},
            },
        }
    )
    assert (found["dataset"], found["user"], found["source_ip"]) == ("gcp.audit", "mira@city.example", "203.0.113.9")
    assert (found["outcome"], found["logId"]) == ("failure", "cloudaudit.googleapis.com/activity")
    assert found["protoPayload.authorizationInfo.permission"] == "a\nb"


CLOUDTRAIL = {
    "eventVersion": "1.08",
    "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/mira", "userName": "mira", "accountId": "1"},
    "eventTime": "2026-11-20T13:00:00Z",
    "eventSource": "signin.amazonaws.com",
    "eventName": "ConsoleLogin",
    "awsRegion": "us-east-2",
    "sourceIPAddress": "203.0.113.9",
    "requestParameters": None,
    "responseElements": {"ConsoleLogin": "Failure"},
    "errorMessage": "Failed authentication",
    "additionalEventData": {"MFAUsed": "No", "MobileVersion": "No"},
    "recipientAccountId": "1",
}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda record: record,
        lambda record: {"Records": [record]},
        lambda record: {"detail-type": "AWS Console Sign In via CloudTrail", "source": "aws.signin", "detail": record},
        lambda record: {"EventId": "e", "Username": "mira", "CloudTrailEvent": json.dumps(record)},
    ],
    ids=["bare", "file of a trail", "EventBridge", "lookup-events"],
)
def test_a_console_sign_in(wrap: Any) -> None:
    found = event(wrap(CLOUDTRAIL))
    at = datetime(2026, 11, 20, 13, 0)  # noqa: DTZ001
    assert found["dataset"] == "aws.cloudtrail"
    assert core(found) == (*(at, "mira", "203.0.113.9", "logon", "failure", "signin.amazonaws.com", None),)
    assert (found["failure_reason"], found["auth_method"]) == ("wrong name or password", "password")
    assert (found["responseElements.ConsoleLogin"], found["additionalEventData.MFAUsed"]) == ("Failure", "No")
    assert json.loads(found["userIdentity"]) == CLOUDTRAIL["userIdentity"]


@pytest.mark.parametrize(
    ("identity", "user"),
    [
        ({"type": "Root", "arn": "arn:aws:iam::1:root"}, "root"),
        ({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/Admin/mira"}, "Admin/mira"),
        ({"type": "AWSService", "invokedBy": "config.amazonaws.com"}, "config.amazonaws.com"),
        ("not an object", None),
    ],
)
def test_who_acts_in_aws(identity: Any, user: str | None) -> None:
    assert event({**CLOUDTRAIL, "userIdentity": identity}).get("user") == user
