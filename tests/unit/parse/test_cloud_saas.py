"""Audit logs of Duo, GitHub, Bitbucket, OneLogin and Kubernetes as events."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.unit.parse.test_cloud import event

AT = datetime(2026, 11, 20, 13, 0)  # noqa: DTZ001

DUO = {
    "access_device": {"ip": "203.0.113.9", "location": {"country": "United States"}},
    "application": {"key": "k", "name": "City VPN"},
    "auth_device": {"name": "555"},
    "event_type": "authentication",
    "factor": "Duo Push",
    "isotimestamp": "2026-11-20T13:00:00+00:00",
    "reason": "user_marked_fraud",
    "result": "fraud",
    "timestamp": 1795179600,
    "user": {"key": "u", "name": "mira"},
}
GITHUB = {
    "@timestamp": 1795179600000,
    "created_at": 1795179600000,
    "action": "org.add_member",
    "actor": "mira",
    "actor_ip": "203.0.113.9",
    "org": "city",
    "user": "jon",
}
BITBUCKET = {
    "timestamp": {"epochSecond": 1795179600, "nano": 5},
    "source": "203.0.113.9,10.0.0.1",
    "author": {"name": "mira", "type": "NORMAL"},
    "auditType": {"category": "Security", "action": "Unauthorized access to a resource"},
    "affectedObjects": [{"name": "repo", "type": "REPOSITORY"}],
}
ONELOGIN = {
    "event_type_id": 6,
    "created_at": "2026-11-20T13:00:00.000Z",
    "account_id": 1,
    "user_name": "mira",
    "ipaddr": "203.0.113.9",
}
KUBERNETES = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "verb": "create",
    "user": {"username": "mira", "groups": ["a", "b"]},
    "sourceIPs": ["203.0.113.9", "10.0.0.1"],
    "objectRef": {"resource": "pods", "namespace": "kube-system", "name": "x"},
    "responseStatus": {"code": 403},
    "requestReceivedTimestamp": "2026-11-20T13:00:00.000000Z",
    "requestObject": {"spec": {"volumes": [{"hostPath": {"path": "/"}}]}},
}


@pytest.mark.parametrize(
    ("record", "dataset", "outcome", "more"),
    [
        (
            DUO,
            "duo.audit",
            "failure",
            {"reason": "user_marked_fraud", "auth_method": "duo push", "program": "City VPN"},
        ),
        (GITHUB, "github.audit", "success", {"action": "group-member-added", "target_user": "jon"}),
        (BITBUCKET, "bitbucket.audit", "unknown", {"auditType.category": "Security", "affectedObjects.name": "repo"}),
        (ONELOGIN, "onelogin.events", "failure", {"action": "logon", "event_type_id": "6"}),
        (KUBERNETES, "kubernetes.audit", "failure", {"objectRef.resource": "pods", "user.groups": "a\nb"}),
        (
            {"category": "kube-audit", "operationName": "x", "properties": {"log": json.dumps(KUBERNETES)}},
            *("kubernetes.audit", "failure", {"verb": "create"}),
        ),
    ],
)
def test_services(record: dict[str, Any], dataset: str, outcome: str, more: dict[str, str]) -> None:
    found = event(record)
    assert (found["dataset"], found["user"], found["source_ip"], found["time"]) == (dataset, "mira", "203.0.113.9", AT)
    assert found["outcome"] == outcome
    assert {name: found.get(name) for name in more} == more


def test_a_deed_of_a_duo_administrator() -> None:
    record = {"action": "bypass_create", "username": "mira", "isotimestamp": "2026-11-20T13:00:00Z", "object": "jon"}
    found = event(record)
    assert (found["dataset"], found["admin_action"], found["outcome"]) == ("duo.audit", "bypass_create", "success")
    assert "action" not in found
