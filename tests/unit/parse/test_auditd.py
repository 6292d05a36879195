"""Records of the audit daemon: fields, encodings, meanings."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from breachwatch.model.formats import recognise
from tests.unit.parse.support import one_event, parsed

SYSCALL = (
    "type=SYSCALL msg=audit(1795336500.123:456): arch=c000003e syscall=59 success=yes exit=0 a0=55 a1=56 a2=57 a3=8 "
    "items=2 ppid=2000 pid=2001 auid=1000 uid=1000 gid=1000 euid=0 suid=0 fsuid=0 egid=1000 sgid=1000 fsgid=1000 "
    'tty=pts0 ses=7 comm="passwd" exe="/usr/bin/passwd" key="identity"'
)


def record(text: str, **segment: Any) -> dict[str, Any]:
    return one_event("auditd", text.encode() + b"\n", **segment)


def test_a_system_call() -> None:
    event = record(SYSCALL, host="web01")
    assert event["dataset"] == "linux.auditd"
    assert event["time"] == datetime(2026, 11, 22, 8, 35, 0, 123000)  # noqa: DTZ001
    assert (event["host"], event["program"], event["process_id"]) == ("web01", "auditd", 2001)
    assert (event["type"], event["audit_id"]) == ("SYSCALL", "1795336500.123:456")
    assert (event["syscall"], event["SYSCALL"], event["success"], event["a0"]) == ("59", "execve", "yes", "55")
    assert (event["auid"], event["euid"], event["ppid"], event["ses"]) == ("1000", "0", "2000", "7")
    assert (event["comm"], event["exe"], event["key"]) == ("passwd", "/usr/bin/passwd", "identity")
    assert (event["action"], event["outcome"]) == ("process-started", "success")
    assert "user" not in event  # the number 1000 is another person on every host


def test_the_enriched_format_names_accounts() -> None:
    event = record(SYSCALL + '\x1dARCH=x86_64 SYSCALL=execve AUID="jmeyer" UID="jmeyer" EUID="root"')
    assert (event["AUID"], event["UID"], event["EUID"], event["SYSCALL"]) == ("jmeyer", "jmeyer", "root", "execve")
    assert (event["user"], event["User"]) == ("jmeyer", "jmeyer")
    assert event["extra"]["ARCH"] == "x86_64"


@pytest.mark.parametrize(("arch", "number", "name"), [("40000003", 11, "execve"), ("c00000b7", 221, "execve")])
def test_system_calls_have_other_numbers_elsewhere(arch: str, number: int, name: str) -> None:
    event = record(SYSCALL.replace("c000003e", arch).replace("syscall=59", f"syscall={number}"))
    assert event["SYSCALL"] == name


def test_an_unknown_architecture_keeps_the_number() -> None:
    event = record(SYSCALL.replace("c000003e", "8000ffff"))
    assert event["syscall"] == "59"
    assert "SYSCALL" not in event


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ('"/tmp/a"', "/tmp/a"),
        ("2F746D702F6120622263", '/tmp/a b"c'),
        ("2F746D702FC3A4", "/tmp/ä"),
        ("2F746D702FFF", "/tmp/\\xff"),
        ("(null)", None),
        ("/tmp/plain", "/tmp/plain"),  # ausearch -i
        ("BEE", "BEE"),  # an odd number of digits encodes nothing
    ],
)
def test_values_in_quotes_and_in_hexadecimal(written: str, means: str | None) -> None:
    event = record(f"type=PATH msg=audit(1795336500.123:456): item=0 name={written} inode=1 nametype=NORMAL")
    assert event.get("name") == means


def test_arguments_are_decoded_and_joined() -> None:
    event = record(
        'type=EXECVE msg=audit(1795336500.123:456): argc=12 a0="curl" a1="-k" a2=6120226220 a3_len=6 a3[0]="ab" '
        'a3[1]=63 a4="a5=fake" a5="5" a6="6" a7="7" a8="8" a9="9" a10="ten" a11="x=y"'
    )
    assert [event[f"a{number}"] for number in range(6)] == ["curl", "-k", 'a "b ', "abc", "a5=fake", "5"]
    assert event["CommandLine"] == 'curl -k a "b  abc a5=fake 5 6 7 8 9 ten x=y'
    assert event["extra"] == {"a10": "ten", "a11": "x=y"}


def test_what_a_program_says_in_quotes() -> None:
    event = record(
        "type=USER_LOGIN msg=audit(1795336500.123:456): pid=812 uid=0 auid=4294967295 ses=4294967295 msg='op=login "
        'acct="jmeyer" exe="/usr/sbin/sshd" hostname=? addr=203.0.113.9 terminal=sshd res=failed\''
    )
    assert (event["action"], event["outcome"]) == ("logon", "failure")
    assert (event["user"], event["source_ip"]) == ("jmeyer", "203.0.113.9")
    assert (event["failure_reason"], event["exe"]) == ("authentication failure", "/usr/sbin/sshd")
    assert "session_id" not in event  # 4294967295 is none


def test_a_name_that_nobody_has_is_no_account() -> None:
    event = record(
        "type=USER_LOGIN msg=audit(1795336500.123:456): pid=812 uid=0 auid=4294967295 msg='op=login "
        'acct=28696E76616C6964207573657229 exe="/usr/sbin/sshd" addr=2001:db8::1 res=failed\''
    )
    assert (event["acct"], event["failure_reason"]) == ("(invalid user)", "invalid user")
    assert "user" not in event


def test_an_account_name_cannot_fake_an_outcome() -> None:
    name = b'x" addr=10.0.0.1 res=success'.hex().upper()
    event = record(
        f"type=USER_LOGIN msg=audit(1795336500.123:456): pid=812 uid=0 msg='op=login acct={name} "
        'exe="/usr/sbin/sshd" addr=203.0.113.9 res=failed\''
    )
    assert (event["outcome"], event["source_ip"]) == ("failure", "203.0.113.9")
    assert event["user"] == 'x" addr=10.0.0.1 res=success'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "type=ADD_USER {} msg='op=add-user acct=\"eve\" res=success'",
            {"action": "user-created", "target_user": "eve"},
        ),
        ("type=DEL_USER {} msg='op=delete-user acct=\"eve\" res=success'", {"action": "user-deleted"}),
        ("type=USER_MGMT {} msg='op=change-password acct=\"eve\" res=success'", {"action": "password-changed"}),
        ('type=GRP_MGMT {} msg=\'op=add-user-to-group grp="wheel" acct="eve"\'', {"action": "group-member-added"}),
        ("type=GRP_MGMT {} msg='op=add-shadow-group id=7 res=success'", {"outcome": "success"}),
        ("type=ACCT_LOCK {} msg='op=locked-password acct=\"eve\" res=success'", {"action": "user-disabled"}),
        ("type=USER_CHAUTHTOK {} msg='op=PAM:chauthtok acct=\"eve\" res=failed'", {"outcome": "failure"}),
        ("type=USER_CMD {} msg='cwd=\"/\" cmd=6964202D75 res=success'", {"CommandLine": "id -u", "user": "jmeyer"}),
        ("type=USER_AUTH {} msg='op=pubkey_auth acct=\"eve\" addr=10.0.0.9 res=success'", {"auth_method": "publickey"}),
        ("type=USER_START {} msg='op=PAM:session_open acct=\"eve\" res=success'", {"action": "session-opened"}),
        ("type=SERVICE_STOP {} msg='unit=firewalld comm=\"systemd\" res=success'", {"unit": "firewalld"}),
        ('type=CONFIG_CHANGE {} op=remove_rule key="identity" res=1', {"action": "configuration-changed"}),
        ("type=DAEMON_END {} auditd normal halt, sending auid=? pid=? res=success", {"action": "service-stopped"}),
        ('type=1400 audit(1.0:1): apparmor="DENIED" operation="open" name="/etc/x"', {"type": "AVC", "name": "/etc/x"}),
        ('type=AVC {} avc:  denied  { read } for  pid=13010 comm="pickup"', {"outcome": "failure", "comm": "pickup"}),
    ],
)
def test_meanings(text: str, expected: dict[str, Any]) -> None:
    head = "msg=audit(1795336500.123:456): pid=9 uid=0 auid=1000"
    event = record(text.replace("{}", head) + '\x1dAUID="jmeyer" UID="root"')
    assert {name: event.get(name) for name in expected} == expected


def test_what_ausearch_prints() -> None:
    text = (
        "----\ntype=SYSCALL msg=audit(11/22/2026 00:35:00.123:456) : arch=x86_64 syscall=execve success=yes pid=2001 "
        "auid=jmeyer uid=root comm=python3 exe=/usr/bin/python3.11 key=(null) \n"
        "type=PROCTITLE msg=audit(11/22/2026 00:35:00.123:456) : proctitle=python3 -c a=1 b=2 \n"
    )
    assert recognise(text.encode()) is not None
    result = parsed("auditd", text.encode(), time_zone="America/Chicago")
    call, title = result.events
    assert [reject["reason"] for reject in result.rejects] == ["a line that ausearch puts between events"]
    assert call["time"] == title["time"] == datetime(2026, 11, 22, 6, 35, 0, 123000)  # noqa: DTZ001
    assert (call["SYSCALL"], call["user"], call["User"]) == ("execve", "jmeyer", "root")
    assert title["proctitle"] == call["CommandLine"] == "python3 -c a=1 b=2"


@pytest.mark.parametrize("saddr", ["02000050CB007109", "02000050CB0071090000000000000000"])
def test_socket_addresses(saddr: str) -> None:
    event = record(f"type=SOCKADDR msg=audit(1795336500.123:456): saddr={saddr}")
    assert (event["DestinationIp"], event["DestinationPort"]) == ("203.0.113.9", "80")


def test_a_local_socket_has_no_address() -> None:
    assert "DestinationIp" not in record("type=SOCKADDR msg=audit(1.0:1): saddr=01002F7661722F72756E2F6E736364")


@pytest.mark.parametrize(
    "line",
    ["type=UNKNOWN[1329] msg=?", "audit(1.0:1): no type", "type=CWD msg=audit(): x", "Nov 22 04:15:00 web01 x: y"],
)
def test_other_lines_are_rejects(line: str) -> None:
    result = parsed("auditd", line.encode() + b"\n")
    assert (len(result.events), len(result.rejects)) == (0, 1)


@pytest.mark.parametrize("piece", ["a", "a-", 'a="', " a0=x", 'a0="b" a1=', "msg='"])
def test_no_record_takes_long(piece: str) -> None:
    line = "type=EXECVE msg=audit(1.0:1): " + piece * (200_000 // len(piece))
    begun = process_time()
    assert len(parsed("auditd", line.encode()).records) == 1
    assert process_time() - begun < 3


# go-libaudit turns error numbers into names and calls some fields otherwise; here they stay as the record has them.
_OTHER_WORDS = {"exit", "sig", "seperms", "seresult", "new_auid", "old_auid", "family", "addr", "port", "path", "arch"}


def test_golden_records_of_go_libaudit(shared_logs: Path) -> None:
    compared = 0
    for golden in sorted((shared_logs / "linux-auditd" / "go-libaudit").glob("*.golden")):
        result = parsed("auditd", golden.with_suffix("").read_bytes())
        events = {event["message"].split("msg=", 1)[1]: event for event in result.events}
        for expected in json.loads(golden.read_text(encoding="utf-8")):
            if expected is None:
                continue  # the record without a time: a reject
            event = events[expected["raw_msg"]]
            have = {**event["extra"], **event, "pid": event.get("process_id"), "syscall": event.get("SYSCALL")}
            assert event["type"] == expected["record_type"].upper()
            for name, value in expected["data"].items():
                if name in _OTHER_WORDS or name.startswith(("subj", "obj")):
                    continue
                if name == "result":
                    assert event["outcome"].startswith(value), expected["raw_msg"]
                elif value != "unset":
                    assert str(have[name]) == value, (name, expected["raw_msg"])
                    compared += 1
            assert expected.get("tags", []) == event.get("key", "").split() or not expected.get("tags")
    assert compared > 300
