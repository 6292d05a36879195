"""What the messages of sshd and PAM mean: exactly the columns that each fills."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.parse.support import auth, logon, meaning

SSHD = [
    (
        "Accepted publickey for jmeyer from 203.0.113.9 port 40022 ssh2: ED25519 SHA256:abcDEF",
        logon("success", user="jmeyer", source_ip="203.0.113.9", source_port=40022, auth_method="publickey"),
    ),
    (
        "Accepted keyboard-interactive/pam for jmeyer from ::ffff:203.0.113.9 port 40022 ssh2",
        logon("success", user="jmeyer", source_ip="203.0.113.9", source_port=40022, auth_method="keyboard-interactive"),
    ),
    (
        "Accepted gssapi-with-mic for CITY\\first last from 2001:DB8::1 port 40022 ssh2",
        logon("success", user="CITY\\first last", source_ip="2001:db8::1", source_port=40022, auth_method="gssapi"),
    ),
    (
        "Failed password for root from 203.0.113.9 port 1 ssh2",
        logon(
            "failure",
            user="root",
            source_ip="203.0.113.9",
            source_port=1,
            auth_method="password",
            failure_reason="bad password",
        ),
    ),
    (
        "Failed password for invalid user  from 203.0.113.9 port 1 ssh2",
        logon(
            "failure",
            source_ip="203.0.113.9",
            source_port=1,
            auth_method="password",
            failure_reason="invalid user",
        ),
    ),
    (
        "Failed password for invalid user root from 10.0.0.1 port 7 ssh2 from 203.0.113.9 port 1 ssh2",
        logon(
            "failure",
            user="root from 10.0.0.1 port 7 ssh2",
            source_ip="203.0.113.9",
            source_port=1,
            auth_method="password",
            failure_reason="invalid user",
        ),
    ),
    (
        "Failed none for invalid user admin from 203.0.113.9 port 1 ssh2",
        auth(
            outcome="failure",
            user="admin",
            source_ip="203.0.113.9",
            source_port=1,
            auth_method="none",
            failure_reason="invalid user",
        ),
    ),
    (
        "Failed publickey for jmeyer from 203.0.113.9 port 1 ssh2: RSA SHA256:abc",
        logon("failure", user="jmeyer", source_ip="203.0.113.9", source_port=1, auth_method="publickey"),
    ),
    (
        "Postponed keyboard-interactive for jmeyer from 203.0.113.9 port 1 ssh2 [preauth]",
        auth(user="jmeyer", source_ip="203.0.113.9", source_port=1, auth_method="keyboard-interactive"),
    ),
    (
        "Invalid user admin from 203.0.113.9 port 5",
        auth(outcome="failure", failure_reason="invalid user", user="admin", source_ip="203.0.113.9", source_port=5),
    ),
    ("Invalid user  from 203.0.113.9", auth(outcome="failure", failure_reason="invalid user", source_ip="203.0.113.9")),
    (
        "input_userauth_request: invalid user admin [preauth]",
        auth(outcome="failure", failure_reason="invalid user", user="admin"),
    ),
    (
        "Connection closed by 203.0.113.9 port 5 [preauth]",
        auth(action="connection-closed", source_ip="203.0.113.9", source_port=5),
    ),
    (
        "Connection reset by authenticating user root 203.0.113.9 port 5 [preauth]",
        auth(action="connection-closed", user="root", source_ip="203.0.113.9", source_port=5),
    ),
    (
        "Connection closed by invalid user admin 203.0.113.9 port 5 [preauth]",
        auth(
            action="connection-closed",
            user="admin",
            failure_reason="invalid user",
            source_ip="203.0.113.9",
            source_port=5,
        ),
    ),
    (
        "Disconnected from user jmeyer 203.0.113.9 port 5",
        auth(action="connection-closed", user="jmeyer", source_ip="203.0.113.9", source_port=5),
    ),
    (
        "Disconnecting invalid user x 203.0.113.9 port 5: Too many authentication failures [preauth]",
        auth(
            action="connection-closed",
            outcome="failure",
            user="x",
            failure_reason="too many authentication failures",
            source_ip="203.0.113.9",
            source_port=5,
        ),
    ),
    (
        "Disconnecting: Too many authentication failures for root [preauth]",
        auth(
            action="connection-closed",
            outcome="failure",
            user="root",
            failure_reason="too many authentication failures",
        ),
    ),
    (
        "Received disconnect from 203.0.113.9 port 5:11: disconnected by user",
        auth(action="connection-closed", source_ip="203.0.113.9", source_port=5),
    ),
    (
        "Received disconnect from 203.0.113.9: 11: Bye Bye [preauth]",
        auth(action="connection-closed", source_ip="203.0.113.9"),
    ),
    (
        "error: maximum authentication attempts exceeded for invalid user admin from 203.0.113.9 port 5 ssh2 [preauth]",
        auth(
            action="connection-closed",
            outcome="failure",
            user="admin",
            failure_reason="too many authentication failures",
            source_ip="203.0.113.9",
            source_port=5,
        ),
    ),
    (
        "Did not receive identification string from 203.0.113.9 port 5",
        auth(action="connection", outcome="failure", source_ip="203.0.113.9", source_port=5),
    ),
    (
        "Bad protocol version identification 'GET / HTTP/1.1' from 203.0.113.9 port 38906",
        auth(action="connection", outcome="failure", source_ip="203.0.113.9", source_port=38906),
    ),
    (
        "banner exchange: Connection from 203.0.113.9 port 5: invalid format",
        auth(action="connection", outcome="failure", source_ip="203.0.113.9", source_port=5),
    ),
    (
        "fatal: Unable to negotiate with 203.0.113.9 port 5: no matching cipher found. Their offer: 3des-cbc [preauth]",
        auth(action="connection", outcome="failure", source_ip="203.0.113.9", source_port=5),
    ),
    (
        "Connection from 203.0.113.9 port 5 on 10.0.0.4 port 22",
        auth(action="connection", source_ip="203.0.113.9", source_port=5),
    ),
    (
        "User jmeyer from 203.0.113.9 not allowed because not listed in AllowUsers",
        auth(outcome="failure", failure_reason="not listed in AllowUsers", user="jmeyer", source_ip="203.0.113.9"),
    ),
    (
        "PAM 5 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=root",
        auth(
            outcome="failure",
            failure_reason="authentication failure",
            auth_method="pam",
            service="sshd",
            user="root",
            source_ip="203.0.113.9",
        ),
    ),
    ("Server listening on 0.0.0.0 port 22.", auth(action="service-started")),
    ("some wording of a later version", auth()),
    (
        "message repeated 5 times: [ Failed password for root from 203.0.113.9 port 8531 ssh2]",
        logon(
            "failure",
            user="root",
            source_ip="203.0.113.9",
            source_port=8531,
            repeat_count=5,
            auth_method="password",
            failure_reason="bad password",
        ),
    ),
]

PAM = [
    (
        "sshd",
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=jmeyer",  # noqa: E501
        auth(
            outcome="failure",
            failure_reason="authentication failure",
            auth_method="pam",
            uid=0,
            service="sshd",
            user="jmeyer",
            source_ip="203.0.113.9",
            tty="ssh",
        ),
    ),
    (
        "gdm-password]",
        "pam_unix(gdm-password:auth): authentication failure; logname= uid=0 euid=0 tty=/dev/tty1 ruser= rhost=  user=jmeyer",  # noqa: E501
        logon(
            "failure",
            failure_reason="authentication failure",
            auth_method="pam",
            uid=0,
            service="gdm-password",
            user="jmeyer",
            tty="/dev/tty1",
        ),
    ),
    (
        "vsftpd",
        "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=web rhost=::ffff:203.0.113.9",  # noqa: E501
        logon(
            "failure",
            failure_reason="authentication failure",
            auth_method="pam",
            uid=0,
            service="vsftpd",
            user="web",
            tty="ftp",
            source_ip="203.0.113.9",
        ),
    ),
    (
        "sshd",
        "pam_unix(sshd:session): session opened for user jmeyer(uid=1001) by (uid=0)",
        auth(action="session-opened", outcome="success", service="sshd", user="jmeyer", uid=1001),
    ),
    (
        "sshd",
        "pam_unix(sshd:session): session closed for user jmeyer",
        auth(action="session-closed", service="sshd", user="jmeyer"),
    ),
    (
        "sudo",
        "pam_unix(sudo:session): session opened for user root by jmeyer(uid=1001)",
        auth(
            action="session-opened",
            outcome="success",
            service="sudo",
            user="jmeyer",
            target_user="root",
            uid=1001,
        ),
    ),
    (
        "sudo",
        "pam_unix(sudo:session): session closed for user root",
        auth(action="session-closed", service="sudo", target_user="root"),
    ),
    (
        "login",
        "pam_unix(login:session): session opened for user jmeyer(uid=1001) by LOGIN(uid=0)",
        logon("success", service="login", user="jmeyer", uid=1001, auth_method="pam"),
    ),
    (
        "sshd",
        "pam_unix(sshd:auth): check pass; user unknown",
        auth(outcome="failure", failure_reason="invalid user", service="sshd", auth_method="pam"),
    ),
    (
        "sudo",
        "pam_unix(sudo:auth): authentication failure; logname=jmeyer uid=1001 euid=0 tty=/dev/pts/0 ruser=jmeyer rhost=  user=jmeyer",  # noqa: E501
        auth(
            outcome="failure",
            failure_reason="authentication failure",
            auth_method="pam",
            uid=1001,
            service="sudo",
            user="jmeyer",
            tty="/dev/pts/0",
        ),
    ),
    (
        "su",
        "pam_unix(su:auth): authentication failure; logname=jmeyer uid=1001 euid=0 tty=/dev/pts/0 ruser=jmeyer rhost=  user=root",  # noqa: E501
        auth(
            outcome="failure",
            failure_reason="authentication failure",
            auth_method="pam",
            uid=1001,
            service="su",
            user="jmeyer",
            target_user="root",
            tty="/dev/pts/0",
        ),
    ),
    (
        "sshd",
        "pam_unix(sshd:account): account temp01 has expired (account expired)",
        auth(outcome="failure", failure_reason="expired", service="sshd", user="temp01"),
    ),
    (
        "passwd",
        "pam_unix(passwd:chauthtok): password changed for jmeyer",
        auth(action="password-changed", outcome="success", service="passwd", target_user="jmeyer"),
    ),
    (
        "sshd",
        "pam_faillock(sshd:auth): Consecutive login failures for user jmeyer account temporarily locked",
        auth(action="user-locked-out", service="sshd", target_user="jmeyer"),
    ),
    (
        "sshd(pam_unix)",
        "session opened for user jmeyer by (uid=0)",
        auth(action="session-opened", outcome="success", service="sshd", user="jmeyer"),
    ),
    ("sshd", "pam_systemd(sshd:session): Cannot create session: Already running in a session", auth(service="sshd")),
]


@pytest.mark.parametrize(
    ("program", "text", "expected"),
    [*(("sshd", text, expected) for text, expected in SSHD), *PAM],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_meaning(program: str, text: str, expected: dict[str, Any]) -> None:
    assert meaning(program, text) == expected
