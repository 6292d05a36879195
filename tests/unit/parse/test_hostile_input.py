"""Promises of every parser, whatever the bytes: nothing raises, nothing is lost, nothing changes on a second reading."""  # noqa: E501

from __future__ import annotations

import gzip
import io
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from breachwatch.model.formats import format_named
from breachwatch.parse import PARSERS, parse
from breachwatch.settings import Limits
from tests.unit.parse.support import make_segment
from tests.unit.parse.test_journald import ENTRY, as_export, as_json
from tests.unit.parse.test_utmp import record
from tests.unit.parse.test_web_access import LINE

TEXT_FORMATS = sorted(name for name in PARSERS if format_named(name).framing == "lines")
FORMATS = sorted(name for name in PARSERS if name != "evtx")  # EVTX has its own tests over damaged files

SYSLOG = b"""Nov 22 04:15:00 web01 sshd[7]: Failed password for invalid user a from 203.0.113.9 port 1 ssh2
<86>1 2026-11-22T10:15:00Z web01 sudo 7 - [x a="b"] jmeyer : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/id
<166>Nov 22 04:15:01 asa01 %ASA-6-605004: Login denied from 203.0.113.9/1 to outside:198.51.100.1/ssh for user "root"
<189>date=2026-11-22 time=04:15:00 devname="fw01" logid="1" type="event" subtype="vpn" action="tunnel-up" user="a"
Nov 22 04:15:01 pa 1,2026/11/22 04:15:00,007,TRAFFIC,end,1,2026/11/22 04:15:00,10.0.0.1,8.8.8.8,0.0.0.0,0.0.0.0,r,u,,dns
<4>Nov 22 04:15:01 fw01 kernel: [UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.9 DST=10.0.0.4 PROTO=TCP SPT=1 DPT=22 SYN

Feb 29 23:59:60 web01 last message repeated 3 times
"""
AUDITD = b"""type=SYSCALL msg=audit(1.0:1): arch=c000003e syscall=59 success=yes pid=1 comm="a" exe="/a" key=6B\x01
type=EXECVE msg=audit(1.0:1): argc=2 a0="a" a1[0]=62 a1[1]="c"
type=SOCKADDR msg=audit(1.0:1): saddr=02000050CB007109
type=USER_LOGIN msg=audit(1.0:2): pid=1 uid=0 msg='op=login acct="a" addr=203.0.113.9 res=failed'\x1dUID="root"
"""
CLOUD = b"""[{"eventVersion":"1.08","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"a",
"userIdentity":{"type":"IAMUser","arn":"a/b"},"eventTime":"2026-11-22T10:15:00Z","requestParameters":{"userName":"x"}},
{"createdDateTime":"2026-11-22T10:15:00Z","appDisplayName":"a","userPrincipalName":"b","status":{"errorCode":50126}},
{"id":{"applicationName":"login","time":"2026-11-22T10:15:00Z"},"events":[{"name":"login_failure","parameters":
[{"name":"login_type","value":"exchange"}]}]},{"eventType":"user.session.start","published":"2026-11-22T10:15:00Z",
"actor":{"alternateId":"a"},"target":[{"type":"User"}],"outcome":{"result":"FAILURE"}},
{"activityDisplayName":"a","targetResources":[{"modifiedProperties":[{"displayName":"a","newValue":"\\"b\\""}]}]}]
{"Records": [{"operationName":"A/B/WRITE","resourceId":"a","time":"2026-11-22T10:15:00Z"}]}
{"protoPayload":{"methodName":"a","authorizationInfo":[{"permission":"b"}]},"logName":"a/logs/b"}
"""
M365 = (
    b""""AzureActiveDirectory","11/22/2026","a","UserLoginFailed","{""CreationTime"":""2026-11-22T10:15:00"","""
    b"""""Operation"":""UserLoginFailed"",""RecordType"":15,""UserId"":""a"",""ClientIP"":""203.0.113.9:1"","""
    b'''""ExtendedProperties"":[{""Name"":""RequestType"",""Value"":""b""}],""ErrorNumber"":""50126""}","1","2"'''
)
SEEDS = {
    "cloud-json": CLOUD,
    "cloud-api": CLOUD,
    "m365-csv": M365 + b"\r\n" + M365,
    "syslog": SYSLOG,
    "journald-json": as_json(ENTRY) * 2,
    "journald-export": as_export(ENTRY) + as_export({**ENTRY, "MESSAGE": b"a\nb"}),
    "utmp": record(7, address=bytes(16)) + record(2),
    "auditd": AUDITD,
    "squid": b"1795336500.123 51 10.0.0.7 TCP_MISS/200 507 GET http://a.example/b.exe?c=d jm DIRECT/203.0.113.9 text/html\n"  # noqa: E501
    * 2,
    "web-error": (
        b'2026/11/22 04:15:00 [error] 28#0: *6 user "a": password mismatch, client: 203.0.113.9, server: x, request: "GET / H"\n'  # noqa: E501
        b"[Sat Jul 20 21:39:11.97 2013] [auth_basic:error] [pid 1:tid 2] [client 203.0.113.9:5] AH01618: user a not found: /\n"  # noqa: E501
    ),
    "web-access": LINE.encode() + b"\n" + LINE.encode(),
    "windows-json": b'{"Event":{"System":{"EventID":4625,"Channel":"Security"},"EventData":{"TargetUserName":"a"}}}\n',
    "windows-xml": b"<Event><System><EventID>4625</EventID></System><EventData><Data Name='A'>b</Data></EventData></Event>\n",  # noqa: E501
}


def check(form: str, data: bytes, *, whole: bool = False) -> None:
    segment = make_segment(form, data, start=4096, first_record=17)
    limits = Limits(record_bytes=2048)
    first = list(parse(segment, io.BytesIO(data), limits))
    again = list(parse(segment, io.BytesIO(data), limits))
    assert [(batch.dataset, batch.table) for batch in first] == [(batch.dataset, batch.table) for batch in again]
    rows: list[dict[str, Any]] = [
        {**row, "dataset": batch.dataset} for batch in first for row in batch.table.to_pylist()
    ]
    rows.sort(key=lambda row: row["record_number"])
    for row in rows:
        begin = row["byte_offset"] - 4096
        cut = data[begin : begin + row["byte_length"]]
        assert len(cut) == row["byte_length"]
        if row["dataset"] == "rejects":
            assert row["raw"] == cut
            assert "the parser failed" not in row["reason"], row["reason"]
    places = [(row["byte_offset"], row["byte_length"]) for row in rows]
    assert all(a + length <= b for (a, length), (b, _) in pairwise(places))
    if form in TEXT_FORMATS:
        lines = [number for number, line in enumerate(data.split(b"\n"), 17) if line.strip(b" \t\r\n\x0b\x0c")]
        assert [row["record_number"] for row in rows] == lines
    else:
        assert [row["record_number"] for row in rows] == list(range(17, 17 + len(rows)))
        if form == "utmp":
            assert len(rows) == -(-len(data) // 384)


@pytest.mark.parametrize("form", FORMATS)
@given(data=st.binary(max_size=3000))
@example(data=b"")
@example(data=b"\n")
@example(data=b"\x00" * 1000)
@example(data=b"x" * 5000)
@example(data=gzip.compress(b"compressed by mistake"))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_arbitrary_bytes(form: str, data: bytes) -> None:
    check(form, data)


_EDITS = st.lists(
    st.tuples(
        st.integers(0, 4000),
        st.integers(0, 30),
        st.sampled_from(
            [
                b"",
                b"\n",
                b"\x00",
                b"\xff",
                b'"',
                b"[",
                b"]",
                b"=",
                b" ",
                b"9" * 25,
                b"{",
                b"\\",
                b"\r\n",
                b"\xed\xa0\x80",
            ]
        ),
    ),
    max_size=6,
)


@pytest.mark.parametrize("form", FORMATS)
@given(edits=_EDITS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_mutated_records(form: str, edits: list[tuple[int, int, bytes]]) -> None:
    data = SEEDS[form]
    for place, length, put in edits:
        where = place % (len(data) + 1)
        data = data[:where] + put + data[where + length :]
    check(form, data)


@pytest.mark.parametrize("form", FORMATS)
def test_the_seeds_are_events(form: str) -> None:
    segment = make_segment(form, SEEDS[form])
    assert all(batch.dataset != "rejects" for batch in parse(segment, io.BytesIO(SEEDS[form]), Limits()))


@pytest.mark.parametrize("form", FORMATS)
def test_a_record_of_ten_megabytes(form: str) -> None:
    data = b"x" * 10_000_000
    batches = list(parse(make_segment(form, data), io.BytesIO(data), Limits()))
    assert sum(int(length) for batch in batches for length in batch.table["byte_length"].to_pylist()) == len(data)
