"""What the messages of cron, logind, firewalls, VPN and mail servers mean: exactly the columns that each fills."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.parse.support import auth, logon, meaning

SERVICES = [
    (
        "CRON",
        "(root) CMD (  cd / && run-parts --report /etc/cron.hourly)",
        {
            "dataset": "linux.cron",
            "action": "scheduled-job-run",
            "user": "root",
            "command": "  cd / && run-parts --report /etc/cron.hourly",
        },
    ),
    (
        "crontab",
        "(jmeyer) REPLACE (jmeyer)",
        {"dataset": "linux.cron", "action": "scheduled-task-created", "outcome": "success", "user": "jmeyer"},
    ),
    ("crontab", "(jmeyer) BEGIN EDIT (jmeyer)", {"dataset": "linux.cron", "user": "jmeyer"}),
    (
        "/USR/SBIN/CRON",
        "(root) CMD (true)",
        {"dataset": "linux.cron", "action": "scheduled-job-run", "user": "root", "command": "true"},
    ),
    (
        "systemd-logind",
        "New session 389 of user jmeyer.",
        auth(action="session-opened", outcome="success", session_id="389", user="jmeyer"),
    ),
    (
        "systemd-logind",
        "New session 'c2' of user 'jmeyer' with class 'user' and type 'tty'.",
        auth(action="session-opened", outcome="success", session_id="c2", user="jmeyer"),
    ),
    ("systemd-logind", "Removed session 389.", auth(action="session-closed", session_id="389")),
    (
        "pkexec",
        "jmeyer: Executing command [USER=root] [TTY=unknown] [CWD=/home/jmeyer] [COMMAND=/usr/bin/id]",
        auth(
            action="privilege-used",
            outcome="success",
            user="jmeyer",
            target_user="root",
            tty="unknown",
            working_directory="/home/jmeyer",
            command="/usr/bin/id",
        ),
    ),
    (
        "polkitd",
        (
            "Operator of unix-session:2 FAILED to authenticate to gain authorization for action org.freedesktop.packagekit"  # noqa: E501
            " for unix-process:11:22 [gdbus] (owned by unix-user:jmeyer)"
        ),
        auth(action="privilege-used", outcome="failure", user="jmeyer"),
    ),
    ("login", "LOGIN ON tty1 BY jmeyer", auth(outcome="success", user="jmeyer", tty="tty1")),
    (
        "login",
        "FAILED LOGIN (2) on '/dev/tty1' FOR 'jmeyer', Authentication failure",
        auth(outcome="failure", failure_reason="Authentication failure", user="jmeyer", tty="/dev/tty1"),
    ),
    (
        "kernel",
        (
            "[ 4711.123456] [UFW BLOCK] IN=eth0 OUT= MAC=00:11 SRC=203.0.113.9 DST=10.0.0.4 LEN=40 TTL=240 ID=1 PROTO=TCP"  # noqa: E501
            " SPT=40022 DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0 "
        ),
        {
            "dataset": "network.firewall",
            "action": "connection-blocked",
            "rule": "UFW BLOCK",
            "interface_in": "eth0",
            "source_ip": "203.0.113.9",
            "source_port": 40022,
            "destination_ip": "10.0.0.4",
            "destination_port": 22,
            "protocol": "tcp",
            "tcp_flags": "SYN",
        },
    ),
    ("kernel", "[    0.000000] Linux version 6.1.0", {"dataset": "linux.syslog"}),
    (
        "ovpn-server",
        "203.0.113.9:51234 [jmeyer] Peer Connection Initiated with [AF_INET]203.0.113.9:51234",
        {
            "dataset": "network.vpn",
            "action": "logon",
            "outcome": "success",
            "user": "jmeyer",
            "source_ip": "203.0.113.9",
            "source_port": 51234,
        },
    ),
    (
        "openvpn",
        "jmeyer/203.0.113.9:51234 MULTI: primary virtual IP for jmeyer/203.0.113.9:51234: 10.8.0.6",
        {
            "dataset": "network.vpn",
            "action": "session-opened",
            "user": "jmeyer",
            "assigned_ip": "10.8.0.6",
            "source_ip": "203.0.113.9",
            "source_port": 51234,
        },
    ),
    (
        "openvpn",
        "203.0.113.9:51234 TLS Auth Error: Auth Username/Password verification failed for peer",
        {
            "dataset": "network.vpn",
            "action": "logon",
            "outcome": "failure",
            "auth_method": "password",
            "failure_reason": "bad password",
            "source_ip": "203.0.113.9",
            "source_port": 51234,
        },
    ),
    (
        "charon",
        "06[IKE] IKE_SA city[3] established between 198.51.100.1[gw.city.example]...203.0.113.9[jmeyer]",
        {
            "dataset": "network.vpn",
            "action": "logon",
            "outcome": "success",
            "user": "jmeyer",
            "source_ip": "203.0.113.9",
            "session_id": "city[3]",
        },
    ),
    (
        "pppd",
        "CHAP peer authentication succeeded for jmeyer",
        {"dataset": "network.vpn", "action": "logon", "outcome": "success", "user": "jmeyer", "auth_method": "chap"},
    ),
    (
        "dovecot",
        "imap-login: Login: user=<jmeyer>, method=PLAIN, rip=203.0.113.9, lip=10.0.0.4, mpid=77, TLS, session=<x>",
        logon("success", service="imap", auth_method="plain", user="jmeyer", source_ip="203.0.113.9"),
    ),
    (
        "dovecot",
        (
            "imap-login: Disconnected: Connection closed (auth failed, 3 attempts in 16 secs): user=<jmeyer>, method=PLAIN,"  # noqa: E501
            " rip=203.0.113.9, lip=10.0.0.4"
        ),
        logon(
            "failure",
            service="imap",
            auth_method="plain",
            user="jmeyer",
            source_ip="203.0.113.9",
            failure_reason="authentication failure",
            repeat_count=3,
        ),
    ),
    (
        "postfix/smtpd",
        "warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=jmeyer@city.example",  # noqa: E501
        logon(
            "failure",
            service="smtp",
            auth_method="login",
            user="jmeyer@city.example",
            source_ip="203.0.113.9",
            failure_reason="authentication failure",
        ),
    ),
    (
        "postfix/submission/smtpd",
        "4F1A2: client=mail.example[203.0.113.9], sasl_method=PLAIN, sasl_username=jmeyer",
        logon("success", service="smtp", auth_method="plain", user="jmeyer", source_ip="203.0.113.9"),
    ),
    (
        "vsftpd",
        '[jmeyer] OK LOGIN: Client "::ffff:203.0.113.9"',
        logon("success", service="ftp", user="jmeyer", source_ip="203.0.113.9"),
    ),
    ("nginx", "Failed password for root from 203.0.113.9 port 1 ssh2", {"dataset": "linux.syslog"}),
]


@pytest.mark.parametrize(
    ("program", "text", "expected"), SERVICES, ids=lambda value: value[:60] if isinstance(value, str) else ""
)
def test_meaning(program: str, text: str, expected: dict[str, Any]) -> None:
    assert meaning(program, text) == expected
