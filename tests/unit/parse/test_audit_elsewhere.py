"""Audit records in syslog and the journal, and Sysmon for Linux."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from tests.unit.parse.support import message, one_event, parsed
from tests.unit.parse.test_auditd_events import execve

SYSMON = (
    '<Event><System><Provider Name="Linux-Sysmon" Guid="{ff032593-a8d3-4f13-b0d6-01fc615a0f97}"/><EventID>%d</EventID>'
    "<Version>5</Version><Level>4</Level><Task>1</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>"
    '<TimeCreated SystemTime="2026-11-22T10:14:59.123456000Z"/><EventRecordID>77</EventRecordID><Correlation/>'
    '<Execution ProcessID="900" ThreadID="901"/><Channel>Linux-Sysmon/Operational</Channel><Computer>db01</Computer>'
    '<Security UserId="0"/></System><EventData>%s</EventData></Event>'
)


def sysmon(number: int, **data: str) -> str:
    return SYSMON % (number, "".join(f'<Data Name="{name}">{value}</Data>' for name, value in data.items()))


def test_sysmon_for_linux_writes_events_as_xml() -> None:
    text = sysmon(
        1, Image="/usr/bin/curl", CommandLine="curl -o /tmp/x http://198.51.100.7/x", User="root", LogonId="0",
        CurrentDirectory="/tmp", ParentImage="/usr/bin/bash", ProcessId="4242",
    )  # fmt: skip
    event = one_event("syslog", f"Nov 22 04:15:00 relay sysmon[812]: {text}\n".encode())
    assert (event["dataset"], event["EventID"], event["EventRecordID"]) == ("linux.sysmon", 1, 77)
    assert (event["Image"], event["ParentImage"]) == ("/usr/bin/curl", "/usr/bin/bash")
    assert (event["CommandLine"], event["CurrentDirectory"]) == ("curl -o /tmp/x http://198.51.100.7/x", "/tmp")
    assert (event["User"], event["user"], event["ProcessId"]) == ("root", "root", "4242")
    assert event["action"] == "process-started"
    assert (event["host"], event["Channel"]) == ("db01", "Linux-Sysmon/Operational")
    assert event["time"] == datetime(2026, 11, 22, 10, 14, 59, 123456)  # noqa: DTZ001


def test_long_events_of_sysmon_are_read_too() -> None:
    text = sysmon(1, Image="/usr/bin/x", CommandLine="x " + "y" * 20_000)
    assert one_event("syslog", f"Nov 22 04:15:00 db01 sysmon: {text}\n".encode())["dataset"] == "linux.sysmon"


def test_an_event_that_was_cut_off_keeps_its_text() -> None:
    event = message("sysmon", sysmon(1, Image="/usr/bin/x")[:300])
    assert event["dataset"] == "linux.syslog"


def test_another_channel_is_not_taken_for_sysmon_because_of_the_program() -> None:
    text = sysmon(4625, TargetUserName="root").replace("Linux-Sysmon/Operational", "Security")
    assert message("sysmon", text)["dataset"] == "linux.syslog"


def test_sysmon_without_syslog_around_it() -> None:
    event = one_event("windows-xml", sysmon(3, DestinationIp="203.0.113.9", Initiated="true").encode())
    assert (event["dataset"], event["DestinationIp"]) == ("linux.sysmon", "203.0.113.9")


def test_the_audit_daemon_in_syslog_is_joined_as_in_its_own_file() -> None:
    lines = [f"<14>Nov 22 04:15:00 relay audispd: node=db01 {line}" for line in execve(1)]
    lines.insert(2, "Nov 22 04:15:00 relay CRON[1]: between")
    result = parsed("syslog", "\n".join(lines).encode())
    assert [event["record_number"] for event in result.events] == list(range(1, 8))
    started = [event for event in result.events if event.get("action") == "process-started"]
    assert [(event["host"], event["CommandLine"]) for event in started] == [("db01", "cat /etc/shadow")]
    assert result.events[2]["dataset"] == "linux.cron"


def test_the_kernel_writes_records_by_number() -> None:
    text = (
        'audit: type=1400 audit(1795336500.123:9): apparmor="DENIED" operation="open" name="/etc/shadow" '
        'pid=77 comm="cupsd"'
    )
    event = one_event("syslog", f"Nov 22 04:15:00 web01 kernel: [  123.456] {text}\n".encode())
    assert (event["dataset"], event["type"], event["name"]) == ("linux.auditd", "AVC", "/etc/shadow")
    assert (event["outcome"], event["process_id"], event["audit_id"]) == ("failure", 77, "1795336500.123:9")


def journal(text: str, **fields: Any) -> bytes:
    entry = {
        "__CURSOR": f"s=1;i={fields.get('_AUDIT_ID')}",
        "__REALTIME_TIMESTAMP": "1795336500125000",
        "_SOURCE_REALTIME_TIMESTAMP": "1795336500123000",
        "_TRANSPORT": "audit",
        "_HOSTNAME": "web01",
        "SYSLOG_IDENTIFIER": "audit",
        "_AUDIT_FIELD_EXE": '"/usr/sbin/sshd"',
        "MESSAGE": text,
        **fields,
    }
    return json.dumps(entry).encode() + b"\n"


def test_audit_records_in_the_journal() -> None:
    data = journal(
        'USER_LOGIN pid=812 uid=0 auid=1000 ses=3 msg=\'op=login acct="jmeyer" exe="/usr/sbin/sshd" '
        "addr=203.0.113.9 res=success'",
        _AUDIT_ID="41",
        _AUDIT_TYPE="1112",
    )
    event = one_event("journald-json", data)
    assert (event["dataset"], event["type"], event["audit_id"]) == ("linux.auditd", "USER_LOGIN", "1795336500.123:41")
    assert (event["action"], event["user"], event["source_ip"]) == ("logon", "jmeyer", "203.0.113.9")
    assert (event["host"], event["process_id"]) == ("web01", 812)
    assert "_AUDIT_FIELD_EXE" not in event["extra"]


def test_events_in_the_journal_are_joined() -> None:
    data = b"".join(
        journal(line.partition("type=")[2].replace("msg=audit(1795336500.123:1): ", ""), _AUDIT_ID="1")
        for line in execve(1)
    )
    (started,) = [event for event in parsed("journald-json", data).events if event.get("action") == "process-started"]
    assert (started["CommandLine"], started["CurrentDirectory"]) == ("cat /etc/shadow", "/root")


def test_other_audit_messages_of_the_journal_stay_messages() -> None:
    assert one_event("journald-json", journal("audit: backlog limit exceeded"))["dataset"] == "linux.syslog"
