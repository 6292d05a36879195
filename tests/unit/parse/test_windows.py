"""Windows events in JSON and XML: shapes, core fields, hostile input."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.model import actions
from breachwatch.model.datasets import DATASETS
from breachwatch.model.segment import Segment
from breachwatch.parse.base import Parser, Rejected, Row
from breachwatch.parse.windows_event import account_name, native_fields, parse_time
from breachwatch.parse.windows_json import parse_windows_json
from breachwatch.parse.windows_meanings import meaning
from breachwatch.parse.windows_status import kerberos_reason, ntstatus_reason
from breachwatch.parse.windows_xml import parse_windows_xml
from breachwatch.settings import Limits

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
NS = "http://schemas.microsoft.com/win/2004/08/events/event"


def parse(parser: Parser, data: bytes, time_zone: str = "UTC") -> list[Row | Rejected]:
    segment = Segment("seg", "win", "log", "w", "windows", 0, len(data), 1, NOW, NOW, time_zone, "", 0)
    return list(parser(segment, io.BytesIO(data), Limits()))


def one(parser: Parser, text: str, time_zone: str = "UTC") -> Row:
    (row,) = parse(parser, text.encode(), time_zone)
    assert isinstance(row, Row), row
    return row


def from_json(document: Any, time_zone: str = "UTC") -> Row:
    return one(parse_windows_json, json.dumps(document), time_zone)


def dump(event_id: int, data: dict[str, Any], channel: str = "Security", **system: Any) -> dict[str, Any]:
    provider = {"Security": "Microsoft-Windows-Security-Auditing"}.get(channel, "Service Control Manager")
    return {
        "Event": {
            "System": {
                "Provider": {"#attributes": {"Name": provider}},
                "EventID": event_id,
                "Level": 0,
                "Keywords": "0x8020000000000000",
                "TimeCreated": {"#attributes": {"SystemTime": "2026-11-20T08:13:01.123456Z"}},
                "EventRecordID": 77,
                "Execution": {"#attributes": {"ProcessID": 700, "ThreadID": 9}},
                "Channel": channel,
                "Computer": "dc01.city.lan",
                **system,
            },
            "EventData": data,
        }
    }


def xml(event_id: int, data: dict[str, str], *, channel: str = "Security", more: str = "") -> str:
    fields = "".join(f'<Data Name="{name}">{text}</Data>' for name, text in data.items())
    return (
        f"<Event xmlns='{NS}'><System><Provider Name='Microsoft-Windows-Security-Auditing'/>"
        f"<EventID>{event_id}</EventID><Level>0</Level><Keywords>0x8010000000000000</Keywords>"
        f"<TimeCreated SystemTime='2026-11-20T08:13:01.1234567Z'/><EventRecordID>77</EventRecordID>"
        f"<Execution ProcessID='700' ThreadID='9'/><Channel>{channel}</Channel><Computer>dc01.city.lan</Computer>"
        f"<Security/></System><EventData>{fields}</EventData>{more}</Event>"
    )


FAILED = {
    "TargetUserName": "jmeyer",
    "TargetDomainName": "CITY",
    "Status": "0xc000006d",
    "SubStatus": "0xc000006a",
    "LogonType": "3",
    "IpAddress": "10.0.0.5",
    "IpPort": "50123",
    "KeyLength": "0",
}


def test_a_failed_sign_in_from_xml() -> None:
    row = one(parse_windows_xml, xml(4625, FAILED))
    assert row.dataset == "windows.security"
    assert row.values["time"] == datetime(2026, 11, 20, 8, 13, 1, 123456)  # noqa: DTZ001
    assert row.values["time_text"] == "2026-11-20T08:13:01.1234567Z"
    assert row.values["message"] == "4625 An account failed to log on: jmeyer from 10.0.0.5 (bad password)"
    assert (row.values["user"], row.values["source_ip"], row.values["source_port"]) == ("jmeyer", "10.0.0.5", 50123)
    assert (row.values["action"], row.values["outcome"]) == (actions.LOGON, actions.FAILURE)
    assert (row.values["host"], row.values["process_id"]) == ("dc01.city.lan", 700)
    assert row.values["LogonType"] == "3"
    assert row.extra["KeyLength"] == "0"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("-", None),
        ("", None),
        ("LOCAL", None),
        ("::1", "::1"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("fe80::1%12", "fe80::1"),
    ],
)
def test_addresses_are_canonical_or_none(address: str, expected: str | None) -> None:
    row = from_json(dump(4624, {"TargetUserName": "a", "IpAddress": address, "IpPort": "-"}))
    assert row.values.get("source_ip") == expected
    assert "source_port" not in row.values


@pytest.mark.parametrize(
    ("event_id", "data", "action", "outcome", "user"),
    [
        (4624, {"TargetUserName": "amy"}, actions.LOGON, "success", "amy"),
        (4634, {"TargetUserName": "amy"}, actions.LOGOFF, "success", "amy"),
        (4648, {"SubjectUserName": "amy", "TargetUserName": "adm"}, actions.PRIVILEGE_USED, "success", "amy"),
        (4720, {"SubjectUserName": "adm", "TargetUserName": "new"}, actions.USER_CREATED, "success", "adm"),
        (4724, {"SubjectUserName": "adm", "TargetUserName": "x"}, actions.PASSWORD_RESET, "success", "adm"),
        (4732, {"SubjectUserName": "adm", "TargetUserName": "g"}, actions.GROUP_MEMBER_ADDED, "success", "adm"),
        (4740, {"SubjectUserName": "DC01$", "TargetUserName": "amy"}, actions.USER_LOCKED_OUT, "success", "amy"),
        (4768, {"TargetUserName": "amy", "Status": "0x0"}, actions.TICKET_REQUESTED, "success", "amy"),
        (4768, {"TargetUserName": "zz", "Status": "0x6"}, actions.LOGON, "failure", "zz"),
        (4769, {"TargetUserName": "amy@CITY.LAN", "Status": "0x0"}, actions.TICKET_REQUESTED, "success", "amy"),
        (4771, {"TargetUserName": "amy", "Status": "0x18"}, actions.LOGON, "failure", "amy"),
        (4776, {"TargetUserName": "amy", "Status": "0xC000006A"}, actions.LOGON, "failure", "amy"),
        (4776, {"TargetUserName": "amy", "Status": "0x0"}, actions.LOGON, "success", "amy"),
        (4688, {"SubjectUserName": "-", "NewProcessName": "C:\\x.exe"}, actions.PROCESS_STARTED, "success", None),
        (4702, {"SubjectUserName": "adm", "TaskName": "\\t"}, None, "success", "adm"),
        (9999, {"Anything": "x"}, None, "success", None),
    ],
)
def test_security_events(
    event_id: int, data: dict[str, str], action: str | None, outcome: str, user: str | None
) -> None:
    values = from_json(dump(event_id, data)).values
    assert (values.get("action"), values.get("outcome"), values.get("user")) == (action, outcome, user)


_NOBODY = {"TargetUserSid": "S-1-0-0", "TargetUserName": "-", "TargetDomainName": "-"}


@pytest.mark.parametrize(
    ("data", "user"),
    [
        ({"SubjectUserSid": "S-1-5-21-1", "SubjectUserName": "amy", "SubjectDomainName": "CITY"}, r"CITY\amy"),
        (
            {"SubjectUserSid": "S-1-5-18", "SubjectUserName": "DC01$", "SubjectDomainName": "CITY", **_NOBODY},
            r"NT AUTHORITY\SYSTEM",
        ),
        (
            {
                "SubjectUserSid": "S-1-5-18",
                "TargetUserName": "amy",
                "TargetDomainName": "CITY",
                "TargetUserSid": "S-1-5-21-1",
            },
            r"CITY\amy",  # started by the system for somebody
        ),
        ({"SubjectUserName": "amy", "SubjectDomainName": "-"}, "amy"),
        ({}, None),
    ],
)
def test_the_account_of_a_started_process_is_written_as_sysmon_does(data: dict[str, str], user: str | None) -> None:
    assert from_json(dump(4688, data)).values.get("User") == user
    assert from_json(dump(4689, data)).values.get("User") is None


def test_the_cleared_log_names_who_did_it_from_user_data() -> None:
    document = dump(1102, {})
    del document["Event"]["EventData"]
    document["Event"]["UserData"] = {
        "LogFileCleared": {"#attributes": {"xmlns": "http://x"}, "SubjectUserName": "adm", "SubjectLogonId": "0x3e7"}
    }
    row = from_json(document)
    assert (row.values["action"], row.values["user"]) == (actions.LOG_CLEARED, "adm")
    assert row.values["SubjectLogonId"] == "0x3e7"
    assert row.extra == {"ThreadID": "9"}


def test_system_events_belong_to_their_provider() -> None:
    installed = from_json(dump(7045, {"ServiceName": "x", "ImagePath": "C:\\t.exe"}, "System"))
    assert installed.dataset == "windows.system"
    assert installed.values["action"] == actions.SERVICE_INSTALLED
    assert installed.values["ImagePath"] == "C:\\t.exe"
    other = from_json(dump(7045, {}, "System", Provider={"#attributes": {"Name": "Else"}}))
    assert "action" not in other.values
    started = from_json(dump(7036, {"param1": "sshd", "param2": "running"}, "System"))
    assert started.values["action"] == actions.SERVICE_STARTED
    assert meaning("System", "Microsoft-Windows-Eventlog", 104) is not None


def test_remote_desktop_sessions() -> None:
    document = dump(21, {}, "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational")
    document["Event"]["UserData"] = {"EventXML": {"User": "CITY\\amy", "SessionID": 2, "Address": "203.0.113.9"}}
    row = from_json(document)
    assert row.dataset == "windows.other"
    assert (row.values["user"], row.values["source_ip"]) == ("amy", "203.0.113.9")
    assert row.values["action"] == actions.SESSION_OPENED


def test_sysmon_keeps_its_user_beside_the_account() -> None:
    row = from_json(dump(1, {"User": "CITY\\amy", "Image": "C:\\a.exe"}, "Microsoft-Windows-Sysmon/Operational"))
    assert row.dataset == "windows.sysmon"
    assert (row.values["User"], row.values["user"]) == ("CITY\\amy", "amy")


def test_value_rendering_is_that_of_windows() -> None:
    row = from_json(
        dump(
            1,
            {
                "ProcessGuid": "0197231E-5645-6929-C410-000000000D00",
                "ProcessId": 42,
                "Initiated": True,
                "Data": {"#text": ["a\r\nb", "c"]},
                "Gone": None,
            },
            "Microsoft-Windows-Sysmon/Operational",
        )
    )
    assert row.values["ProcessGuid"] == "{0197231e-5645-6929-c410-000000000d00}"
    assert (row.values["ProcessId"], row.values["Initiated"]) == ("42", "true")
    assert row.extra["Data"] == "a\nb\nc"
    assert "Gone" not in row.extra


def test_winlogbeat_wazuh_and_flat_shapes_agree() -> None:
    plain = from_json(dump(4625, FAILED, Keywords="0x8010000000000000"))
    beat = from_json(
        {
            "@timestamp": "2026-11-20T08:13:01.123456Z",
            "winlog": {
                "channel": "Security",
                "event_id": "4625",
                "record_id": 77,
                "computer_name": "dc01.city.lan",
                "provider_name": "Microsoft-Windows-Security-Auditing",
                "keywords": ["Audit Failure"],
                "process": {"pid": 700},
                "event_data": FAILED,
            },
        }
    )
    wazuh = from_json(
        {
            "win": {
                "system": {
                    "eventID": "4625",
                    "channel": "Security",
                    "computer": "dc01.city.lan",
                    "eventRecordID": "77",
                    "processID": "700",
                    "providerName": "Microsoft-Windows-Security-Auditing",
                    "systemTime": "2026-11-20T08:13:01.123456Z",
                    "keywords": "0x8010000000000000",
                },
                "eventdata": {name[0].lower() + name[1:]: text for name, text in FAILED.items()},
            }
        }
    )
    flat = from_json(
        {
            "EventTime": "2026-11-20 02:13:01",
            "@timestamp": "2026-11-20T08:13:01.123456Z",
            "Hostname": "dc01.city.lan",
            "Channel": "Security",
            "EventID": 4625,
            "SourceName": "Microsoft-Windows-Security-Auditing",
            "RecordNumber": 77,
            "ExecutionProcessID": 700,
            "Keywords": -9218868437227405312,
            **FAILED,
        }
    )
    for row in (beat, wazuh, flat):
        assert row.dataset == plain.dataset
        for name, value in plain.values.items():
            if name not in {"Level", "Keywords", "time_text"}:
                assert row.values[name] == value, name
    assert flat.values["Keywords"] == "0x8010000000000000"


def test_a_flat_time_without_a_zone_is_local() -> None:
    event = {"EventID": 1102, "Channel": "Security", "Hostname": "w", "TimeCreated": "2026-07-01 03:30:41.104"}
    assert from_json(event, "America/Chicago").values["time"] == datetime(2026, 7, 1, 8, 30, 41, 104000)  # noqa: DTZ001
    utc = {"EventID": 4624, "SubjectUserName": "-", "TimeGenerated": "2026-07-01T03:30:41.104"}
    row = from_json(utc, "America/Chicago")
    assert row.values["time"] == datetime(2026, 7, 1, 3, 30, 41, 104000)  # noqa: DTZ001
    assert row.dataset == "windows.security"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T08:13:01.1234567Z", (8, 13, 1, 123456)),
        ("2026-11-20 08:13:01", (8, 13, 1, 0)),
        ("2026-11-20T08:13:01.5+02:00", (6, 13, 1, 500000)),
        ("2026-11-20 08:13:01.25 UTC", (8, 13, 1, 250000)),
        ("yesterday", None),
        ("2026-13-20T08:13:01Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        (None, None),
    ],
)
def test_times(text: str | None, expected: tuple[int, int, int, int] | None) -> None:
    found = parse_time(text)
    assert (found and (found.hour, found.minute, found.second, found.microsecond)) == expected


def test_reasons_and_names() -> None:
    assert ntstatus_reason("0xC000006D", "0xC0000064") == "account does not exist"
    assert ntstatus_reason("0xC0000234", "0x0") == "account locked out"
    assert ntstatus_reason("-1073741715") == "bad user name or password"
    assert ntstatus_reason("0x0", "0x0") is None
    assert ntstatus_reason("0xC0009999") == "status 0xc0009999"
    assert kerberos_reason("0x18") == "bad password"
    assert kerberos_reason("-") is None
    assert account_name("CITY\\amy") == "amy"
    assert account_name("@") == "@"
    assert account_name("-") is None


def test_the_core_is_not_overwritten_by_event_data() -> None:
    hostile = {"time": "x", "event_id": "y", "source": "z", "extra": "e", "message": "m", "EventID": "1", "user": "u"}
    row = from_json(dump(4624, {**hostile, "TargetUserName": "amy"}))
    assert (row.values["EventID"], row.values["user"]) == (4624, "amy")
    assert {name: row.extra[name] for name in hostile} == hostile
    for dataset in DATASETS:
        if dataset.startswith("windows."):
            assert all(name[0].isupper() or name.startswith("param") for name in native_fields(dataset))


XML_REFUSED = [
    '<!DOCTYPE a [<!ENTITY x "y">]><Event><System><EventID>&x;</EventID></System></Event>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd"><Event><System><EventID>1</EventID></System></Event>',
    "<Event><System><EventID>1</EventID>",
    "<Event></Event>",
    "<Event>" + "<a>" * 200,
    "not xml",
    "<Events>",
    "</Events>",
    "<Event><System><EventID>&undefined;</EventID></System></Event>",
]


@pytest.mark.parametrize("text", XML_REFUSED)
def test_hostile_or_broken_xml_is_rejected(text: str) -> None:
    (found,) = parse(parse_windows_xml, text.encode())
    assert isinstance(found, Rejected)
    assert found.raw == text.encode()
    assert found.reason


def test_a_wrapped_document_and_a_rendered_message() -> None:
    more = "<RenderingInfo Culture='en-US'><Message>Hello\nthere</Message><Level>Information</Level></RenderingInfo>"
    event = xml(4625, FAILED, more=more).replace("\n", " ")
    row = one(parse_windows_xml, f"<?xml version='1.0' encoding='utf-16'?><Events>{event}</Events>")
    assert row.extra["Message"] == "Hello there"
    assert row.values["Level"] == 0


@pytest.mark.parametrize("text", ["[]", "1", "{}", '{"Event": 1}', '{"Event": {}}', "{", '{"a":' * 5000, "nul"])
def test_json_that_is_no_event_is_rejected(text: str) -> None:
    (found,) = parse(parse_windows_json, text.encode())
    assert isinstance(found, Rejected)


def test_security_datasets_are_read(shared_logs: Path) -> None:
    folder = shared_logs / "windows-json" / "OTRF-Security-Datasets" / "atomic" / "windows"
    counts: Counter[str] = Counter()
    for path in sorted(folder.rglob("*.json*")):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines = [line for line in data.split(b"\n") if line.strip()]
        found = parse(parse_windows_json, data)
        assert len(found) == len(lines)
        for item, line in zip(found, lines, strict=True):
            assert isinstance(item, Row)
            assert item.values["time"] is not None
            assert item.values["EventID"] == json.loads(line)["EventID"]
            counts[item.dataset] += 1
    assert counts["windows.security"] > 1000
    assert counts["windows.sysmon"] > 3000


def test_raw_xml_inside_json_is_read(shared_logs: Path) -> None:
    path = shared_logs / "windows-json" / "ops-agent" / "logging_processor-windows_event_log_raw_xml" / "input.log"
    found = parse(parse_windows_json, path.read_bytes())
    assert [item.values["EventID"] for item in found if isinstance(item, Row)] == [4567, 4567, 7036, 7036]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
SHAPES: list[Callable[[Any], Any]] = [
    lambda value: value,
    lambda value: {"Event": value},
    lambda value: {"Event": {"System": value, "EventData": value}},
    lambda value: {"Event": {"System": {"EventID": value, "TimeCreated": value}, "UserData": value}},
    lambda value: {"winlog": value, "@timestamp": value},
    lambda value: {"winlog": {"event_id": value, "event_data": value, "keywords": value, "channel": value}},
    lambda value: {"win": {"system": value, "eventdata": value}},
    lambda value: {"EventID": value, "Channel": "Security", "TimeCreated": value, "Keywords": value, "Status": value},
]


@settings(max_examples=300, deadline=None)
@given(value=JSON, shape=st.sampled_from(SHAPES))
def test_any_json_gives_one_record(value: Any, shape: Callable[[Any], Any]) -> None:
    found = parse(parse_windows_json, json.dumps(shape(value)).encode())
    assert len(found) == 1
    if isinstance(found[0], Row):
        assert set(found[0].values) <= set(DATASETS[found[0].dataset].schema.names)
    else:
        assert "parser failed" not in found[0].reason


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from(["<Event>", "<System>", "</System>", "<EventID>", "1", "</EventID>", "<Data>",
       "</Data>", "<Data Name='x'>", "<EventData>", "</EventData>", "</Event>", "<UserData>", "&amp;", "<!--", "-->",
       "<![CDATA[", "]]>", "\ud7ff", "<?x?>", "<x:y/>", "\x00"]), max_size=25))  # fmt: skip
def test_any_xml_gives_one_record(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = parse(parse_windows_xml, text.encode())
    assert len(found) == (1 if text.strip() else 0)
    assert not [item for item in found if isinstance(item, Rejected) and "parser failed" in item.reason]
