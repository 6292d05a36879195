"""The datasets of further services whose audit logs come as JSON: Duo, GitHub, Bitbucket, OneLogin, Kubernetes.

Columns as in `breachwatch.model.datasets_cloud`. Fields: Duo Admin API ("Logs"), GitHub's "Reviewing the audit log for
your organization", Bitbucket Data Center's "Audit log events", OneLogin's "Event resource", Kubernetes'
audit.k8s.io/v1.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from breachwatch.model.datasets_cloud import json_texts, many_texts, texts

_DUO = [
    *texts("event_type", "txid", "factor", "reason", "result", "auth_method", "failure_reason", "country"),
    *texts("user.name", "user.key", "email", "username", "object", "description", "integration"),
    *texts("application.name", "application.key", "access_device.ip", "access_device.hostname", "access_device.os"),
    *texts("access_device.browser", "auth_device.name", "auth_device.ip", "admin_action"),
]
_GITHUB = [
    *texts("audit_action", "operation_type", "actor", "actor_id", "actor_ip", "actor_location.country_code", "org"),
    *texts("business", "repo", "repository", "team", "target_user", "visibility", "user_agent", "hashed_token"),
    *texts("programmatic_access_type", "external_identity_username", "transport_protocol_name", "_document_id"),
    *json_texts("data", "config"),
]
_BITBUCKET = [
    *texts("auditType.category", "auditType.categoryI18nKey", "auditType.action", "auditType.actionI18nKey"),
    *texts("auditType.level", "auditType.area", "author.name", "author.type", "author.id", "method", "system", "node"),
    *texts("sourceAddress"),
    *json_texts("affectedObjects", "changedValues", "extraAttributes"),
    *many_texts("affectedObjects.name", "affectedObjects.type"),
]
_ONELOGIN = [
    *texts("id", "event_type_id", "account_id", "user_id", "user_name", "actor_user_id", "actor_user_name", "app_id"),
    *texts("app_name", "role_id", "role_name", "ipaddr", "actor_system", "notes", "error_description", "risk_score"),
    *texts("otp_device_name", "custom_message", "target_user"),
]
_KUBERNETES = [
    *texts("auditID", "level", "stage", "verb", "requestURI", "userAgent", "user.username", "user.uid"),
    *many_texts("user.groups", "sourceIPs"),
    *texts("impersonatedUser.username", "objectRef.resource", "objectRef.subresource", "objectRef.namespace"),
    *texts("objectRef.name", "objectRef.apiGroup", "objectRef.apiVersion", "responseStatus.code"),
    *texts("responseStatus.status", "responseStatus.reason", "responseStatus.message"),
    *json_texts("requestObject", "responseObject", "annotations"),
]

SAAS: Final[tuple[tuple[str, str, list[pa.Field[Any]]], ...]] = (
    ("duo.audit", "second factors of Cisco Duo, and what its administrators do", _DUO),
    ("github.audit", "the audit log of a GitHub organization or enterprise", _GITHUB),
    ("bitbucket.audit", "the audit log of Bitbucket Data Center", _BITBUCKET),
    ("onelogin.events", "events of OneLogin", _ONELOGIN),
    ("kubernetes.audit", "requests to the API of a Kubernetes cluster", _KUBERNETES),
)
"""Name, what it holds, and the native fields."""
