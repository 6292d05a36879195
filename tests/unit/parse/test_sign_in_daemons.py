"""What the messages of Dropbear and ProFTPD mean: exactly the columns that each fills."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.parse.support import auth, logon, meaning

MESSAGES = [
    (
        "dropbear",
        "Bad password attempt for 'root' from 203.0.113.9:60588",
        logon(
            "failure",
            user="root",
            source_ip="203.0.113.9",
            source_port=60588,
            auth_method="password",
            failure_reason="bad password",
        ),
    ),
    (
        "dropbear",
        "[825] Jul 10 23:53:52 Bad PAM password attempt for 'a' from 'b' from 203.0.113.9:1",
        logon(
            "failure",
            user="a' from 'b",
            source_ip="203.0.113.9",
            source_port=1,
            auth_method="password",
            failure_reason="bad password",
        ),
    ),
    (
        "dropbear",
        "login attempt for nonexistent user from ::ffff:203.0.113.9:60495",
        logon("failure", source_ip="203.0.113.9", source_port=60495, failure_reason="invalid user"),
    ),
    (
        "dropbear",
        "Pubkey auth succeeded for 'root' with ssh-ed25519 key SHA256:abc from 203.0.113.9:60588",
        logon(
            "success",
            user="root",
            source_ip="203.0.113.9",
            source_port=60588,
            auth_method="publickey",
        ),
    ),
    (
        "dropbear",
        "Exit before auth from <203.0.113.9:52289>: (user 'root', 10 fails): Max auth tries reached - user 'root'",
        auth(action="connection-closed", source_ip="203.0.113.9", source_port=52289),
    ),
    ("dropbear", "Child connection from 203.0.113.9:1", auth()),
    (
        "proftpd",
        "ftp01.city.example (x.example.net[203.0.113.9]) - USER klee (Login failed): Incorrect password.",
        logon(
            "failure",
            user="klee",
            source_ip="203.0.113.9",
            service="ftp",
            failure_reason="authentication failure",
        ),
    ),
    (
        "proftpd",
        "ftp01 (203.0.113.9[203.0.113.9]): USER a: no such user found from 203.0.113.9 [203.0.113.9] to 10.1.2.3:21",
        logon("failure", user="a", source_ip="203.0.113.9", service="ftp", failure_reason="unknown user"),
    ),
    (
        "proftpd",
        "ftp01 (203.0.113.9[203.0.113.9]) - USER klee: Login successful.",
        logon("success", user="klee", source_ip="203.0.113.9", service="ftp"),
    ),
    (
        "proftpd",
        "ftp01 (203.0.113.9[203.0.113.9]) - SECURITY VIOLATION: Root login attempted",
        logon(
            "failure",
            user="root",
            source_ip="203.0.113.9",
            service="ftp",
            failure_reason="authentication failure",
        ),
    ),
    ("proftpd", "ProFTPD 1.3.8 (stable) standalone mode STARTUP", {"dataset": "linux.syslog"}),
]


@pytest.mark.parametrize(("program", "message", "expected"), MESSAGES)
def test_meaning(program: str, message: str, expected: dict[str, Any]) -> None:
    assert meaning(program, message) == expected


@given(
    st.sampled_from(["dropbear", "proftpd"]),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=200),
)
def test_any_text_is_read(program: str, message: str) -> None:
    assert meaning(program, message)["dataset"] in {"linux.auth", "linux.syslog"}
