"""How the audit logs of cloud services are recognised from the first bytes of a file.

A log counts as known where enough of the names that only it has in this company stand in its head. Names are compared
regardless of case: one log comes in several layouts that differ in it.
"""

from __future__ import annotations

import re
from typing import Final

_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*+(?:\[\s*+)?\{")
_NAME = re.compile(rb'"([A-Za-z_@.]{2,40})"\s*:')

_SERVICES: Final = {
    "AWS CloudTrail": (
        4,
        """eventVersion eventSource eventName awsRegion sourceIPAddress userIdentity requestParameters responseElements
        eventTime recipientAccountId requestID""",
    ),
    "Entra sign-ins": (
        4,
        """createdDateTime userPrincipalName appDisplayName clientAppUsed conditionalAccessStatus isInteractive
        riskState deviceDetail correlationId resultType authenticationRequirement""",
    ),
    "Entra directory audits": (
        4,
        """activityDateTime activityDisplayName loggedByService operationType initiatedBy targetResources
        additionalDetails resultReason modifiedProperties""",
    ),
    "Entra risk detections": (
        3,
        "riskEventType riskState riskLevel detectionTimingType riskDetail activityDateTime detectedDateTime",
    ),
    "Azure diagnostic settings": (
        5,
        """time resourceId operationName category resultType resultSignature callerIpAddress correlationId durationMs
        tenantId properties operationVersion""",
    ),
    "Azure activity": (
        4,
        """authorization caller claims eventDataId event_data_id operation_name resourceGroupName resource_group_name
        eventTimestamp event_timestamp subscriptionId subscription_id httpRequest http_request operationNameValue
        activityStatusValue categoryValue resourceProviderValue callerIpAddress""",
    ),
    "Microsoft 365": (
        4,
        """CreationTime Operation OrganizationId RecordType UserKey UserType Workload ResultStatus ObjectId ClientIP
        UserId AuditData CreationDate UserIds Operations OfficeWorkload""",
    ),
    "Okta": (
        4,
        """actor eventType published displayMessage legacyEventType outcome securityContext debugContext
        authenticationContext uuid alternateId""",
    ),
    "Google Workspace": (
        4,
        "uniqueQualifier applicationName customerId profileId callerType ownerDomain parameters events etag",
    ),
    "Duo": (3, "access_device auth_device factor txid isotimestamp integration new_enrollment ood_software"),
    "GitHub": (4, "actor action created_at org repo actor_ip actor_location operation_type _document_id actor_id"),
    "Bitbucket": (2, "auditType affectedObjects changedValues extraAttributes"),
    "OneLogin": (3, "event_type_id actor_user_id actor_user_name user_name account_id ipaddr actor_system"),
    "Kubernetes": (
        4,
        "auditID verb objectRef requestURI requestReceivedTimestamp stageTimestamp sourceIPs responseStatus",
    ),
    "Google Cloud": (
        3,
        "protoPayload insertId logName receiveTimestamp serviceName methodName authenticationInfo",
    ),
}
"""How many of which names make a service's log."""

_SIGNS: Final = tuple((enough, frozenset(names.lower().encode().split())) for enough, names in _SERVICES.values())


def is_cloud_json(head: bytes) -> bool:
    """Whether the head of a file is that of a cloud service's audit log as JSON."""
    head = _narrow(head)
    if not _BEGIN.match(head):
        return False
    found = {name.lower() for name in _NAME.findall(head)}
    return any(len(found & names) >= enough for enough, names in _SIGNS)


def _narrow(head: bytes) -> bytes:
    """The head in UTF-8; PowerShell 5 writes UTF-16."""
    return head.decode("utf-16", "ignore").encode() if head.startswith((b"\xff\xfe", b"\xfe\xff")) else head


def is_cloud_csv(head: bytes) -> bool:
    """Whether the first line is the heading of an export of the unified audit log."""
    heading = _narrow(head).removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]
    names = {cell.strip(b' "\r') for cell in re.split(rb"[,;\t]", heading)}
    return b"AuditData" in names and b"CreationDate" in names
