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


def texts(*names: str) -> list[pa.Field[Any]]:
    """Columns that hold one text."""
    return [pa.field(name, pa.string()) for name in names]


def many_texts(*names: str) -> list[pa.Field[Any]]:
    """Columns that hold the values of a list, one a line."""
    return [pa.field(name, pa.string(), metadata={MANY: b"values of a list, one a line"}) for name in names]


def json_texts(*names: str) -> list[pa.Field[Any]]:
    """Columns that hold an object or list as JSON."""
    return [pa.field(name, pa.string(), metadata={JSON: b"an object or list as JSON"}) for name in names]


_SIGN_IN = texts("auth_method", "failure_reason", "target_user", "session_id", "country")
"""Of every service that people sign in to. `country` is what the service itself recorded: a code, or Okta's name."""

_ENTRA_SIGNIN = [
    *texts("Id", "CorrelationId", "Category", "OperationName", "ResultType", "ResultDescription"),
    *many_texts("Status"),  # Success, Failure or Interrupted, then what the sign-in's status says beside it
    *texts("UserPrincipalName", "UserDisplayName", "UserId", "UserType", "AlternateSignInName"),
    *texts("ServicePrincipalId", "ServicePrincipalName"),
    *texts("AppDisplayName", "AppId", "ResourceDisplayName", "ResourceIdentity", "ClientAppUsed", "UserAgent"),
    *texts("IPAddress", "Location", "LocationDetails.city", "LocationDetails.state", "AutonomousSystemNumber"),
    *texts("HomeTenantId", "ResourceTenantId", "CrossTenantAccessType", "IsInteractive"),
    *texts("AuthenticationRequirement", "AuthenticationProtocol", "ConditionalAccessStatus", "IncomingTokenType"),
    *json_texts("AuthenticationDetails", "NetworkLocationDetails"),
    *texts("DeviceDetail.deviceId", "DeviceDetail.displayName", "DeviceDetail.operatingSystem"),
    *texts("DeviceDetail.browser", "DeviceDetail.isCompliant", "DeviceDetail.isManaged", "DeviceDetail.trustType"),
    *texts("RiskState", "RiskDetail", "RiskLevelAggregated", "RiskLevelDuringSignIn"),
    *many_texts("RiskEventTypes"),
]

_ENTRA_AUDIT = [
    *texts("Id", "CorrelationId", "Category", "OperationName", "ActivityDisplayName", "OperationType"),
    *texts("LoggedByService", "Result", "ResultReason"),
    *json_texts("InitiatedBy"),
    *texts("InitiatedBy.user.userPrincipalName", "InitiatedBy.user.id", "InitiatedBy.user.ipAddress"),
    *texts("InitiatedBy.app.displayName", "InitiatedBy.app.servicePrincipalId"),
    *json_texts("TargetResources"),
    *many_texts("TargetResources.displayName", "TargetResources.userPrincipalName", "TargetResources.type"),
    *many_texts("TargetResources.id"),
    *json_texts("TargetResources.modifiedProperties"),
    *many_texts("TargetResources.modifiedProperties.displayName", "TargetResources.modifiedProperties.oldValue"),
    *many_texts("TargetResources.modifiedProperties.newValue"),
    *json_texts("AdditionalDetails"),
    *texts("target_user"),
]

_ENTRA_RISK = [
    *texts("Id", "CorrelationId", "RequestId", "riskEventType", "riskState", "riskLevel", "riskDetail", "riskType"),
    *texts("detectionSource", "activity", "detectionTimingType", "tokenIssuerType", "ipAddress", "userPrincipalName"),
    *texts("userDisplayName", "userId", "Location", "LocationDetails.city", "LocationDetails.state"),
    *json_texts("additionalInfo"),
]

_AZURE_ACTIVITY = [
    *texts("OperationNameValue", "OperationName", "CategoryValue", "Level", "ActivityStatusValue"),
    *texts("ActivitySubstatusValue", "ResourceProviderValue", "ResourceId", "ResourceGroup", "SubscriptionId"),
    *texts("TenantId", "Caller", "CallerIpAddress", "CorrelationId", "EventDataId"),
    *json_texts("Authorization", "Claims", "HTTPRequest", "Properties"),
]

_M365_AUDIT = [
    *texts("Id", "RecordType", "Operation", "OrganizationId", "UserType", "UserKey", "UserId", "Workload"),
    *texts("ResultStatus", "ObjectId", "ClientIP", "Scope", "CorrelationId", "ExternalAccess"),
    # Azure Active Directory and its sign-ins
    *texts("ApplicationId", "ActorIpAddress", "ErrorNumber", "LogonError", "InterSystemsId", "IntraSystemId"),
    *texts("RequestType", "UserAgent", "SupportTicketId", "TargetContextId"),
    *json_texts("Actor", "Target", "ExtendedProperties", "ModifiedProperties", "DeviceProperties"),
    *many_texts("ModifiedProperties.Name", "ModifiedProperties.NewValue", "ModifiedProperties.OldValue"),
    *many_texts("Target.ID", "Actor.ID"),
    # Exchange
    *json_texts("Parameters", "OperationProperties", "Item", "AffectedItems", "Folder", "AppAccessContext"),
    *texts("OriginatingServer", "MailboxOwnerUPN", "MailboxGuid", "LogonType", "LogonUserSid", "ClientInfoString"),
    *texts("ClientProcessName", "AppId", "ClientAppId", "SessionId"),
    # SharePoint, OneDrive, Teams
    *texts("SiteUrl", "SourceRelativeUrl", "SourceFileName", "SourceFileExtension", "DestinationRelativeUrl"),
    *texts("DestinationFileName", "ItemType", "EventSource", "EventData", "TargetUserOrGroupName"),
    *texts("TargetUserOrGroupType", "SharingType", "TeamName", "ChannelName"),
    *json_texts("Members"),
    # Alerts, threat intelligence, eDiscovery
    *texts("Name", "AlertId", "AlertType", "AlertEntityId", "Severity", "Source", "Category", "Status", "Comments"),
    *json_texts("Data"),
    *texts("Directionality", "DeliveryAction", "SenderIp", "P1Sender", "P2Sender", "Subject", "Verdict"),
    *texts("Cmdlet", "Case"),
]

_OKTA_SYSTEM = [
    *texts("uuid", "eventType", "legacyEventType", "displayMessage", "severity"),
    *texts("actor.id", "actor.type", "actor.alternateId", "actor.displayName"),
    *texts("outcome.result", "outcome.reason"),
    *json_texts("target"),
    *many_texts("target.id", "target.type", "target.alternateId", "target.displayName"),
    *texts("client.ipAddress", "client.zone", "client.device", "client.id"),
    *texts("client.userAgent.rawUserAgent", "client.userAgent.os", "client.userAgent.browser"),
    *texts("client.geographicalContext.city", "client.geographicalContext.state"),
    *texts("client.geographicalContext.country"),
    *texts("authenticationContext.externalSessionId", "authenticationContext.rootSessionId"),
    *texts("authenticationContext.authenticationProvider", "authenticationContext.credentialType"),
    *texts("authenticationContext.credentialProvider", "authenticationContext.interface"),
    *texts("securityContext.asNumber", "securityContext.asOrg", "securityContext.isp", "securityContext.domain"),
    *texts("securityContext.isProxy", "transaction.id", "transaction.type"),
    *json_texts("debugContext.debugData"),
    *texts("debugContext.debugData.requestUri", "debugContext.debugData.url", "debugContext.debugData.behaviors"),
    *texts("debugContext.debugData.risk", "debugContext.debugData.logOnlySecurityData"),
    *texts("debugContext.debugData.threatSuspected", "debugContext.debugData.factor"),
    *texts("debugContext.debugData.dtHash", "debugContext.debugData.changeDetails"),
]

_GOOGLE_WORKSPACE = [
    *texts("id.applicationName", "id.uniqueQualifier", "id.customerId", "eventService"),
    *many_texts("eventName", "eventType"),  # one record may tell several events
    *texts("actor.email", "actor.profileId", "actor.callerType", "actor.key", "ownerDomain", "ipAddress"),
    *json_texts("events", "protoPayload.metadata"),
    # Parameters of events by their name in lower case; the others stand in `extra`, in lower case too.
    *many_texts("setting_name", "old_value", "new_value", "application_name", "application_edition", "org_unit_name"),
    *many_texts(
        "user_email", "group_email", "role_name", "privilege_name", "domain_name", "email_log_search_recipient"
    ),
    *many_texts("doc_id", "doc_title", "doc_type", "visibility", "visibility_change", "old_visibility", "owner"),
    *many_texts("target", "target_domain", "originating_app_id", "destination_folder_title"),
    *many_texts(
        "login_type", "login_challenge_method", "login_challenge_status", "login_failure_type", "is_suspicious"
    ),
    *many_texts("is_second_factor", "affected_email_address", "email_forwarding_destination_address"),
    *many_texts("app_name", "client_id", "client_type", "scope", "method_name", "device_id", "device_type"),
]

_GCP_AUDIT = [
    *texts("insertId", "logName", "logId", "severity", "resource.type"),
    *json_texts("resource.labels"),
    *texts("protoPayload.serviceName", "protoPayload.methodName", "protoPayload.resourceName"),
    *texts("protoPayload.authenticationInfo.principalEmail", "protoPayload.authenticationInfo.principalSubject"),
    *texts("protoPayload.authenticationInfo.serviceAccountKeyName"),
    *texts("protoPayload.requestMetadata.callerIp", "protoPayload.requestMetadata.callerSuppliedUserAgent"),
    *json_texts("protoPayload.authorizationInfo"),
    *many_texts("protoPayload.authorizationInfo.permission", "protoPayload.authorizationInfo.granted"),
    *many_texts("protoPayload.authorizationInfo.resource"),
    *texts("protoPayload.status.code", "protoPayload.status.message"),
    *json_texts("protoPayload.request", "protoPayload.response", "protoPayload.metadata", "protoPayload.serviceData"),
    *texts("operation.id"),
]

_AWS_CLOUDTRAIL = [
    *texts("eventID", "eventName", "eventSource", "eventType", "eventCategory", "eventVersion", "awsRegion"),
    *texts("sourceIPAddress", "userAgent", "errorCode", "errorMessage", "requestID", "sharedEventID", "apiVersion"),
    *texts("readOnly", "managementEvent", "recipientAccountId", "vpcEndpointId"),
    *json_texts("userIdentity"),
    *texts("userIdentity.type", "userIdentity.principalId", "userIdentity.arn", "userIdentity.accountId"),
    *texts("userIdentity.userName", "userIdentity.accessKeyId", "userIdentity.invokedBy"),
    *texts("userIdentity.sessionContext.sessionIssuer.type", "userIdentity.sessionContext.sessionIssuer.userName"),
    *texts("userIdentity.sessionContext.sessionIssuer.arn"),
    *texts("userIdentity.sessionContext.attributes.mfaAuthenticated"),
    *json_texts("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails", "resources"),
    *texts("requestParameters.userName", "requestParameters.roleName", "requestParameters.bucketName"),
    *texts("responseElements.ConsoleLogin", "additionalEventData.MFAUsed"),
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
