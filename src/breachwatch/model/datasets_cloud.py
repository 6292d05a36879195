"""The datasets of cloud services: audit logs and sign-ins that come as JSON.

Columns carry the names that public Sigma rules use, dots and all: `userIdentity.type` is one column. A field that has
no column is reached by its dotted name in `extra`. Two kinds of column need a word, which their metadata says:

many    holds the values of a list, one a line, in the log's order. A rule's value is compared with each of them.
json    holds an object or list as JSON text. A dotted name that begins with the column's reaches into it.

Names of fields: Microsoft Graph `signIn`, `directoryAudit`, `riskDetection` and the Log Analytics tables SigninLogs,
AuditLogs, AzureActivity; Office 365 Management Activity API schema; Okta System Log API; Google Workspace Admin SDK
Reports API; Google Cloud `LogEntry` and `AuditLog`; AWS CloudTrail record contents.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

MANY: Final = b"many"
JSON: Final = b"json"


def _texts(*names: str) -> list[pa.Field[Any]]:
    return [pa.field(name, pa.string()) for name in names]


def _many(*names: str) -> list[pa.Field[Any]]:
    return [pa.field(name, pa.string(), metadata={MANY: b"values of a list, one a line"}) for name in names]


def _json(*names: str) -> list[pa.Field[Any]]:
    return [pa.field(name, pa.string(), metadata={JSON: b"an object or list as JSON"}) for name in names]


_SIGN_IN = _texts("auth_method", "failure_reason", "target_user", "session_id", "country")
"""Of every service that people sign in to. `country` is what the service itself recorded: a code, or Okta's name."""

_ENTRA_SIGNIN = [
    *_texts("Id", "CorrelationId", "Category", "OperationName", "ResultType", "ResultDescription"),
    *_many("Status"),  # Success, Failure or Interrupted, then what the sign-in's status says beside it
    *_texts("UserPrincipalName", "UserDisplayName", "UserId", "UserType", "AlternateSignInName"),
    *_texts("ServicePrincipalId", "ServicePrincipalName"),
    *_texts("AppDisplayName", "AppId", "ResourceDisplayName", "ResourceIdentity", "ClientAppUsed", "UserAgent"),
    *_texts("IPAddress", "Location", "LocationDetails.city", "LocationDetails.state", "AutonomousSystemNumber"),
    *_texts("HomeTenantId", "ResourceTenantId", "CrossTenantAccessType", "IsInteractive"),
    *_texts("AuthenticationRequirement", "AuthenticationProtocol", "ConditionalAccessStatus", "IncomingTokenType"),
    *_json("AuthenticationDetails", "NetworkLocationDetails"),
    *_texts("DeviceDetail.deviceId", "DeviceDetail.displayName", "DeviceDetail.operatingSystem"),
    *_texts("DeviceDetail.browser", "DeviceDetail.isCompliant", "DeviceDetail.isManaged", "DeviceDetail.trustType"),
    *_texts("RiskState", "RiskDetail", "RiskLevelAggregated", "RiskLevelDuringSignIn"),
    *_many("RiskEventTypes"),
]

_ENTRA_AUDIT = [
    *_texts("Id", "CorrelationId", "Category", "OperationName", "ActivityDisplayName", "OperationType"),
    *_texts("LoggedByService", "Result", "ResultReason"),
    *_json("InitiatedBy"),
    *_texts("InitiatedBy.user.userPrincipalName", "InitiatedBy.user.id", "InitiatedBy.user.ipAddress"),
    *_texts("InitiatedBy.app.displayName", "InitiatedBy.app.servicePrincipalId"),
    *_json("TargetResources"),
    *_many("TargetResources.displayName", "TargetResources.userPrincipalName", "TargetResources.type"),
    *_many("TargetResources.id"),
    *_json("TargetResources.modifiedProperties"),
    *_many("TargetResources.modifiedProperties.displayName", "TargetResources.modifiedProperties.oldValue"),
    *_many("TargetResources.modifiedProperties.newValue"),
    *_json("AdditionalDetails"),
    *_texts("target_user"),
]

_ENTRA_RISK = [
    *_texts("Id", "CorrelationId", "RequestId", "riskEventType", "riskState", "riskLevel", "riskDetail", "riskType"),
    *_texts("detectionSource", "activity", "detectionTimingType", "tokenIssuerType", "ipAddress", "userPrincipalName"),
    *_texts("userDisplayName", "userId", "Location", "LocationDetails.city", "LocationDetails.state"),
    *_json("additionalInfo"),
]

_AZURE_ACTIVITY = [
    *_texts("OperationNameValue", "OperationName", "CategoryValue", "Level", "ActivityStatusValue"),
    *_texts("ActivitySubstatusValue", "ResourceProviderValue", "ResourceId", "ResourceGroup", "SubscriptionId"),
    *_texts("TenantId", "Caller", "CallerIpAddress", "CorrelationId", "EventDataId"),
    *_json("Authorization", "Claims", "HTTPRequest", "Properties"),
]

_M365_AUDIT = [
    *_texts("Id", "RecordType", "Operation", "OrganizationId", "UserType", "UserKey", "UserId", "Workload"),
    *_texts("ResultStatus", "ObjectId", "ClientIP", "Scope", "CorrelationId", "ExternalAccess"),
    # Azure Active Directory and its sign-ins
    *_texts("ApplicationId", "ActorIpAddress", "ErrorNumber", "LogonError", "InterSystemsId", "IntraSystemId"),
    *_texts("RequestType", "UserAgent", "SupportTicketId", "TargetContextId"),
    *_json("Actor", "Target", "ExtendedProperties", "ModifiedProperties", "DeviceProperties"),
    *_many("ModifiedProperties.Name", "ModifiedProperties.NewValue", "ModifiedProperties.OldValue"),
    *_many("Target.ID", "Actor.ID"),
    # Exchange
    *_json("Parameters", "OperationProperties", "Item", "AffectedItems", "Folder", "AppAccessContext"),
    *_texts("OriginatingServer", "MailboxOwnerUPN", "MailboxGuid", "LogonType", "LogonUserSid", "ClientInfoString"),
    *_texts("ClientProcessName", "AppId", "ClientAppId", "SessionId"),
    # SharePoint, OneDrive, Teams
    *_texts("SiteUrl", "SourceRelativeUrl", "SourceFileName", "SourceFileExtension", "DestinationRelativeUrl"),
    *_texts("DestinationFileName", "ItemType", "EventSource", "EventData", "TargetUserOrGroupName"),
    *_texts("TargetUserOrGroupType", "SharingType", "TeamName", "ChannelName"),
    *_json("Members"),
    # Alerts, threat intelligence, eDiscovery
    *_texts("Name", "AlertId", "AlertType", "AlertEntityId", "Severity", "Source", "Category", "Status", "Comments"),
    *_json("Data"),
    *_texts("Directionality", "DeliveryAction", "SenderIp", "P1Sender", "P2Sender", "Subject", "Verdict"),
    *_texts("Cmdlet", "Case"),
]

_OKTA_SYSTEM = [
    *_texts("uuid", "eventType", "legacyEventType", "displayMessage", "severity"),
    *_texts("actor.id", "actor.type", "actor.alternateId", "actor.displayName"),
    *_texts("outcome.result", "outcome.reason"),
    *_json("target"),
    *_many("target.id", "target.type", "target.alternateId", "target.displayName"),
    *_texts("client.ipAddress", "client.zone", "client.device", "client.id"),
    *_texts("client.userAgent.rawUserAgent", "client.userAgent.os", "client.userAgent.browser"),
    *_texts("client.geographicalContext.city", "client.geographicalContext.state"),
    *_texts("client.geographicalContext.country"),
    *_texts("authenticationContext.externalSessionId", "authenticationContext.rootSessionId"),
    *_texts("authenticationContext.authenticationProvider", "authenticationContext.credentialType"),
    *_texts("authenticationContext.credentialProvider", "authenticationContext.interface"),
    *_texts("securityContext.asNumber", "securityContext.asOrg", "securityContext.isp", "securityContext.domain"),
    *_texts("securityContext.isProxy", "transaction.id", "transaction.type"),
    *_json("debugContext.debugData"),
    *_texts("debugContext.debugData.requestUri", "debugContext.debugData.url", "debugContext.debugData.behaviors"),
    *_texts("debugContext.debugData.risk", "debugContext.debugData.logOnlySecurityData"),
    *_texts("debugContext.debugData.threatSuspected", "debugContext.debugData.factor"),
    *_texts("debugContext.debugData.dtHash", "debugContext.debugData.changeDetails"),
]

_GOOGLE_WORKSPACE = [
    *_texts("id.applicationName", "id.uniqueQualifier", "id.customerId", "eventService"),
    *_many("eventName", "eventType"),  # one record may tell several events
    *_texts("actor.email", "actor.profileId", "actor.callerType", "actor.key", "ownerDomain", "ipAddress"),
    *_json("events", "protoPayload.metadata"),
    # Parameters of events by their name in lower case; the others stand in `extra`, in lower case too.
    *_many("setting_name", "old_value", "new_value", "application_name", "application_edition", "org_unit_name"),
    *_many("user_email", "group_email", "role_name", "privilege_name", "domain_name", "email_log_search_recipient"),
    *_many("doc_id", "doc_title", "doc_type", "visibility", "visibility_change", "old_visibility", "owner"),
    *_many("target", "target_domain", "originating_app_id", "destination_folder_title"),
    *_many("login_type", "login_challenge_method", "login_challenge_status", "login_failure_type", "is_suspicious"),
    *_many("is_second_factor", "affected_email_address", "email_forwarding_destination_address"),
    *_many("app_name", "client_id", "client_type", "scope", "method_name", "device_id", "device_type"),
]

_GCP_AUDIT = [
    *_texts("insertId", "logName", "logId", "severity", "resource.type"),
    *_json("resource.labels"),
    *_texts("protoPayload.serviceName", "protoPayload.methodName", "protoPayload.resourceName"),
    *_texts("protoPayload.authenticationInfo.principalEmail", "protoPayload.authenticationInfo.principalSubject"),
    *_texts("protoPayload.authenticationInfo.serviceAccountKeyName"),
    *_texts("protoPayload.requestMetadata.callerIp", "protoPayload.requestMetadata.callerSuppliedUserAgent"),
    *_json("protoPayload.authorizationInfo"),
    *_many("protoPayload.authorizationInfo.permission", "protoPayload.authorizationInfo.granted"),
    *_many("protoPayload.authorizationInfo.resource"),
    *_texts("protoPayload.status.code", "protoPayload.status.message"),
    *_json("protoPayload.request", "protoPayload.response", "protoPayload.metadata", "protoPayload.serviceData"),
    *_texts("operation.id"),
]

_AWS_CLOUDTRAIL = [
    *_texts("eventID", "eventName", "eventSource", "eventType", "eventCategory", "eventVersion", "awsRegion"),
    *_texts("sourceIPAddress", "userAgent", "errorCode", "errorMessage", "requestID", "sharedEventID", "apiVersion"),
    *_texts("readOnly", "managementEvent", "recipientAccountId", "vpcEndpointId"),
    *_json("userIdentity"),
    *_texts("userIdentity.type", "userIdentity.principalId", "userIdentity.arn", "userIdentity.accountId"),
    *_texts("userIdentity.userName", "userIdentity.accessKeyId", "userIdentity.invokedBy"),
    *_texts("userIdentity.sessionContext.sessionIssuer.type", "userIdentity.sessionContext.sessionIssuer.userName"),
    *_texts("userIdentity.sessionContext.sessionIssuer.arn"),
    *_texts("userIdentity.sessionContext.attributes.mfaAuthenticated"),
    *_json("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails", "resources"),
    *_texts("requestParameters.userName", "requestParameters.roleName", "requestParameters.bucketName"),
    *_texts("responseElements.ConsoleLogin", "additionalEventData.MFAUsed"),
]

CLOUD: Final[tuple[tuple[str, str, list[pa.Field[Any]]], ...]] = (
    ("entra.signin", "sign-ins to Microsoft Entra ID, of people and of applications", [*_SIGN_IN, *_ENTRA_SIGNIN]),
    ("entra.audit", "changes in the Microsoft Entra directory: accounts, groups, roles, applications", _ENTRA_AUDIT),
    ("entra.risk", "what Entra ID Protection and Privileged Identity Management warn of", _ENTRA_RISK),
    ("azure.activity", "what was done to Azure resources through Azure Resource Manager", _AZURE_ACTIVITY),
    ("m365.audit", "the unified audit log of Microsoft 365", [*_SIGN_IN, *_M365_AUDIT]),
    ("okta.system", "the Okta System Log", [*_SIGN_IN, *_OKTA_SYSTEM]),
    (
        "google.workspace",
        "activities of Google Workspace: admin, login, Drive, tokens",
        [*_SIGN_IN, *_GOOGLE_WORKSPACE],
    ),
    ("gcp.audit", "Google Cloud audit logs", _GCP_AUDIT),
    ("aws.cloudtrail", "AWS CloudTrail events", [*_SIGN_IN, *_AWS_CLOUDTRAIL]),
)
"""Name, what it holds, and the native fields."""
