# ruff: noqa: DTZ001  (times in the lake are UTC without a zone)
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from breachwatch import lake
from breachwatch.lake import AUTHENTICATION_SCHEMA
from breachwatch.workspace import Workspace
from tests.unit.lake.making import batch, logon, stored_segment

NOON = datetime(2026, 11, 20, 18, 0)  # a Friday, noon in Chicago


def attempts(ws: Workspace, columns: str = "*", **datasets: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The view's rows, by record number, over these rows of each dataset."""
    segment = stored_segment(ws)
    first = 0
    batches = []
    for name, rows in datasets.items():
        listed = list(rows)
        batches.append(batch(segment, name.replace("_", "."), listed, first))
        first += len(listed)
    lake.land(ws, segment, batches)
    with lake.connect(ws) as con:
        return con.sql(f"SELECT {columns} FROM authentication ORDER BY record_number").to_arrow_table().to_pylist()


def windows(event: int, name: str | None = "mira", at: datetime | None = NOON, **more: Any) -> dict[str, Any]:
    base = {
        "EventID": event,
        "TargetUserName": name,
        "TargetDomainName": "CITY",
        "time": at,
        "host": "dc01",
        "user": name,
    }
    return base | more


def test_columns_and_types_are_as_declared(ws: Workspace) -> None:
    for filled in (False, True):
        if filled:
            rows = {"linux_auth": [logon(NOON)], "linux_utmp": [logon(NOON)], "network_vpn": [logon(NOON)]}
            assert len(attempts(ws, **rows, windows_security=[windows(4624), windows(4776, Status="0xc000006a")])) == 4
        with lake.connect(ws) as con:
            schema = con.sql("SELECT * FROM authentication").to_arrow_table().schema
        assert schema.names == AUTHENTICATION_SCHEMA.names
        assert schema.types == AUTHENTICATION_SCHEMA.types


def test_a_linux_sign_in(ws: Workspace) -> None:
    rows = [logon(NOON, "mira", "success", session_id="7"), logon(NOON, "mira", action="session-opened")]
    (row,) = attempts(ws, linux_auth=rows)
    wanted = {
        "dataset": "linux.auth",
        "user": "mira",
        "user_domain": None,
        "application": "sshd",
        "auth_method": "password",
        "outcome": "success",
        "session_id": "7",
        "logon_type": None,
        "account_kind": "person",
        "source_ip": "203.0.113.7",
        "host": "web01",
        "repeat_count": 1,
    }
    assert {key: row[key] for key in wanted} == wanted


NAMES = [
    ("mira", "mira", None, "person"),
    (r"CITY\mira", "mira", "CITY", "person"),
    ("mira@city.example", "mira", "city.example", "person"),
    (r"CITY\mira@city.example", "mira@city.example", "CITY", "person"),
    ("root", "root", None, "system"),
    ("svc-backup", "svc-backup", None, "service"),
    ("SVC_sql", "SVC_sql", None, "service"),
    ("svcadmin", "svcadmin", None, "person"),
    ("WEB01$", "WEB01$", None, "computer"),
    ("DWM-3", "DWM-3", None, "system"),
    ("UMFD-0", "UMFD-0", None, "system"),
    ("DWM-fan", "DWM-fan", None, "person"),
    ("NETWORK SERVICE", "NETWORK SERVICE", None, "system"),
    (r"NT AUTHORITY\SYSTEM", "SYSTEM", "NT AUTHORITY", "system"),
    ("ANONYMOUS LOGON", "ANONYMOUS LOGON", None, "system"),
    ("@odd", "@odd", None, "person"),
    ("odd@", "odd", None, "person"),
    (r"\odd", "odd", None, "person"),
    ("-", None, None, None),
    ("", None, None, None),
    (None, None, None, None),
]


def test_names_fall_into_user_domain_and_kind(ws: Workspace) -> None:
    rows = attempts(ws, linux_auth=[logon(NOON, written) for written, *_ in NAMES])
    found = [(row["user"], row["user_domain"], row["account_kind"]) for row in rows]
    assert found == [(user, domain, kind) for _, user, domain, kind in NAMES]


LOCAL_TIMES = [
    (datetime(2026, 11, 20, 12, 0), datetime(2026, 11, 20, 6, 0), 6, 5, False),
    (datetime(2026, 11, 20, 11, 59), datetime(2026, 11, 20, 5, 59), 5, 5, True),
    (datetime(2026, 11, 21, 1, 59), datetime(2026, 11, 20, 19, 59), 19, 5, False),
    (datetime(2026, 11, 21, 2, 0), datetime(2026, 11, 20, 20, 0), 20, 5, True),
    (datetime(2026, 11, 22, 18, 0), datetime(2026, 11, 22, 12, 0), 12, 7, True),
    (datetime(2026, 7, 3, 11, 0), datetime(2026, 7, 3, 6, 0), 6, 5, False),  # summer: one hour nearer to UTC
    (None, None, None, None, None),
    (datetime(1, 1, 1), None, None, None, None),
]


def test_local_time_and_working_hours(ws: Workspace) -> None:
    rows = attempts(ws, linux_auth=[logon(at) for at, *_ in LOCAL_TIMES])
    columns = ("local_time", "local_hour", "local_weekday", "outside_hours")
    assert [tuple(row[name] for name in columns) for row in rows] == [tuple(wanted) for _, *wanted in LOCAL_TIMES]


def test_working_hours_come_from_the_settings(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws("[detect]\nworking_hours = [0, 24]\nworking_days = [6, 7]\n")
    rows = [logon(NOON), logon(NOON + timedelta(days=1)), logon(NOON + timedelta(days=1, hours=12))]
    assert [row["outside_hours"] for row in attempts(ws, linux_auth=rows)] == [True, False, False]
    never = make_ws("[detect]\nworking_days = []\n", folder="never")
    assert [row["outside_hours"] for row in attempts(never, linux_auth=rows)] == [True, True, True]


def test_utmp_counts_only_where_the_auth_log_is_missing(ws: Workspace) -> None:
    auth = [logon(NOON, host="web01.city.example")]
    utmp = [logon(NOON, host=host) for host in ("WEB01", "db01", None)]
    rows = attempts(ws, "dataset, host", linux_auth=auth, linux_utmp=[*utmp, logon(NOON, action="session-closed")])
    assert [(row["dataset"], row["host"]) for row in rows] == [
        ("linux.auth", "web01.city.example"),
        ("linux.utmp", "db01"),
        ("linux.utmp", None),
    ]


def test_utmp_alone(ws: Workspace) -> None:
    (row,) = attempts(ws, linux_utmp=[logon(NOON, program=None)])
    assert (row["dataset"], row["application"]) == ("linux.utmp", "login")


def test_the_audit_daemon_counts_only_where_the_auth_log_is_missing(ws: Workspace) -> None:
    audited = {"program": "auditd", "exe": "/usr/sbin/sshd"}
    rows = {
        "linux_auth": [logon(NOON, host="web01"), logon(NOON, host="mail01", action="session-opened")],
        "linux_auditd": [logon(NOON, host=host, **audited) for host in ("web01.city.example", "mail01", "db01")],
        "linux_utmp": [logon(NOON, host=host) for host in ("WEB01", "mail01", "db01", "old01")],
    }
    found = [(row["dataset"], row["host"], row["application"]) for row in attempts(ws, **rows)]
    assert found == [
        ("linux.auth", "web01", "sshd"),
        ("linux.auditd", "mail01", "sshd"),
        ("linux.auditd", "db01", "sshd"),
        ("linux.utmp", "old01", "sshd"),
    ]


def test_sign_ins_to_network_devices_and_web_servers(ws: Workspace) -> None:
    devices = [logon(NOON, program="asa"), logon(NOON, program="asa", action="command-run")]
    pages = [logon(NOON, program="nginx", outcome="failure"), logon(NOON, program=None, action=None)]
    found = attempts(ws, network_device=devices, web_error=pages)
    assert [(row["dataset"], row["application"]) for row in found] == [
        ("network.device", "asa"),
        ("web.error", "nginx"),
    ]


def test_vpn_sign_ins(ws: Workspace) -> None:
    (row,) = attempts(ws, network_vpn=[logon(NOON, program="openvpn"), logon(NOON, action="connection")])
    assert (row["dataset"], row["application"]) == ("network.vpn", "openvpn")


def test_windows_sign_ins(ws: Workspace) -> None:
    rows = [
        windows(4624, LogonType="3", AuthenticationPackageName="Kerberos", TargetLogonId="0x3e7a", IpPort="50001"),
        windows(4624, LogonType="10", AuthenticationPackageName="Negotiate"),
        windows(4624, "WEB01$", LogonType="3", AuthenticationPackageName="NTLM", LmPackageName="NTLM V2"),
        windows(4624, "ANONYMOUS LOGON", LogonType="3", LmPackageName="NTLM V1", TargetUserSid="S-1-5-7"),
        windows(4624, "СИСТЕМА", LogonType="5", TargetUserSid="S-1-5-18", TargetDomainName="-"),
        windows(4634),
        windows(4672),
    ]
    found = attempts(ws, windows_security=rows)
    columns = ("outcome", "application", "auth_method", "logon_type", "account_kind", "user_domain", "session_id")
    assert [tuple(row[name] for name in columns) for row in found] == [
        ("success", "windows", "kerberos", "3", "person", "CITY", "0x3e7a"),
        ("success", "remote-desktop", "interactive", "10", "person", "CITY", None),
        ("success", "windows", "ntlm", "3", "computer", "CITY", None),
        ("success", "windows", "ntlm", "3", "system", "CITY", None),
        ("success", "windows", "service", "5", "system", None, None),
    ]


REASONS = [
    ("0xc000006d", "0xC000006A", "wrong password"),
    ("0xc000006d", "0xc0000064", "unknown user"),
    ("0xc0000234", "0x0", "account locked out"),
    ("0xc0000072", None, "account disabled"),
    ("0xc00009ff", "0x00000000", "0xc00009ff"),
    (None, None, None),
    ("-", "-", None),
]


def test_why_a_windows_sign_in_failed(ws: Workspace) -> None:
    rows = [windows(4625, Status=status, SubStatus=sub_status) for status, sub_status, _ in REASONS]
    found = attempts(ws, windows_security=rows)
    assert [row["failure_reason"] for row in found] == [reason for *_, reason in REASONS]
    assert {row["outcome"] for row in found} == {"failure"}


def test_an_administrators_linked_sign_ins_are_one_attempt(ws: Workspace) -> None:
    rows = [
        windows(4624, ElevatedToken="%%1842", extra='{"TargetLinkedLogonId": "0x51"}'),
        windows(4624, ElevatedToken="%%1843", extra='{"TargetLinkedLogonId": "0x52"}'),
        windows(4624, ElevatedToken="%%1843", extra='{"TargetLinkedLogonId": "0x0"}'),
        windows(4624, ElevatedToken="%%1843", extra="not json"),
        windows(4624, ElevatedToken="%%1843", extra=None),
        windows(4624, ElevatedToken=None, extra='{"TargetLinkedLogonId": "0x52"}'),
    ]
    assert [row["record_number"] for row in attempts(ws, windows_security=rows)] == [1, 3, 4, 5, 6]


def test_failures_that_a_domain_controller_tells(ws: Workspace) -> None:
    rows = [
        windows(4771, "a", Status="0x18"),
        windows(4768, "b", Status="0x6"),
        windows(4768, "c", Status="0x00000012"),
        windows(4776, "d", Status="0xC000006A"),
        windows(4768, "ok", Status="0x0"),
        windows(4776, "ok", Status="0x00000000"),
        windows(4771, "ask", Status="0x19"),
        windows(4768, "none", Status=None),
        windows(4769, "ticket", Status="0x6"),
    ]
    found = attempts(ws, windows_security=rows)
    assert [(row["user"], row["application"], row["outcome"], row["failure_reason"]) for row in found] == [
        ("a", "kerberos", "failure", "wrong password"),
        ("b", "kerberos", "failure", "unknown user"),
        ("c", "kerberos", "failure", "account disabled, expired or locked out"),
        ("d", "ntlm", "failure", "wrong password"),
    ]


def test_one_failure_told_by_two_computers_counts_once(ws: Workspace) -> None:
    told_by_both = [
        windows(4625, "mira", NOON, host="pc07", Status="0xc000006d"),
        windows(4771, r"CITY\MIRA", NOON + timedelta(seconds=1), Status="0x18"),
        windows(4776, "Mira@city.example", NOON - timedelta(seconds=1), Status="0xc000006a"),
    ]
    told_by_one = [
        windows(4776, "mira", NOON + timedelta(seconds=10), Status="0xc000006a"),
        windows(4776, "otto", NOON, Status="0xc000006a"),
        windows(4776, None, NOON, Status="0xc000006a"),
        windows(4776, "mira", None, Status="0xc000006a"),
    ]
    found = attempts(ws, windows_security=told_by_both + told_by_one)
    assert [row["record_number"] for row in found] == [1, 4, 5, 6, 7]


def test_no_row_appears_twice(ws: Workspace) -> None:
    rows = [windows(4625, "mira", NOON + timedelta(seconds=n)) for n in range(20)]
    rows += [windows(4771, f"user{n}", NOON + timedelta(seconds=n), Status="0x18") for n in range(20)]
    found = attempts(ws, windows_security=rows)
    assert len({row["event_id"] for row in found}) == len(found) == 40


def test_a_name_that_is_not_there_counts_once(ws: Workspace) -> None:
    """A server that takes keys only writes "Invalid user" and no more; elsewhere the attempt itself follows."""

    def named(seconds: int, process: int | None, user: str | None = "admin", **more: Any) -> dict[str, Any]:
        base = {
            "time": NOON + timedelta(seconds=seconds),
            "user": user,
            "source_ip": "203.0.113.7",
            "program": "sshd",
            "process_id": process,
            "outcome": "failure",
            "failure_reason": "invalid user",
            "message": f"Invalid user {user} from 203.0.113.7 port 4000",
        }
        return base | more

    def tried(seconds: int, process: int | None, user: str | None = "admin", **more: Any) -> dict[str, Any]:
        said = f"Failed password for invalid user {user} from 203.0.113.7 port 4000 ssh2"
        return named(seconds, process, user, message=said, action="logon", auth_method="password", **more)

    counted = [named(0, 1), named(1, 2, None, program="sshd-session"), named(2, None), named(3, 1, host="db01")]
    told = [named(10, 20), named(11, 21, "bob"), named(12, None, "eve")]
    attempts_of_these = [tried(12, 20), tried(13, 20), tried(14, 21, "bob"), tried(15, None, "eve")]
    # Another process, another name, and a process number that came again after an hour tell of other attempts.
    others = [named(20, 30), tried(21, 31), tried(22, 30, "carl"), tried(3622, 30)]
    nothing = [
        named(30, 40, message="input_userauth_request: invalid user admin [preauth]"),
        named(
            31, 41, message="Connection closed by invalid user admin 203.0.113.7 port 4000", action="connection-closed"
        ),
        named(32, 42, program="other"),
    ]
    rows = attempts(
        ws,
        "process_id, host, action, application, outcome, failure_reason",
        linux_auth=[*counted, *told, *attempts_of_these, *others, *nothing],
    )
    found = [(row["process_id"], row["host"], row["action"]) for row in rows]
    assert found == [
        *((1, "web01", None), (2, "web01", None), (None, "web01", None), (1, "db01", None)),
        *((20, "web01", "logon"), (20, "web01", "logon"), (21, "web01", "logon"), (None, "web01", "logon")),
        *((30, "web01", None), (31, "web01", "logon"), (30, "web01", "logon"), (30, "web01", "logon")),
    ]
    assert {(row["outcome"], row["failure_reason"]) for row in rows} == {("failure", "invalid user")}
    assert {row["application"] for row in rows} == {"sshd", "sshd-session"}
