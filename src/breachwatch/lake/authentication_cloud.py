"""The sign-in attempts of cloud services, as branches of the view `authentication` (which says what counts)."""

from __future__ import annotations

from collections.abc import Collection

APPLICATION = "application"
"""In place of a security identifier: the account is an application's, not a person's."""


def cloud_attempts(filled: Collection[str], passed_on: str) -> list[str]:
    """A SELECT for each cloud dataset that has files; `passed_on` are the columns taken as they are."""
    branches = {
        "entra.signin": _entra(passed_on),
        "m365.audit": _m365(passed_on, beside_entra="entra.signin" in filled),
        "okta.system": _okta(passed_on),
        "google.workspace": _google(passed_on),
        "aws.cloudtrail": _aws(passed_on),
        "onelogin.events": _onelogin(passed_on),
    }
    return [select for dataset, select in branches.items() if dataset in filled]


def _entra(passed_on: str) -> str:
    return f"""
        SELECT {passed_on}, 'entra.signin', "user", NULL,
               CASE WHEN nullif(ServicePrincipalId, '') IS NOT NULL AND nullif(UserPrincipalName, '') IS NULL
                    THEN '{APPLICATION}' END,
               coalesce(nullif(AppDisplayName, ''), nullif(ResourceDisplayName, ''), 'Microsoft Entra ID'),
               auth_method, outcome, failure_reason, session_id, NULL
        FROM entra_signin WHERE action = 'logon'"""


def _m365(passed_on: str, *, beside_entra: bool) -> str:
    # Entra names the request and the chain of requests that Microsoft 365 repeats as IntraSystemId and InterSystemsId.
    # A chain is shared by several sign-ins, so there the account must be the same, too.
    covered = """
        AND NOT EXISTS (SELECT 1 FROM entra_signin AS told WHERE lower(told.Id) = lower(m365_audit.IntraSystemId))
        AND NOT EXISTS (
            SELECT 1 FROM entra_signin AS told
            WHERE lower(told.CorrelationId) = lower(m365_audit.InterSystemsId)
              AND lower(told."user") = lower(m365_audit."user") AND told.outcome = m365_audit.outcome)"""
    return f"""
        SELECT {passed_on}, 'm365.audit', "user", NULL, NULL, 'Microsoft 365', auth_method, outcome, failure_reason,
               session_id, NULL
        FROM m365_audit WHERE action = 'logon' {covered if beside_entra else ""}"""


def _okta(passed_on: str) -> str:
    return f"""
        SELECT {passed_on}, 'okta.system', "user", NULL,
               CASE WHEN "actor.type" IN ('PublicClientApp', 'SystemPrincipal') THEN '{APPLICATION}' END,
               coalesce(program, 'Okta'), auth_method, outcome, failure_reason, session_id, NULL
        FROM okta_system
        WHERE action = 'logon' AND (eventType = 'user.session.start' OR NOT EXISTS (
            SELECT 1 FROM okta_system AS told
            WHERE told.eventType = 'user.session.start' AND told."transaction.id" = okta_system."transaction.id"))"""


def _google(passed_on: str) -> str:
    return f"""
        SELECT {passed_on}, 'google.workspace', "user", NULL, NULL,
               coalesce(split_part(application_name, chr(10), 1), 'Google Workspace'), auth_method, outcome,
               failure_reason, session_id, NULL
        FROM google_workspace WHERE action = 'logon'"""


def _aws(passed_on: str) -> str:
    return f"""
        SELECT {passed_on}, 'aws.cloudtrail', "user", recipientAccountId, NULL, 'AWS console', auth_method, outcome,
               failure_reason, session_id, NULL
        FROM aws_cloudtrail WHERE action = 'logon'"""


def _onelogin(passed_on: str) -> str:
    return f"""
        SELECT {passed_on}, 'onelogin.events', coalesce(user_name, "user"), NULL, NULL, program, NULL, outcome,
               error_description, NULL, NULL
        FROM onelogin_events WHERE action = 'logon'"""
