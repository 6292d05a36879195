"""Firewalls, VPN gateways, routers and switches: which dataset, which deed, who, from where."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from breachwatch.model.formats import recognise
from breachwatch.parse.programs import read_message
from tests.unit.parse.support import one_event, parsed


def device(line: str, **segment: Any) -> dict[str, Any]:
    return one_event("syslog", line.encode() + b"\n", **segment)


def asa(text: str) -> dict[str, Any]:
    event = device(f"<166>Nov 22 04:15:00 asa01 %ASA-{text}")
    assert (event["host"], event["vendor"], event["program"]) == ("asa01", "cisco", "asa")
    assert event["message"] == f"%ASA-{text}"
    return event


def check(event: dict[str, Any], expected: dict[str, Any]) -> None:
    assert {name: event.get(name) for name in expected} == expected


FIREWALL = {"dataset": "network.firewall"}
VPN = {"dataset": "network.vpn"}
DEVICE = {"dataset": "network.device"}
BLOCKED = {**FIREWALL, "action": "connection-blocked"}
ALLOWED = {**FIREWALL, "action": "connection-allowed"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "6-302013: Built inbound TCP connection 7 for outside:203.0.113.9/4020 (203.0.113.9/4020)(LOCAL\\jmeyer) to "  # noqa: E501
                "inside:10.0.0.4/443 (198.51.100.4/443) (jmeyer)"
            ),
            {
                **ALLOWED,
                "source_ip": "203.0.113.9",
                "source_port": 4020,
                "destination_ip": "10.0.0.4",
                "session_id": "7",
            },
        ),
        (
            (
                "6-302013: Built outbound TCP connection 9 for outside:203.0.113.9/22 (203.0.113.9/22) to "
                "inside:10.1.1.2/53496 (10.1.1.2/53496)"
            ),
            {**ALLOWED, "source_ip": "10.1.1.2", "destination_ip": "203.0.113.9", "destination_port": 22},
        ),
        (
            (
                "6-302014: Teardown TCP connection 7 for outside:203.0.113.9/4020 to inside:10.0.0.4/443 duration 0:00:31 "  # noqa: E501
                "bytes 10128 TCP FINs"
            ),
            {**FIREWALL, "action": "connection-closed", "reason": "TCP FINs", "interface_in": "outside"},
        ),
        (
            "6-302020: Built inbound ICMP connection for faddr 203.0.113.9/0 gaddr 10.0.0.4/1 laddr 10.0.0.4/1",
            {**ALLOWED, "protocol": "icmp", "source_ip": "203.0.113.9", "destination_ip": "10.0.0.4"},
        ),
        (
            '4-106023: Deny tcp src outside:203.0.113.9/4020 dst inside:10.0.0.4/3389 by access-group "outside_in" [0x0, 0x0]',  # noqa: E501
            {**BLOCKED, "rule": "outside_in", "destination_port": 3389, "protocol": "tcp"},
        ),
        (
            "6-106015: Deny TCP (no connection) from 203.0.113.9/80 to 10.0.0.4/45019 flags SYN ACK  on interface outside",  # noqa: E501
            {**BLOCKED, "tcp_flags": "SYN,ACK", "interface_in": "outside", "source_port": 80},
        ),
        (
            "2-106001: Inbound TCP connection denied from 2001:db8::9/80 to 2001:db8::4/22 flags SYN  on interface outside",  # noqa: E501
            {**BLOCKED, "source_ip": "2001:db8::9", "destination_ip": "2001:db8::4", "destination_port": 22},
        ),
        ("3-106010: Deny inbound protocol 47 src outside:203.0.113.9 dst outside:198.51.100.4", {**BLOCKED}),
        (
            "4-106100: access-list inside_out denied tcp inside/10.0.0.4(4020) -> outside/203.0.113.9(23) hit-cnt 1 first",  # noqa: E501
            {**BLOCKED, "rule": "inside_out", "destination_ip": "203.0.113.9", "destination_port": 23},
        ),
        (
            "6-113039: Group <Staff> User <jmeyer> IP <203.0.113.9> AnyConnect parent session started.",
            {
                **VPN,
                "action": "logon",
                "outcome": "success",
                "user": "jmeyer",
                "source_ip": "203.0.113.9",
                "group": "Staff",
            },
        ),
        (
            (
                "6-113015: AAA user authentication Rejected : reason = Invalid password : local database : user = jmeyer : "  # noqa: E501
                "user IP = 203.0.113.9"
            ),
            {**VPN, "action": "logon", "outcome": "failure", "user": "jmeyer", "failure_reason": "Invalid password"},
        ),
        (
            (
                "6-113005: AAA user authentication Rejected : reason = AAA failure : server = 10.0.0.2 : user = ***** : "  # noqa: E501
                "user IP = 203.0.113.9"
            ),
            {**VPN, "action": "logon", "outcome": "failure", "user": None, "source_ip": "203.0.113.9"},
        ),
        (
            "6-113004: AAA user authentication Successful : server =  10.0.0.2 : user = jmeyer",
            {**VPN, "action": None, "outcome": "success", "user": "jmeyer"},
        ),
        (
            "4-722051: Group <Staff> User <jmeyer> IP <203.0.113.9> IPv4 Address <10.9.0.7> IPv6 address <::> assigned to session",  # noqa: E501
            {**VPN, "action": "session-opened", "assigned_ip": "10.9.0.7"},
        ),
        (
            (
                "4-113019: Group = Staff, Username = jmeyer, IP = 203.0.113.9, Session disconnected. Session Type: SSL, "  # noqa: E501
                "Duration: 1h:2m:3s, Bytes xmt: 1, Bytes rcv: 2, Reason: User Requested"
            ),
            {**VPN, "action": "logoff", "user": "jmeyer"},
        ),
        (
            '6-605004: Login denied from 203.0.113.9/56332 to outside:198.51.100.1/ssh for user "root"',
            {**DEVICE, "action": "logon", "outcome": "failure", "user": "root", "source_ip": "203.0.113.9"},
        ),
        (
            '6-605005: Login permitted from 10.0.0.7/2953 to inside:10.0.0.1/https for user "netadmin"',
            {**DEVICE, "action": "logon", "outcome": "success", "user": "netadmin"},
        ),
        (
            "5-111010: User 'netadmin', running 'CLI' from IP 10.0.0.7, executed 'no logging enable'",
            {**DEVICE, "action": "command-run", "command": "no logging enable", "source_ip": "10.0.0.7"},
        ),
        ("5-111008: User 'netadmin' executed the 'write erase' command.", {**DEVICE, "command": "write erase"}),
        ("5-505002: Module ips is reloading. Please wait...", {**DEVICE, "action": None}),
    ],
)
def test_cisco_asa(text: str, expected: dict[str, Any]) -> None:
    check(asa(text), expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "<189>29: *Sep  1 10:25:29.123: %SYS-5-CONFIG_I: Configured from console by netadmin on vty0 (10.0.0.7)",
            {**DEVICE, "action": "configuration-changed", "user": "netadmin", "source_ip": "10.0.0.7"},
        ),
        (
            (
                "<188>30: sw01: Sep  1 10:25:29.123 CST: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: root] "
                "[Source: 203.0.113.9] [localport: 22] [Reason: Login Authentication Failed] at 10:25:29 CST Tue Sep 1 2026"  # noqa: E501
            ),
            {**DEVICE, "action": "logon", "outcome": "failure", "user": "root"},
        ),
        (
            "Sep  1 10:25:29 sw01 45: Sep  1 10:25:28: %PARSER-5-CFGLOG_LOGGEDCMD: User:netadmin  logged command:no logging",  # noqa: E501
            {**DEVICE, "host": "sw01", "command": "no logging", "message_id": "PARSER-5-CFGLOG_LOGGEDCMD"},
        ),
        (
            "Sep  1 10:25:29 sw01 %SEC-6-IPACCESSLOGP: list 102 denied tcp 203.0.113.9(3067) -> 10.0.0.4(139), 1 packet",  # noqa: E501
            {**BLOCKED, "rule": "102", "source_port": 3067, "destination_port": 139},
        ),
        (
            "Nov 22 04:15:00 core %%01SHELL/5/LOGIN(s)[12]:VTY login from 203.0.113.9",
            {**DEVICE, "vendor": "huawei", "message_id": "SHELL/5/LOGIN"},
        ),
        (
            "2026-11-22T04:15:00-06:00 rt01 system,error,critical login failure for user admin from 203.0.113.9 via winbox",  # noqa: E501
            {**DEVICE, "action": "logon", "outcome": "failure", "user": "admin", "source_ip": "203.0.113.9"},
        ),
        (
            (
                "<134>Nov 22 04:15:00 filterlog[9]: 5,,,1000000103,igb0,match,block,in,4,0x0,,64,1,0,DF,6,tcp,60,203.0.113.9,"  # noqa: E501
                "10.0.0.4,51515,22,0,S,1,,64240,,mss"
            ),
            {**BLOCKED, "rule": "1000000103", "destination_port": 22, "tcp_flags": "SYN", "interface_in": "igb0"},
        ),
        (
            (
                "<134>1 2026-11-22T04:15:00-06:00 opn01 filterlog 9 - - 8,,,abc,em0,match,pass,out,6,0x00,0x1,64,udp,17,40,"  # noqa: E501
                "2001:db8::1,2001:db8::53,5353,53,32"
            ),
            {**ALLOWED, "source_ip": "2001:db8::1", "destination_port": 53, "interface_out": "em0"},
        ),
    ],
)
def test_other_devices(line: str, expected: dict[str, Any]) -> None:
    check(device(line), expected)


FORTI = 'date=2026-11-22 time=04:15:00 devname="fw01" devid="FG1" logid="0101039424" '


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            (
                'type="traffic" subtype="forward" srcip=203.0.113.9 srcport=4020 dstip=10.0.0.4 dstport=443 proto=6 action="deny" '  # noqa: E501
                'policyid=7 service="HTTPS"'
            ),
            {**BLOCKED, "rule": "7", "protocol": "tcp", "destination_port": 443, "device_action": "deny"},
        ),
        (
            "type=traffic status=accept src=10.1.1.1 dst=10.2.2.2 proto=1",
            {**ALLOWED, "source_ip": "10.1.1.1", "protocol": "icmp"},
        ),
        (
            'type="utm" subtype="ips" attack="Adobe.Flash" srcip=203.0.113.9 dstip=10.0.0.4 action="detected"',
            {**FIREWALL, "action": "threat-found", "threat": "Adobe.Flash"},
        ),
        (
            (
                'type="utm" subtype="webfilter" srcip=10.0.0.7 dstip=203.0.113.9 hostname="evil.example" url="/a?b=c" '
                'action="blocked" service=HTTPS'
            ),
            {
                "dataset": "network.proxy",
                "c_uri": "https://evil.example/a?b=c",
                "cs_host": "evil.example",
                "c_uri_query": "b=c",
            },
        ),
        (
            'type="event" subtype="vpn" action="tunnel-up" tunneltype="ssl-web" remip=203.0.113.9 user="jmeyer" group="VPN"',  # noqa: E501
            {**VPN, "action": "logon", "outcome": "success", "user": "jmeyer", "source_ip": "203.0.113.9"},
        ),
        (
            (
                'type="event" subtype="vpn" action="tunnel-up" tunneltype="ssl-tunnel" remip=203.0.113.9 user="jmeyer" '
                "tunnelip=10.9.0.7"
            ),
            {**VPN, "action": "session-opened", "assigned_ip": "10.9.0.7"},
        ),
        (
            'type="event" subtype="vpn" action="ssl-login-fail" remip=203.0.113.9 user="jmeyer" reason="sslvpn_login_unknown_user"',  # noqa: E501
            {**VPN, "action": "logon", "outcome": "failure", "failure_reason": "sslvpn_login_unknown_user"},
        ),
        ('type="event" subtype="vpn" action="tunnel-stats" user="N/A"', {**VPN, "action": None, "user": None}),
        (
            (
                'type="event" subtype="system" action="login" status="failed" user="admin" ui="https(203.0.113.9)" '
                'reason="passwd_invalid"'
            ),
            {**DEVICE, "action": "logon", "outcome": "failure", "user": "admin", "source_ip": "203.0.113.9"},
        ),
        (
            'type="event" subtype="system" action="Add" user="admin" cfgpath="system.admin" cfgobj="eve" msg="Add \\"x\\" y"',  # noqa: E501
            {
                **DEVICE,
                "action": "configuration-changed",
                "cfgpath": "system.admin",
                "device_action": "Add",
                "type": "event",
            },
        ),
    ],
)
def test_fortigate(fields: str, expected: dict[str, Any]) -> None:
    event = device(f"<189>{FORTI}{fields}", time_zone="America/Chicago")
    check(event, {**expected, "host": "fw01", "vendor": "fortinet"})
    assert event["time"] == datetime(2026, 11, 22, 10, 15)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("head", "time"),
    [
        ("<189>Nov 22 05:00:00 10.0.0.1 ", datetime(2026, 11, 22, 10, 15)),  # noqa: DTZ001
        ("", datetime(2026, 11, 22, 10, 15)),  # noqa: DTZ001
        ("<189>1 2026-11-22T10:16:00Z relay - - - - ", datetime(2026, 11, 22, 10, 16)),  # noqa: DTZ001
    ],
)
def test_a_fortigates_own_time_is_used_where_the_header_says_less(head: str, time: datetime) -> None:
    line = f"{head}{FORTI}type=event subtype=system"
    assert recognise(line.encode()) is not None
    assert device(line, time_zone="America/Chicago")["time"] == time


def test_a_fortigates_event_time_and_zone() -> None:
    line = f'<189>{FORTI}type="event" subtype="system" eventtime=1795342500123456789'
    assert device(line)["time"] == datetime(2026, 11, 22, 10, 15, 0, 123456)  # noqa: DTZ001
    assert device(f'<189>{FORTI}type="event" tz="-0600"')["time"] == datetime(2026, 11, 22, 10, 15)  # noqa: DTZ001


def pan(kind: str, part: str, *values: str) -> dict[str, Any]:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(
        ["1", "2026/11/22 04:15:00", "007", kind, part, "1", "2026/11/22 04:14:59", *values]
    )
    return device(f"<14>Nov 22 04:15:00 pan01 {text.getvalue()}", time_zone="America/Chicago")


TRAFFIC = (
    *(
        "203.0.113.9",
        "10.0.0.4",
        "0.0.0.0",
        "0.0.0.0",
        "Block all",
        "city\\jmeyer",
        "",
        "ssh",
        "vsys1",
        "untrust",
        "trust",
    ),
    *("e1/1", "e1/2", "log", "x", "235961", "1", "4020", "22", "0", "0", "0x0", "tcp"),
)


def test_palo_alto_traffic() -> None:
    event = pan("TRAFFIC", "deny", *TRAFFIC, "deny", "74", "60", "14")
    check(event, {**BLOCKED, "rule": "Block all", "user": "city\\jmeyer", "destination_port": 22, "host": "pan01"})
    assert (event["bytes_sent"], event["application"]) == (60, "ssh")
    assert event["time"] == datetime(2026, 11, 22, 10, 14, 59)  # noqa: DTZ001


def test_palo_alto_urls_and_threats() -> None:
    event = pan("THREAT", "url", *TRAFFIC, "block-url", "evil.example/a?b", "(9999)", "malware", "informational")
    check(
        event,
        {"dataset": "network.proxy", "action": "connection-blocked", "cs_host": "evil.example", "c_uri_query": "b"},
    )
    event = pan("THREAT", "vulnerability", *TRAFFIC, "alert", "x", "Log4j(91991)", "code-execution", "critical")
    check(event, {**FIREWALL, "action": "threat-found", "threat": "Log4j(91991)"})


def gp(event: str, status: str, error: str = "") -> dict[str, Any]:
    return pan(
        "GLOBALPROTECT", "0", "vsys1", event, "login", "LDAP", "", "jmeyer", "US", "PC7", "203.0.113.9", "0.0.0.0", "10.9.0.7",  # noqa: E501
        "0.0.0.0", "id", "sn", "6.0", "Windows", "Windows 11", "1", "", error, "", status, "", "0", "user-logon", "0", "GP",  # noqa: E501
    )  # fmt: skip


@pytest.mark.parametrize(
    ("step", "status", "action", "outcome"),
    [
        ("portal-auth", "success", None, "success"),
        ("portal-auth", "failure", "logon", "failure"),
        ("gateway-auth", "success", "logon", "success"),
        ("gateway-auth", "failure", "logon", "failure"),
        ("gateway-connected", "success", "session-opened", None),
        ("gateway-logout", "success", "logoff", None),
    ],
)
def test_globalprotect(step: str, status: str, action: str | None, outcome: str | None) -> None:
    check(gp(step, status), {**VPN, "action": action, "outcome": outcome, "user": "jmeyer", "source_ip": "203.0.113.9"})


def test_palo_alto_administrators_and_changes() -> None:
    said = "User netadmin logged in via Web from 10.0.0.7 using https"
    event = pan("SYSTEM", "general", "", "general", "", "0", "0", "general", "informational", said, "1")
    check(event, {**DEVICE, "action": "logon", "outcome": "success", "user": "netadmin", "message": said})
    event = pan("CONFIG", "0", "10.0.0.7", "", "set", "netadmin", "Web", "Succeeded", " config mgt-config users eve")
    check(event, {**DEVICE, "action": "configuration-changed", "command": "set", "user": "netadmin"})


def test_a_name_in_a_message_is_not_taken_for_a_device() -> None:
    event = device("Nov 22 04:15:00 web01 sshd[9]: Invalid user %ASA-6-605005: Login permitted from 203.0.113.9 port 1")
    assert event["dataset"] == "linux.auth"
    event = device("Nov 22 04:15:00 web01 app: date=2026-11-22 time=04:15:00 devname=x logid=1 type=event")
    assert event["dataset"] == "linux.syslog"


_HEADS = [
    *("%ASA-4-106023: ", "%ASA-6-302013: ", "%ASA-6-302014: ", "%ASA-6-113015: ", "%ASA-6-113039: ", "%ASA-4-113019: "),
    *("%ASA-6-605004: ", "%ASA-4-106100: ", "%SEC_LOGIN-4-LOGIN_FAILED: ", "%SYS-5-CONFIG_I: ", "date=2026-11-22 "),
    *("1,2026/11/22 04:15:00,7,SYSTEM,auth,", "system,error,critical ", "%%01A/5/B"),
]
_PIECES = [
    *(
        "Deny tcp src a:1.1.1.1/1 dst b:",
        "Built inbound TCP connection 1 for a:1.1.1.1/1 (1.1.1.1/1) to ",
        "(1.1.1.1/1)",
    ),
    *("::", "1.1.1.1", "AAA user authentication Rejected : reason = x : ", "user = x : ", "Group <a> User <b> IP <c> "),
    *(
        "Group = a, Username = b, IP = c, ",
        "[user: a] [Source: b] ",
        'a="b',
        'a="\\"',
        '"a",',
        "From: 1.1.1.1",
        " ",
        "A",
    ),
    *("login failure for user a from b via ", "list 1 denied tcp 1.1.1.1(1) -> ", "authenticated for user 'a'"),
]


@pytest.mark.parametrize("head", _HEADS)
def test_no_message_of_a_device_takes_long(head: str) -> None:
    for piece in _PIECES:
        begun = process_time()
        read_message(None, head + piece * (8000 // len(piece)), {}, {})
        assert process_time() - begun < 0.5, piece


def openvpn(*lines: str, process: int = 7) -> list[dict[str, Any]]:
    text = "".join(f"Nov 22 04:15:{number:02} vpn01 openvpn[{process}]: {line}\n" for number, line in enumerate(lines))
    return parsed("syslog", text.encode()).events


REFUSED = "203.0.113.9:4020 TLS Auth Error: Auth Username/Password verification failed for peer"
PAM = "AUTH-PAM: BACKGROUND: user '{}' failed to authenticate: Authentication failure"


def test_openvpn_tells_name_and_address_in_two_lines() -> None:
    _, attempt = openvpn(PAM.format("jmeyer"), REFUSED)
    check(attempt, {**VPN, "action": "logon", "outcome": "failure", "user": "jmeyer", "source_ip": "203.0.113.9"})
    assert attempt["failure_reason"] == "Authentication failure"


def test_openvpn_names_are_used_once_and_only_where_it_is_clear_whose_they_are() -> None:
    events = openvpn(PAM.format("a"), PAM.format("b"), REFUSED, REFUSED, PAM.format("c"), REFUSED, REFUSED)
    assert [event.get("user") for event in events if event.get("action") == "logon"] == [None, None, "c", None]
    late = openvpn(PAM.format("a"), *["other"] * 9, REFUSED)
    assert "user" not in late[-1]


def test_real_asa_records_agree_with_metron(shared_logs: Path) -> None:
    folder = shared_logs / "firewall-vpn" / "metron"
    result = parsed("syslog", (folder / "asa_raw").read_bytes())
    assert not result.rejects
    raw = [line for line in (folder / "asa_raw").read_text(encoding="utf-8").splitlines() if line.strip()]
    events = dict(zip(raw, result.events, strict=True))
    names = {"ip_src_addr": "source_ip", "ip_dst_addr": "destination_ip", "ip_src_port": "source_port"}
    names |= {"ip_dst_port": "destination_port", "protocol": "protocol", "ciscotag": "message_id"}
    compared = 0
    for line in (folder / "asa_parsed").read_text(encoding="utf-8").splitlines():
        expected = json.loads(line)
        text = expected["original_string"]
        # Of ICMP and outbound connections the far end is named first, which metron takes for the source.
        if text in events and "ICMP" not in text and "outbound" not in text:
            for theirs, ours in names.items():
                if theirs in expected:
                    assert str(events[text].get(ours)) == str(expected[theirs]), text
                    compared += 1
    assert compared > 400


def test_real_globalprotect_sign_ins(shared_logs: Path) -> None:
    data = (shared_logs / "firewall-vpn" / "panw-splunk-apps" / "pan_globalprotect.samplelog").read_bytes()
    result = parsed("syslog", data)
    assert not result.rejects
    attempts = [event for event in result.events if event.get("action") == "logon"]
    assert Counter(event["outcome"] for event in attempts) == {"success": 5, "failure": 4}
    assert {event["dataset"] for event in attempts} == {"network.vpn"}
    assert all(event["source_ip"] and event["time"].year == 2016 for event in attempts)
    assert sum(event["dataset"] == "network.firewall" for event in result.events) == data.count(b",TRAFFIC,")


@pytest.mark.parametrize(
    ("name", "wrong"), [("wazuh-ruleset/fortigate.ini", 1), ("wazuh-ruleset/cisco_asa.ini", 0), ("ossec/pix.ini", 0)]
)
def test_real_lines_of_devices_are_known_as_theirs(shared_logs: Path, name: str, wrong: int) -> None:
    text = (shared_logs / "firewall-vpn" / name).read_text(encoding="utf-8")
    lines = re.findall(r"^log \d+ pass = (.*)$", text, re.MULTILINE)
    result = parsed("syslog", "\n".join(lines).encode())
    assert len(result.rejects) == wrong  # one line begins with a year and a relay's arrow
    assert {event["vendor"] for event in result.events} <= {"fortinet", "cisco"}
    assert all(event["dataset"].startswith("network.") for event in result.events)
