"""Which rows a log source reads: all of its own and none of another's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from breachwatch import lake
from breachwatch.detect import scan
from breachwatch.detect.compiling import Compiler
from breachwatch.detect.filtering import load_filters
from breachwatch.detect.mapping import load_mappings
from breachwatch.detect.trial import AFTER_ALL, TrialLog, Trials, land, trials
from breachwatch.model.datasets import DATASETS
from breachwatch.settings import Settings
from tests.unit.detect.making import pack
from tests.unit.parse.test_audit_elsewhere import sysmon
from tests.unit.parse.test_auditd_events import SADDR, call, execve

_SYSLOG = [
    "sshd[1]: Failed password for root from 203.0.113.9 port 1 ssh2",
    "sudo: jmeyer : TTY=pts/0 ; PWD=/home/jmeyer ; USER=#-1 ; COMMAND=/bin/id",
    "su: Successful su for root by jmeyer",
    "CRON[1]: (root) CMD (true)",
    "app[1]: something else",
    "vsftpd[1]: weird status: 7",
    "clamd[1]: /srv/x.php: Php.Webshell.X FOUND",
    "clamd[1]: SelfCheck: Database status OK.",
    "guacd[1]: User joined (2 users now present)",
    "kernel: [UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.9 DST=10.0.0.4 PROTO=TCP SPT=1 DPT=22 SYN",
    "openvpn[1]: 203.0.113.9:1 TLS Auth Error: Auth Username/Password verification failed for peer",
    "dnsmasq[1]: query[A] api.telegram.org from 10.0.0.9",
    "%ASA-5-111008: User 'netadmin' executed the 'no logging' command.",
    '%ASA-6-605005: Login permitted from 10.0.0.7/1 to inside:10.0.0.1/ssh for user "netadmin"',
    "%%01BGP/3/BGP_AUTH_FAILED(l)[1]:BGP session authentication failed :179",
    'date=2026-11-22 time=04:15:00 devname="fw01" logid="1" type="event" subtype="system" action="Add" cfgpath="system.admin"',  # noqa: E501
    "apache2: [core:notice] [pid 7] AH00051: child pid 9 exit signal Segmentation fault (11)",
    "nginx: [alert] 28#7: worker process 29 exited on signal 6 (core dumped)",
    "apache2: [security2:error] [pid 7] [client 203.0.113.9:1] ModSecurity: Access denied with code 403",
    "java[1]: org.apache.commons.ognl.OgnlException: source is null",
    "tomcat9[1]: WARN AccessDeniedException: Access is denied",
    "gunicorn[1]: django.core.exceptions.DisallowedHost: Invalid HTTP_HOST header",
    "node[1]: Error at node:child_process:400:11",
    "puma[1]: ActionController::InvalidAuthenticityToken",
    "postgres[1]: LOG:  statement: DROP TABLE residents",
    "postgres[1]: LOG:  autovacuum: drop nothing",
    "/kernel: tcp_auth_ok: Packet from 203.0.113.9:179 missing MD5 digest",
    "sysmon: " + sysmon(1, Image="/usr/bin/curl", User="root"),
    "sysmon: " + sysmon(3, Image="/usr/bin/curl", Initiated="true", DestinationIp="203.0.113.9"),
    "sysmon: " + sysmon(11, Image="/usr/bin/curl", TargetFilename="/etc/cron.d/x"),
]
_AUDIT = [
    *execve(1),
    *call(2, 42, SADDR),
    *call(3, 257, 'type=CWD HEAD cwd="/etc/cron.d"', 'type=PATH HEAD item=1 name="x" nametype=CREATE'),
]
_SQUID = "1795336500.123 51 10.0.0.7 TCP_MISS/200 507 GET http://a.example/b.exe?c=d jm DIRECT/203.0.113.9 text/html"
_ACCESS = '203.0.113.9 - - [22/Nov/2026:04:15:00 -0600] "GET /owa/auth.owa?x=1 HTTP/1.1" 200 5 "-" "curl"'


@pytest.fixture(scope="module")
def room() -> Iterator[Trials]:
    with trials() as made:
        yield made


# A log source, and how many rows of which dataset a rule for it reads.
_SOURCES: list[tuple[str, dict[str, int]]] = [
    ("product: linux, service: sshd", {"linux.auth": 1}),
    ("product: linux, service: sudo", {"linux.auth": 1}),
    ("product: linux, service: su", {"linux.auth": 1}),
    ("product: linux, service: cron", {"linux.cron": 1}),
    ("product: linux, service: vsftpd", {"linux.auth": 1}),
    ("product: linux, service: clamav", {"linux.syslog": 2}),
    ("product: linux, service: guacamole", {"linux.syslog": 1}),
    ("product: linux, service: modsecurity", {"web.error": 1}),
    ("product: linux, service: auditd", {"linux.auditd": 11}),
    ("product: linux, service: sysmon", {"linux.sysmon": 3}),
    ("product: linux, category: process_creation", {"linux.sysmon": 1, "linux.auditd": 1}),
    ("product: linux, category: network_connection", {"linux.sysmon": 1, "linux.auditd": 1}),
    ("product: linux, category: file_event", {"linux.sysmon": 1, "linux.auditd": 1}),
    ("product: cisco, service: aaa", {"network.device": 1}),
    ("product: cisco, service: syslog", {"network.device": 2}),
    ("product: huawei, service: bgp", {"network.device": 1}),
    ("product: fortigate, service: event", {"network.device": 1}),
    ("category: firewall", {"network.firewall": 1}),
    ("category: vpn", {"network.vpn": 1}),
    ("category: dns", {"network.dns": 1}),
    ("category: antivirus", {"linux.syslog": 1}),
    ("category: proxy", {"network.proxy": 1}),
    ("category: webserver", {"web.access": 1}),
    ("service: apache", {"web.error": 2}),
    ("service: nginx", {"web.error": 1}),
    ("product: jvm, category: application", {"linux.syslog": 2}),
    ("product: spring, category: application", {"linux.syslog": 2}),
    ("product: velocity, category: application", {"linux.syslog": 2}),
    ("product: python, category: application", {"linux.syslog": 1}),
    ("product: django, category: application", {"linux.syslog": 1}),
    ("product: nodejs, category: application", {"linux.syslog": 1}),
    ("product: ruby_on_rails, category: application", {"linux.syslog": 1}),
    ("product: sql, category: application", {"linux.syslog": 2}),
    ("category: database", {"linux.syslog": 1}),
    ("product: juniper, service: bgp", {"linux.syslog": 1}),
    ("product: windows, category: process_creation", {}),
    ("product: macos, category: process_creation", {}),
    ("product: zeek, service: dns", {}),
    ("product: linux, service: nobody", {}),
    ("category: process_creation", {}),
]

# A log source, what a rule for it may ask, and the datasets in which that is found.
_QUESTIONS: list[tuple[str, str, list[str]]] = [
    # one rule, two logs: the same fields whatever tells of the process
    ("product: linux, category: process_creation", "Image|endswith: /curl, User: root", ["linux.sysmon"]),
    ("product: linux, category: process_creation", "CommandLine|contains: /etc/shadow", ["linux.auditd"]),
    ("product: linux, category: process_creation", "Image: /usr/bin/cat, LogonId: 0", ["linux.auditd"]),
    ("product: linux, category: process_creation", "CurrentDirectory: /root, ProcessId: 11", ["linux.auditd"]),
    ("product: linux, category: file_event", "TargetFilename: /etc/cron.d/x", ["linux.auditd", "linux.sysmon"]),
    (
        "product: linux, category: network_connection",
        "DestinationIp|cidr: 203.0.113.0/24",
        ["linux.auditd", "linux.sysmon"],
    ),
    ("product: linux, category: network_connection", "Initiated: 'true', DestinationPort: 443", ["linux.auditd"]),
    ("product: linux, service: auditd", "type: EXECVE, a1: /etc/shadow", ["linux.auditd"]),
    ("product: linux, service: auditd", "type: execve, a0: cat", ["linux.auditd"]),
    ("product: linux, service: auditd", "SYSCALL: execve, key: commands, pid: 11", ["linux.auditd"]),
    ("product: linux, service: auditd", "type: PATH, nametype: CREATE, name: x", ["linux.auditd"]),
    # sudo's USER is the account acted as, not the caller
    ("product: linux, service: sudo", "'USER|startswith': '#-'", ["linux.auth"]),
    ("product: linux, service: sudo", "USER: jmeyer", []),
    ("category: firewall", "action: deny, dst_port: 22, src_ip: 203.0.113.9", ["network.firewall"]),
    ("category: firewall", "action: accept", []),
    ("product: fortigate, service: event", "action: Add, cfgpath: system.admin", ["network.device"]),
    ("category: dns", "query|endswith: telegram.org", ["network.dns"]),
    ("category: antivirus", "Signature|contains: Webshell, Filename|startswith: /srv/", ["linux.syslog"]),
    ("category: proxy", "c-uri-extension: exe, cs-host: a.example, sc-status: 200", ["network.proxy"]),
    ("category: webserver", "cs-uri-query|contains: /owa/auth.owa?x, cs-method: GET", ["web.access"]),
    ("category: webserver", "cs-uri-stem: /owa/auth.owa", ["web.access"]),
]

_RULE = """
title: rule {number}
id: 11111111-1111-4111-8111-{number:012}
status: test
logsource: {{{logsource}}}
detection: {{s: {{{selection}}}, condition: s}}
level: low
"""


@pytest.fixture(scope="module")
def found(room: Trials) -> Iterator[dict[int, Counter[str]]]:
    """What each rule finds, by its number, in a lake with some of everything that hosts and network devices write."""
    asked = [(logsource, "event_id|exists: true") for logsource, _ in _SOURCES]
    asked += [(logsource, selection) for logsource, selection, _ in _QUESTIONS]
    rules = (_RULE.format(number=number, logsource=one, selection=two) for number, (one, two) in enumerate(asked))
    ws = room.workspace(Settings())
    lines = "\n".join(f"Nov 22 04:15:{number:02} web01 {text}" for number, text in enumerate(_SYSLOG))
    land(ws, TrialLog("syslog", "syslog", lines.encode()))
    land(ws, TrialLog("audit", "auditd", "\n".join(_AUDIT).encode(), host="db01"))
    land(ws, TrialLog("squid", "squid", _SQUID.encode()))
    land(ws, TrialLog("access", "web-access", _ACCESS.encode()))
    result: dict[int, Counter[str]] = defaultdict(Counter)
    for finding in scan(ws, AFTER_ALL, pack=pack("---".join(rules))).findings:
        result[int(finding.rule_id[-12:])][finding.dataset] += 1
    yield result
    room.drop(ws)


@pytest.mark.parametrize("number", range(len(_SOURCES)), ids=[source for source, _ in _SOURCES])
def test_a_log_source_reads_its_own_rows_and_no_others(found: dict[int, Counter[str]], number: int) -> None:
    assert found[number] == _SOURCES[number][1]


@pytest.mark.parametrize("number", range(len(_QUESTIONS)), ids=[" ".join(case[:2]) for case in _QUESTIONS])
def test_fields_of_public_rules_are_found_under_their_names(found: dict[int, Counter[str]], number: int) -> None:
    assert sorted(found[len(_SOURCES) + number]) == _QUESTIONS[number][2]


# Services of the Sigma taxonomy and the channels that Microsoft's documentation gives for what they mean.
_CHANNELS = {
    "security": {"Security"},
    "system": {"System"},
    "application": {"Application"},
    "sysmon": {"Microsoft-Windows-Sysmon/Operational"},
    "powershell": {"Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational"},
    "powershell-classic": {"Windows PowerShell"},
    "windefend": {"Microsoft-Windows-Windows Defender/Operational"},
    "bits-client": {"Microsoft-Windows-Bits-Client/Operational"},
    "taskscheduler": {"Microsoft-Windows-TaskScheduler/Operational"},
    "firewall-as": {"Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"},
    "terminalservices-localsessionmanager": {"Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"},
    "wmi": {"Microsoft-Windows-WMI-Activity/Operational"},
    "ntlm": {"Microsoft-Windows-NTLM/Operational"},
    "codeintegrity-operational": {"Microsoft-Windows-CodeIntegrity/Operational"},
    "appxdeployment-server": {"Microsoft-Windows-AppXDeploymentServer/Operational"},
    "dns-client": {"Microsoft-Windows-DNS Client Events/Operational"},
    "shell-core": {"Microsoft-Windows-Shell-Core/Operational"},
}


@pytest.mark.slow
def test_no_windows_route_reads_another_channel(room: Trials, shared_logs: Path) -> None:
    ws = room.workspace(Settings())
    files = sorted((shared_logs / "sigma-regression" / "SigmaHQ").rglob("*.evtx"))
    files += sorted(
        (shared_logs / "windows-evtx" / "EVTX-to-MITRE-Attack").rglob("*.evtx"), key=lambda path: path.stat().st_size
    )[:15]
    for path in files:
        land(ws, TrialLog(str(path), "evtx", path.read_bytes()))
    mappings = load_mappings()
    compiler = Compiler(mappings, load_filters([], datetime.now(UTC)))
    read: dict[str, set[str]] = defaultdict(set)
    providers: dict[str, set[str]] = defaultdict(set)
    with lake.connect(ws) as connection:
        for route in mappings.routes:
            product, category, service = route.logsource
            if product != "windows" or route.dataset not in DATASETS or not (service or category):
                continue
            where = compiler.picks(route)
            sql = f"SELECT DISTINCT Channel, Provider_Name FROM {route.view} {'WHERE ' + where if where else ''}"
            for channel, provider in connection.execute(sql).fetchall():
                read[service or category].add(channel)
                providers[service or category].add(provider)
    services = {name: channels for name, channels in read.items() if name in _CHANNELS}
    assert {name: found - _CHANNELS[name] for name, found in services.items()} == {name: set() for name in services}
    assert len(services) >= 6
    assert read["process_creation"] == {"Microsoft-Windows-Sysmon/Operational", "Security"}
    assert providers["process_creation"] == {"Microsoft-Windows-Sysmon", "Microsoft-Windows-Security-Auditing"}
    for category in ("registry_set", "file_event", "image_load", "dns_query", "pipe_created"):
        assert read[category] <= {"Microsoft-Windows-Sysmon/Operational"}
    for category in ("ps_script", "ps_module"):
        assert read[category] <= _CHANNELS["powershell"]
    room.drop(ws)
