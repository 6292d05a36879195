# ruff: noqa: DTZ001  (times in the lake are UTC without a zone)
"""Sign-ins to cloud services in the view `authentication`: each attempt once, under one set of names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from breachwatch import lake
from breachwatch.lake import AUTHENTICATION_SCHEMA
from breachwatch.workspace import Workspace
from tests.unit.lake.test_authentication import NOON, attempts


def signin(outcome: str = "failure", **more: Any) -> dict[str, Any]:
    base = {
        "time": NOON,
        "host": None,
        "user": "mira@city.example",
        "source_ip": "203.0.113.9",
        "action": "logon",
        "outcome": outcome,
        "auth_method": "password",
        "failure_reason": "wrong name or password" if outcome == "failure" else None,
        "session_id": "s",
    }
    return base | more


def entra(outcome: str = "failure", **more: Any) -> dict[str, Any]:
    return signin(outcome, **{"Id": "I-1", "CorrelationId": "C-1", "AppDisplayName": "Azure Portal", **more})


def m365(outcome: str = "failure", **more: Any) -> dict[str, Any]:
    return signin(outcome, **{"Operation": "UserLoggedIn", "IntraSystemId": "i-1", "InterSystemsId": "c-1", **more})


def okta(event: str, outcome: str = "failure", **more: Any) -> dict[str, Any]:
    return signin(outcome, **{"eventType": event, "transaction.id": "t", "program": "Okta", **more})


COLUMNS = 'dataset, "user", user_domain, source_ip, host, application, auth_method, outcome, failure_reason, session_id'


def test_every_service_fills_the_same_columns(ws: Workspace) -> None:
    rows = attempts(
        ws,
        COLUMNS,
        entra_signin=[entra()],
        m365_audit=[m365(IntraSystemId="other", InterSystemsId="other")],
        okta_system=[okta("user.session.start")],
        google_workspace=[signin(eventName="login_failure")],
        aws_cloudtrail=[signin(user="mira", recipientAccountId="123456789012")],
    )
    applications = {
        "entra.signin": "Azure Portal",
        "m365.audit": "Microsoft 365",
        "okta.system": "Okta",
        "google.workspace": "Google Workspace",
        "aws.cloudtrail": "AWS console",
    }
    assert {row["dataset"]: row["application"] for row in rows} == applications
    for row in rows:
        domain = "123456789012" if row["dataset"] == "aws.cloudtrail" else "city.example"
        assert (row["user"], row["user_domain"], row["source_ip"], row["host"]) == ("mira", domain, "203.0.113.9", None)
        assert (row["outcome"], row["failure_reason"]) == ("failure", "wrong name or password")
        assert (row["auth_method"], row["session_id"]) == ("password", "s")
    with lake.connect(ws) as con:
        schema = con.sql("SELECT * FROM authentication").to_arrow_table().schema
    assert (schema.names, schema.types) == (AUTHENTICATION_SCHEMA.names, AUTHENTICATION_SCHEMA.types)


REPEATS: list[tuple[dict[str, Any], bool]] = [
    ({}, False),  # the same request
    ({"InterSystemsId": "x"}, False),
    ({"IntraSystemId": "x"}, False),  # the same chain, account and outcome
    ({"IntraSystemId": "x", "user": "MIRA@city.example"}, False),
    ({"IntraSystemId": "x", "user": "jon@city.example"}, True),
    ({"IntraSystemId": "x", "outcome": "success"}, True),
    ({"IntraSystemId": "x", "InterSystemsId": "x"}, True),
    ({"IntraSystemId": None, "InterSystemsId": None}, True),
]


def test_microsoft_365_repeats_what_entra_tells(ws: Workspace) -> None:
    rows = attempts(ws, entra_signin=[entra()], m365_audit=[m365(**told) for told, _ in REPEATS])
    counted = {row["record_number"] - 2 for row in rows if row["dataset"] == "m365.audit"}
    assert counted == {number for number, (_, wanted) in enumerate(REPEATS) if wanted}


def test_microsoft_365_alone_is_counted(ws: Workspace) -> None:
    rows = attempts(ws, m365_audit=[m365(), m365("success", action="session-opened")])
    assert [row["dataset"] for row in rows] == ["m365.audit"]


def test_a_factor_of_a_session_that_starts_is_no_attempt_of_its_own(ws: Workspace) -> None:
    via = "user.authentication.auth_via_mfa"
    rows = attempts(
        ws,
        okta_system=[
            okta("user.session.start", "success"),
            okta(via, "success"),
            okta(via, "failure", **{"transaction.id": "u"}),
            okta(via, "failure", **{"transaction.id": None}),
            okta("user.authentication.sso", "success", action="session-opened"),
        ],
    )
    assert [(row["record_number"], row["outcome"]) for row in rows] == [(1, "success"), (3, "failure"), (4, "failure")]


def test_an_application_is_a_service_account(ws: Workspace) -> None:
    rows = attempts(
        ws,
        entra_signin=[
            entra("success", user="Backup", ServicePrincipalId="p", UserPrincipalName=""),
            entra("success", UserPrincipalName="mira@city.example", ServicePrincipalId=""),
        ],
        okta_system=[okta("user.session.start", user="a", **{"actor.type": "SystemPrincipal"})],
    )
    assert [row["account_kind"] for row in rows] == ["service", "person", "service"]


def test_an_interrupted_sign_in_is_neither_success_nor_failure(ws: Workspace) -> None:
    (row,) = attempts(ws, entra_signin=[entra("unknown", time=datetime(2026, 11, 21, 3, 0))])
    assert (row["outcome"], row["outside_hours"]) == ("unknown", True)
