"""Rules over cloud services' logs as public rules are written: their fields found, lists compared value by value."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from breachwatch import lake
from breachwatch.detect import scan
from breachwatch.detect.loading import documents
from breachwatch.detect.mapping import load_mappings
from breachwatch.detect.rulepack import pack_of
from breachwatch.detect.trial import AFTER_ALL, TrialLog, land, trials
from breachwatch.model.finding import Outcome
from breachwatch.settings import Settings
from breachwatch.workspace import Workspace
from tests.unit.detect.making import pack
from tests.unit.parse.test_cloud import CLOUDTRAIL, DIRECTORY_AUDIT, GRAPH_SIGNIN, M365_FAILED, OKTA
from tests.unit.parse.test_cloud_saas import BITBUCKET, DUO, GITHUB, KUBERNETES, ONELOGIN

ALERT = {
    "CreationTime": "2026-11-20T13:00:00",
    "Operation": "AlertTriggered",
    "RecordType": 40,
    "Workload": "SecurityComplianceCenter",
    "ResultStatus": "Succeeded",
    "UserId": "SecurityComplianceAlerts",
    "Name": "Impossible travel activity",
}
LOGIN = {
    "id": {"time": "2026-11-20T13:00:00Z", "applicationName": "login"},
    "actor": {"email": "mira@city.example"},
    "events": [{"name": "login_success"}, {"name": "gov_attack_warning"}],
}
FIREWALL = {
    "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
    "timestamp": "2026-11-20T13:00:00Z",
    "resource": {"type": "k8s_cluster"},
    "protoPayload": {"serviceName": "compute.googleapis.com", "methodName": "v1.compute.firewalls.delete"},
}
NSG = {
    "time": "2026-11-20T13:00:00Z",
    "operationName": "MICROSOFT.NETWORK/FIREWALLPOLICIES/WRITE",
    "resourceId": "/subscriptions/s",
    "category": "Administrative",
    "resultType": "Success",
}
RISK = {"id": "r", "riskEventType": "unlikelyTravel", "riskState": "atRisk", "activityDateTime": "2026-11-20T13:00:00Z"}
TASK = {
    **CLOUDTRAIL,
    "eventName": "RegisterTaskDefinition",
    "eventSource": "ecs.amazonaws.com",
    "requestParameters": {"containerDefinitions": [{"command": ["a"]}, {"command": ["b $AWS_X c"]}], "enable": False},
    "userIdentity": {"type": "AssumedRole", "sessionContext": {"webIdFederationData": {"provider": "p"}}},
}
RECORDS = [GRAPH_SIGNIN, DIRECTORY_AUDIT, RISK, NSG, M365_FAILED, ALERT, OKTA, LOGIN, FIREWALL, CLOUDTRAIL, TASK]
RECORDS += [DUO, GITHUB, BITBUCKET, ONELOGIN, KUBERNETES]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Workspace]:
    with trials() as room:
        ws = room.workspace(Settings())
        land(ws, TrialLog("cloud", "cloud-json", "".join(json.dumps(record) + "\n" for record in RECORDS).encode()))
        yield ws
        room.drop(ws)


# product, service, detection, events found
CASES: list[tuple[str, str, dict[str, Any], int]] = [
    ("azure", "signinlogs", {"ResultType": 50126, "ResultDescription|contains": "validating"}, 1),
    ("azure", "signinlogs", {"resultType": "50126", "userAgent|contains": "bav2ropc"}, 1),
    ("azure", "signinlogs", {"ResultType": 0}, 0),
    ("azure", "signinlogs", {"Status": "Failure", "DeviceDetail.deviceId": "", "DeviceDetail.trusttype": None}, 1),
    ("azure", "signinlogs", {"Status|contains": "MFA Denied"}, 1),
    ("azure", "signinlogs", {"Status": "MFA"}, 0),
    ("azure", "signinlogs", {"DeviceDetail.isCompliant": "false", "location": "US", "ClientApp": "IMAP4"}, 1),
    ("azure", "signinlogs", {"properties.deviceDetail.deviceId": "", "status.errorCode": 50126}, 1),
    ("azure", "signinlogs", {"RiskEventTypes": ["unfamiliarFeatures", "x"]}, 1),
    ("azure", "signinlogs", {"RiskEventTypes": "unfamiliar"}, 0),
    ("azure", "auditlogs", {"properties.message": "Consent to application", "Status": "Success"}, 1),
    ("azure", "auditlogs", {"targetResources.type": "User", "properties.targetResources|contains": "Mail Helper"}, 1),
    ("azure", "auditlogs", {"targetResources.type": "Use"}, 0),
    ("azure", "auditlogs", {"ConsentContext.IsAdminConsent": "false"}, 1),
    ("azure", "auditlogs", {"TargetResources.ModifiedProperties.NewValue|contains": "mail.read"}, 1),
    ("azure", "riskdetection", {"riskEventType": "unlikelyTravel"}, 1),
    (
        "azure",
        "activitylogs",
        {"operationName|startswith": "microsoft.network/firewall", "CategoryValue": "Administrative"},
        1,
    ),
    ("m365", "audit", {"Operation": "UserLoginFailed", "ErrorNumber": 50126, "RequestType": "ROPC"}, 1),
    ("m365", "threat_management", {"eventSource": "SecurityComplianceCenter", "status": "success"}, 1),
    ("m365", "threat_management", {"eventName": "Impossible travel activity"}, 1),
    ("m365", "exchange", {"eventSource": "SecurityComplianceCenter"}, 0),
    ("okta", "okta", {"eventType": "user.session.start", "target.displayName": "Payroll"}, 1),
    ("okta", "okta", {"target.displayName|cased": "payroll"}, 0),
    ("okta", "okta", {"target.displayName|startswith": "Jo"}, 1),
    ("okta", "okta", {"target.displayName|endswith": "Pay"}, 0),
    ("okta", "okta", {"target.displayName|re": "^Jon$"}, 1),
    ("okta", "okta", {"securityContext.isProxy": "true", "debugContext.debugData.more": "x"}, 1),
    ("okta", "okta", {"securityContext.asNumber|gte": 64000}, 1),
    ("gcp", "google_workspace.login", {"protoPayload.metadata.event.eventName": "gov_attack_warning"}, 1),
    ("gcp", "google_workspace.login", {"protoPayload.serviceName": "login.googleapis.com"}, 1),
    ("gcp", "google_workspace.admin", {"eventName": "gov_attack_warning"}, 0),
    ("gcp", "gcp.audit", {"gcp.audit.method_name": "v*.Compute.Firewalls.Delete"}, 1),
    ("gcp", "gcp.audit", {"data.protoPayload.logName": "cloudaudit.googleapis.com/activity"}, 1),
    ("aws", "cloudtrail", {"eventName": "ConsoleLogin", "additionalEventData.MFAUsed": "NO"}, 1),
    ("aws", "cloudtrail", {"responseElements|contains": "Failure", "userIdentity.arn|contains": ":user/"}, 1),
    ("aws", "cloudtrail", {"requestParameters.enable": "false"}, 1),
    ("aws", "cloudtrail", {"requestParameters.containerDefinitions.command|contains": "$AWS_X"}, 1),
    ("cisco", "duo", {"event_type": "authentication", "reason|startswith": "user_marked"}, 1),
    ("github", "audit", {"action|contains": "add_member"}, 1),
    ("bitbucket", "audit", {"auditType.category": "Security", "affectedObjects.type": "REPOSITORY"}, 1),
    ("onelogin", "onelogin.events", {"event_type_id": 6}, 1),
    ("kubernetes", "audit", {"objectRef.resource": "pods", "responseStatus.code": [401, 403]}, 1),
    ("kubernetes", "application/audit", {"verb": "create", "hostPath": "*"}, 1),
    ("kubernetes", "application/audit", {"verb": "create", "capabilities": "*"}, 0),
    ("aws", "cloudtrail", {"userIdentity.sessionContext.webIdFederationData.provider": "p"}, 1),
]


def rule(number: int, product: str, service: str, selection: dict[str, Any]) -> dict[str, Any]:
    category, _, service = service.rpartition("/")
    return {
        "title": f"case {number}",
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "status": "test",
        "logsource": {"product": product, "service": service} | ({"category": category} if category else {}),
        "detection": {"selection": selection, "condition": "selection"},
        "level": "low",
    }


def test_public_field_names_find_their_events(cloud: Workspace) -> None:
    rules = [rule(number, *case[:3]) for number, case in enumerate(CASES)]
    result = scan(cloud, AFTER_ALL, pack=pack(yaml.safe_dump_all(rules)))
    assert [outcome.reason for outcome in result.outcomes if outcome.outcome is Outcome.COULD_NOT_RUN] == []
    found = Counter(finding.rule_title for finding in result.findings)
    wrong = [(case, found[f"case {number}"]) for number, case in enumerate(CASES) if found[f"case {number}"] != case[3]]
    assert wrong == []


def nested(depth: int) -> dict[str, Any]:
    record: dict[str, Any] = {"enable": "false"}
    for _ in range(depth):
        record = {"a": record}
    return record


HOSTILE = [
    {"more": nested(900)},
    *(
        {"requestParameters": value}
        for value in (nested(900), "not { json", "", float("nan"), [[{"enable": True}]], 10**400)
    ),
    {"requestParameters": {"a": "\ud800", "enable": "\0false"}, "more": {"enable": "nul\0"}},
    {"requestParameters": {"enable": "false"}},
]


def test_no_record_keeps_a_rule_from_running() -> None:
    fields = ("requestParameters.enable", "requestParameters.a.a", "more.enable", "more.a.a", "userIdentity.x.y|re")
    rules = [rule(number, "aws", "cloudtrail", {field: "false"}) for number, field in enumerate(fields)]
    with trials() as room:
        ws = room.workspace(Settings())
        data = "".join(json.dumps({**CLOUDTRAIL, **odd}) + "\n" for odd in HOSTILE).encode()
        assert land(ws, TrialLog("odd", "cloud-json", data)).rows == len(HOSTILE)
        result = scan(ws, AFTER_ALL, pack=pack(yaml.safe_dump_all(rules)))
    assert {outcome.outcome for outcome in result.outcomes} == {Outcome.MATCHED, Outcome.NO_MATCH}
    assert Counter(finding.rule_title for finding in result.findings) == {"case 0": 1}


def test_a_rule_that_is_not_meant_for_a_log_has_no_route_to_it() -> None:
    mappings = load_mappings()
    assert mappings.for_logsource("azure", None, "") == []
    assert mappings.for_logsource("aws", None, "guardduty") == []
    assert {route.dataset for route in mappings.for_logsource("azure", None, "signinlogs")} == {"entra.signin"}


# Public rules whose event a recorded attack must hold: rule's file, log, events.
RECORDED = [
    ("aws_cloudtrail_vpc_flow_logs_deleted.yml", "aws.defense-evasion.vpc-remove-flow-logs.json", 1),
    ("aws_iam_backdoor_users_keys.yml", "aws.persistence.iam-backdoor-user.json", 1),
    ("aws_update_login_profile.yml", "aws.privilege-escalation.iam-update-user-login-profile.json", 1),
    ("aws_new_lambda_layer_attached.yml", "aws.persistence.lambda-layer-extension.json", 1),
    ("aws_snapshot_backup_exfiltration.yml", "aws.exfiltration.ec2-share-ebs-snapshot.json", 1),
    ("microsoft365_susp_email_forwarding_activity.yml", "t1114.003_rule_mail_forward_same_dest.json", 2),
    ("microsoft365_susp_inbox_rule_creation_or_update_activity.yml", "t1564.008_New_inbox_rule_to_delete_email.csv", 1),
]


def test_public_rules_find_recorded_attacks(shared: Path, shared_logs: Path) -> None:
    with zipfile.ZipFile(shared / "sigmahq-rules.zip") as public:
        texts = {Path(name).name: public.read(name) for name in public.namelist() if "/cloud/" in name}
    rules = [rule for name, _, _ in RECORDED for rule in documents(name, texts[name])]
    with trials() as room:
        ws = room.workspace(Settings())
        for _, log, _ in RECORDED:
            (path,) = (path for part in ("aws-cloudtrail", "m365") for path in shared_logs.glob(f"{part}/*/{log}"))
            land(ws, TrialLog(log, "m365-csv" if path.suffix == ".csv" else "cloud-json", path.read_bytes()))
        findings = scan(ws, AFTER_ALL, pack=pack_of(rules)).findings
        with lake.connect(ws) as con:
            sources = dict(
                con.execute(
                    "SELECT event_id, source FROM aws_cloudtrail UNION ALL SELECT event_id, source FROM m365_audit"
                ).fetchall()
            )
    found = Counter((finding.rule_title, sources[event]) for finding in findings for event in finding.event_ids)
    titles = {name: yaml.safe_load(texts[name])["title"] for name, _, _ in RECORDED}
    assert found == {(titles[name], log): count for name, log, count in RECORDED}
