"""Every line of every log has its native format, lies within the span, and is in order."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from breachwatch.model.formats import recognise
from tests.unit.simulate.conftest import City

ZONE = ZoneInfo("America/Chicago")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
RFC3164 = re.compile(
    r"([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) ([a-z0-9]+) ([\w-]+)(?:\[(\d+)\])?: (\S.*| +\S.*)"
)
RFC5424 = re.compile(
    r"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d) ([a-z0-9]+) ([\w-]+) (\d+|-) - "
    r'((?:\[\w+(?: \w+="[^"\\\]]*")+\])+) (\S.*)'
)
COMBINED = re.compile(
    r'(\S+) - (\S+) \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "(GET|POST) (/\S*) HTTP/1\.1" '
    r'(\d{3}) (\d+) "([^"]+)" "([^"]+)"'
)
EVENT = "{http://schemas.microsoft.com/win/2004/08/events/event}"


def rfc3164(line: str) -> datetime:
    found = RFC3164.fullmatch(line)
    assert found, line
    month, day, hour, minute, second = found.groups()[:5]
    return datetime(2026, MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=ZONE)


def rfc5424(line: str) -> datetime:
    found = RFC5424.fullmatch(line)
    assert found, line
    assert int(found[1]) <= 191
    return datetime.fromisoformat(found[2])


def journal(line: str) -> datetime:
    entry = json.loads(line)
    assert all(isinstance(value, str) for value in entry.values())
    assert {"__CURSOR", "_HOSTNAME", "_BOOT_ID", "SYSLOG_IDENTIFIER", "MESSAGE", "PRIORITY"} <= set(entry)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(entry["__REALTIME_TIMESTAMP"]))


def windows_json(line: str) -> datetime:
    event = json.loads(line)["Event"]
    assert list(event) in (["#attributes", "System", "EventData"], ["#attributes", "System", "UserData"])
    assert event["System"]["Computer"].endswith(".portalder.example")
    when = event["System"]["TimeCreated"]["#attributes"]["SystemTime"]
    return datetime.fromisoformat(when)


def windows_xml(line: str) -> datetime:
    event = ET.fromstring(line)
    assert event.tag == f"{EVENT}Event"
    system = event.find(f"{EVENT}System")
    assert system is not None
    created = system.find(f"{EVENT}TimeCreated")
    assert created is not None
    found = re.fullmatch(r"(.*\.\d{6})0Z", created.attrib["SystemTime"])
    assert found
    return datetime.fromisoformat(found[1] + "+00:00")


def combined(line: str) -> datetime:
    found = COMBINED.fullmatch(line)
    assert found, line
    return datetime.strptime(found[3], "%d/%b/%Y:%H:%M:%S %z")


def reader(file: str) -> tuple[str, Callable[[str], datetime]]:
    """The name of the format and the strict reader for a file of the city."""
    host, name = file.split("/")[1:3]
    if name.endswith(".jsonl"):
        return ("journald-json", journal) if name.startswith("journal") else ("windows-json", windows_json)
    if name.endswith(".xml"):
        return "windows-xml", windows_xml
    if name.startswith("access"):
        return "web-access", combined
    return "syslog", rfc5424 if name.startswith("syslog") and host != "web01" else rfc3164


def test_every_line_is_well_formed_in_order_and_within_the_span(city: City) -> None:
    start, end = (datetime.fromisoformat(city.truth[key]) for key in ("start", "end"))
    formats = set()
    for file, lines in city.files.items():
        name, read = reader(file)
        formats.add(name)
        times = [read(line.decode("utf-8")) for line in lines]
        assert times == sorted(times), file
        # Formats without fractions cut them off.
        assert start <= times[0], file
        assert times[-1] < end, file
        found = recognise(b"\n".join(lines)[:4096])
        assert found is not None
        assert found.name == name, file
    assert formats == {"syslog", "journald-json", "windows-json", "windows-xml", "web-access"}


def test_rotated_files_follow_each_other_and_carry_the_time_of_their_last_line(city: City) -> None:
    for name in ("bastion/auth.log", "web01/access.log", "fw01/firewall.log", "db01/syslog"):
        files = [f"logs/{name}{ending}" for ending in (".2.gz", ".1", "")]
        spans = []
        for file in files:
            _, read = reader(file)
            times = [read(line.decode()) for line in (city.files[file][0], city.files[file][-1])]
            spans.append(times)
            assert (city.root / file).stat().st_mtime == int(times[1].timestamp())
        assert spans[0][1] < spans[1][0]
        assert spans[1][1] < spans[2][0]
        assert [times[0].astimezone(ZONE).isoweekday() for times in spans[1:]] == [3, 3]


def test_record_numbers_rise_by_one(city: City) -> None:
    for file in ("logs/dc01/Security.jsonl", "logs/fs01/Security.jsonl"):
        numbers = [json.loads(line)["Event"]["System"]["EventRecordID"] for line in city.files[file]]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_each_windows_sign_in_has_one_sign_out_with_its_logon_id(city: City) -> None:
    opened: dict[str, str] = {}
    closed = 0
    for line in city.files["logs/fs01/Security.jsonl"]:
        event = json.loads(line)["Event"]
        data = event["EventData"]
        if event["System"]["EventID"] == 4624:
            assert data["TargetLogonId"] not in opened
            opened[data["TargetLogonId"]] = data["TargetUserName"]
        elif event["System"]["EventID"] == 4634:
            assert opened[data["TargetLogonId"]] == data["TargetUserName"]
            closed += 1
    assert len(opened) > 200
    assert len(opened) - 5 <= closed <= len(opened)


WANTED = {
    *(4624, 4625, 4634, 4648, 4672, 4688, 4768, 4769, 4771, 4776, 4720, 4722, 4724, 4728, 4732, 4740, 1102),
    *(7045, 104, 6005, 6006),
}


def test_the_events_that_rules_look_for_occur(city: City) -> None:
    seen = set()
    for file, lines in city.files.items():
        if reader(file)[0] == "windows-json":
            for line in lines:
                number = json.loads(line)["Event"]["System"]["EventID"]
                seen.add(number["#text"] if isinstance(number, dict) else number)
    assert seen == WANTED


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (
            "logs/bastion/auth.log",
            (
                "Accepted publickey for",
                "Accepted password for plotter",
                "Failed password for invalid user",
                "message repeated 2 times: [ Failed password for root",
                "Connection closed by",
                "Disconnected from user",
                "Disconnected from invalid user",
                "COMMAND=/usr/bin/apt",
                "new user: name=sysupd",
                "new group: name=sysupd",
                "add 'sysupd' to group 'sudo'",
                "password changed for sysupd",
                "systemd-logind[611]: New session",
                "pam_unix(cron:session)",
            ),
        ),
        ("logs/bastion/syslog", ("[UFW BLOCK]", "(root) REPLACE (root)", "(root) CMD", "Starting logrotate.service")),
        (
            "logs/vpn01/openvpn.log",
            ("TLS: Initial packet from [AF_INET]", "primary virtual IP", "[ven-water] Peer Connection Initiated with"),
        ),
        ("logs/vpn01/openvpn.log.1", ("TLS Auth Error: Auth Username/Password", "AUTH-PAM: BACKGROUND: user 'mayor'")),
    ],
)
def test_the_messages_that_rules_look_for_occur(city: City, file: str, words: tuple[str, ...]) -> None:
    text = b"\n".join(city.files[file]).decode()
    assert [word for word in words if word not in text] == []


def test_clock_changes_show_in_local_times(tmp_path_factory: pytest.TempPathFactory) -> None:
    """On 2026-11-01 the hour from 01:00 comes twice in Chicago: 25 hours of cron, two offsets in RFC 5424."""
    from datetime import date

    from breachwatch.simulate import simulate

    root = tmp_path_factory.mktemp("dst") / "city"
    simulate(root, days=1, scale=0.05, end=date(2026, 11, 2))
    lines = (root / "logs/db01/syslog").read_text().splitlines()
    hourly = [line for line in lines if "cron.hourly" in line]
    assert len(hourly) == 25
    assert [line[6:34] for line in hourly if "T01:17" in line] != []
    assert ["-05:00" in line for line in hourly] == [True] * 2 + [False] * 23
    assert [rfc5424(line) for line in lines] == sorted(rfc5424(line) for line in lines)
