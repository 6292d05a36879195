"""Error logs of web servers, squid's access log, name servers and ClamAV."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from breachwatch.model.formats import recognise
from tests.unit.parse.support import message, one_event, parsed


def check(event: dict[str, Any], expected: dict[str, Any]) -> None:
    assert {name: event.get(name) for name in expected} == expected


APACHE = "[Sun Nov 22 04:15:00.123456 2026] [auth_basic:error] [pid 17:tid 140] [client 203.0.113.9:5139] "
NGINX = "2026/11/22 04:15:00 [error] 28#7: *66 {}, client: 203.0.113.9, server: www, "
REQUEST = 'request: "GET /admin HTTP/1.1", host: "www.city.example"'
REFUSED = {"dataset": "web.error", "action": "logon", "outcome": "failure", "source_ip": "203.0.113.9"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            APACHE + 'AH01617: user jmeyer: authentication failure for "/admin": Password Mismatch',
            {**REFUSED, "user": "jmeyer", "failure_reason": "wrong password", "error_code": "AH01617"},
        ),
        (
            APACHE + "AH01618: user eve not found: /admin, referer: http://x/",
            {**REFUSED, "user": "eve", "failure_reason": "unknown user", "cs_referer": "http://x/", "source_port": 5139},  # noqa: E501
        ),
        (
            "[Wed Jul 17 23:50:37 2013] [error] [client 203.0.113.9] Digest: user jmeyer: password mismatch: /x",
            {**REFUSED, "user": "jmeyer", "auth_method": "digest", "level": "error"},
        ),
        (
            APACHE.replace("203.0.113.9:5139", "[2001:db8::9]:5139") + "AH01630: client denied by server configuration: /x",  # noqa: E501
            {"dataset": "web.error", "action": None, "outcome": "failure", "source_ip": "2001:db8::9", "module": "auth_basic"},  # noqa: E501
        ),
        (
            NGINX.format('user "jmeyer": password mismatch') + REQUEST,
            {**REFUSED, "user": "jmeyer", "cs_uri": "/admin", "cs_host": "www.city.example", "program": "nginx"},
        ),
        (
            NGINX.format('user "a": password mismatch, client: 10.0.0.1, server: x, request: "GET / H" was not found in "/h"')  # noqa: E501
            + REQUEST,
            {"source_ip": "203.0.113.9"},
        ),
        (
            NGINX.format('open() "/srv/x" failed (2: No such file or directory)') + REQUEST,
            {"dataset": "web.error", "action": None, "source_ip": "203.0.113.9", "level": "error"},
        ),
        (
            "2026/11/22 04:15:00 [alert] 28#7: worker process 29 exited on signal 6 (core dumped)",
            {"dataset": "web.error", "program": "nginx", "level": "alert", "process_id": 28},
        ),
    ],
)  # fmt: skip
def test_records(line: str, expected: dict[str, Any]) -> None:
    form = recognise(line.encode())
    assert form is not None
    assert form.name == "web-error"
    check(one_event("web-error", line.encode() + b"\n"), expected)


def test_times_are_the_servers_own() -> None:
    lines = (APACHE + "x\n" + NGINX.format("x") + REQUEST + "\n").encode()
    times = [event["time"] for event in parsed("web-error", lines, time_zone="America/Chicago").events]
    assert times == [datetime(2026, 11, 22, 10, 15, 0, 123456), datetime(2026, 11, 22, 10, 15)]  # noqa: DTZ001


def test_other_lines_are_rejects() -> None:
    result = parsed("web-error", (APACHE + "x\nTraceback (most recent call last):\n[error] no time\n").encode())
    assert (len(result.events), len(result.rejects)) == (1, 2)


@pytest.mark.parametrize("program", ["apache2", "httpd", "nginx"])
def test_through_syslog(program: str) -> None:
    text = "[auth_basic:error] [pid 17] [client 203.0.113.9:5139] AH01618: user eve not found: /admin"
    text = NGINX.format('user "eve" was not found in "/h"') + REQUEST if program == "nginx" else text
    check(message(program, text), {**REFUSED, "user": "eve", "failure_reason": "unknown user"})
    assert message(program, "anything else")["dataset"] == "linux.syslog"


_REFUSAL = re.compile(r"[Uu]ser .*(not found|[Mm]ismatch|authentication failure|not authenticated)")


@pytest.mark.parametrize("name", ["apache-auth", "nginx-http-auth"])
def test_labelled_lines_of_fail2ban(shared_logs: Path, name: str) -> None:
    """Every line gives the address that it should; what counts as an attempt is what refused a name or password."""
    counts: Counter[str] = Counter()
    expected: dict[str, Any] | None = None
    for line in (shared_logs / "web-access" / "fail2ban" / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("# failJSON"):
            expected = json.loads(line.split(":", 1)[1])
        elif line.strip() and not line.startswith("#") and expected is not None:
            form = "syslog" if re.match(r"[A-Z][a-z]{2} ", line) else "web-error"
            result = parsed(form, line.encode())
            counts["rejected"] += len(result.rejects)
            for event in result.events:
                if expected["match"]:
                    assert event["source_ip"] == expected["host"], line
                refused = expected["match"] and _REFUSAL.search(line) is not None
                assert (event.get("action") == "logon") == refused, line
                counts["refused"] += refused
            expected = None
    assert counts["refused"] >= 8
    assert counts["rejected"] <= 2  # two lines whose syslog header was cut off


SQUID = "1795336500.123    512 10.0.0.7 {} {} http://dl.evil.example:8080/a/b.exe?c=d jmeyer HIER_DIRECT/203.0.113.9 text/html"  # noqa: E501


def test_squid() -> None:
    line = SQUID.format("TCP_MISS/200 5070", "GET").encode()
    form = recognise(line)
    assert form is not None
    assert form.name == "squid"
    event = one_event("squid", line + b"\n")
    check(event, {"dataset": "network.proxy", "action": "http-request", "outcome": "success", "user": "jmeyer"})
    check(event, {"source_ip": "10.0.0.7", "destination_ip": "203.0.113.9", "sc_status": 200, "sc_bytes": 5070})
    check(
        event, {"cs_host": "dl.evil.example", "c_uri_stem": "/a/b.exe", "c_uri_query": "c=d", "c_uri_extension": "exe"}
    )
    assert event["time"] == datetime(2026, 11, 22, 8, 35, 0, 123000)  # noqa: DTZ001


def test_squid_blocks_and_comes_through_syslog() -> None:
    event = message("(squid-1)", SQUID.format("TCP_DENIED/403 3900", "CONNECT"))
    check(
        event,
        {"dataset": "network.proxy", "action": "connection-blocked", "outcome": "failure", "cs_method": "CONNECT"},
    )


@pytest.mark.parametrize(
    ("program", "text", "kind"),
    [
        ("named", "client @0x7f1 10.0.0.7#5353 (a.evil.example): query: a.evil.example IN TXT + (10.0.0.1)", "TXT"),
        ("named", "queries: info: client 10.0.0.7#5353: view inside: query: a.evil.example IN A +E", "A"),
        ("dnsmasq", "query[AAAA] a.evil.example from 10.0.0.7", "AAAA"),
        ("unbound", "[99:0] info: 10.0.0.7 a.evil.example. A IN", "A"),
    ],
)
def test_questions_to_name_servers(program: str, text: str, kind: str) -> None:
    expected = {"dataset": "network.dns", "query": "a.evil.example", "record_type": kind, "source_ip": "10.0.0.7"}
    check(message(program, text), expected)
    assert message(program, "cached a.evil.example is 203.0.113.9")["dataset"] == "linux.syslog"


def test_clamav() -> None:
    event = message("clamd", "/srv/www/x.php: Php.Webshell.Generic-1(0123abcd:5120) FOUND")
    check(event, {"dataset": "linux.syslog", "action": "threat-found"})
    assert event["extra"] == {"Filename": "/srv/www/x.php", "Signature": "Php.Webshell.Generic-1"}
