"""JSON as nobody should write it: one row or one reject a record, whatever is in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breachwatch.settings import Limits
from tests.unit.parse.support import parsed
from tests.unit.parse.test_cloud import (
    CLOUDTRAIL,
    DIAGNOSTIC_SIGNIN,
    DIRECTORY_AUDIT,
    GRAPH_SIGNIN,
    LOG_ANALYTICS_SIGNIN,
    M365_FAILED,
    OKTA,
)
from tests.unit.parse.test_cloud_saas import BITBUCKET, DUO, GITHUB, KUBERNETES, ONELOGIN

GOOGLE = {
    "id": {"time": "2026-11-20T13:00:00Z", "applicationName": "admin"},
    "actor": {"email": "mira@city.example"},
    "events": [{"name": "CHANGE_APPLICATION_SETTING", "parameters": [{"name": "SETTING_NAME", "value": "a"}]}],
}
GCP = {
    "logName": "a/logs/b",
    "protoPayload": {"methodName": "a", "authorizationInfo": [{"permission": "p"}], "metadata": {"event": []}},
}
AZURE = {"operationName": {"value": "A/B/write"}, "caller": "c", "status": {"value": "x"}, "identity": {"claims": {}}}
RISK = {"riskEventType": "a", "location": {"city": "b"}, "source": "c"}
RECORDS = [
    *(CLOUDTRAIL, DIAGNOSTIC_SIGNIN, DIRECTORY_AUDIT, GRAPH_SIGNIN, LOG_ANALYTICS_SIGNIN, M365_FAILED, OKTA),
    *(GOOGLE, GCP, AZURE, RISK, BITBUCKET, DUO, GITHUB, KUBERNETES, ONELOGIN),
]

_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True),
    st.text(max_size=5),
    st.sampled_from(["", "[", '{"a":', "[1,", "\0", "\ud800", "-", "50126", "9" * 30, "\n"]),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3), st.just({})), max_size=3),
    st.dictionaries(st.text(max_size=3), st.one_of(st.none(), st.integers(), st.lists(st.none())), max_size=2),
)


def replaced(draw: st.DrawFn, value: Any, depth: int = 0) -> Any:
    """The value with some of its parts exchanged for others of any type."""
    if depth and draw(st.integers(0, 5)) == 0:
        return draw(_ODD)
    if isinstance(value, dict):
        return {key: replaced(draw, item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(draw, item, depth + 1) for item in value]
    return value


@st.composite
def odd_records(draw: st.DrawFn) -> Any:
    return replaced(draw, draw(st.sampled_from(RECORDS)))


@given(records=st.lists(odd_records(), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_members_of_the_wrong_type(records: list[Any]) -> None:
    found = parsed(
        "cloud-json", "".join(json.dumps(record) + "\n" for record in records).encode("utf-8", "surrogatepass")
    )
    assert [record["record_number"] for record in found.records] == list(range(1, len(records) + 1))
    assert not [reject for reject in found.rejects if "the parser failed" in reject["reason"]], found.rejects


def test_what_is_no_json_is_a_reject_with_its_bytes() -> None:
    good = json.dumps(CLOUDTRAIL).encode()
    data = b"\n".join([good, b'{"eventSource": "x",', good, b"{'eventSource': 1}", b'{"a": 01}', b"nonsense", good])
    found = parsed("cloud-json", data)
    assert [event["record_number"] for event in found.events] == [1, 3, 7]
    assert [reject["raw"] for reject in found.rejects] == [
        *(b'{"eventSource": "x",', b"{'eventSource': 1}", b'{"a": 01}', b"nonsense"),
    ]
    assert {reject["reason"] for reject in found.rejects} == {"not valid JSON"}


def test_json_that_is_no_record_of_a_known_service_is_a_reject() -> None:
    found = parsed("cloud-json", b'{"hello": "world"}\n[["a"], 5]\n')
    assert found.events == []
    assert "no record of a cloud service" in found.rejects[0]["reason"]


def test_deep_nesting() -> None:
    deep = json.dumps(CLOUDTRAIL)[:-1] + ',"deep":' + '{"a":' * 20_000 + "1" + "}" * 20_001
    lists = json.dumps(CLOUDTRAIL)[:-1] + ',"deep":' + "[" * 20_000 + "]" * 20_000 + "}"
    found = parsed("cloud-json", f"{deep}\n{lists}\n{json.dumps(CLOUDTRAIL)}\n".encode())
    assert [record["record_number"] for record in found.records] == [1, 2, 3]
    assert found.events[-1]["eventName"] == "ConsoleLogin"


def test_numbers_beyond_any_column() -> None:
    text = json.dumps(CLOUDTRAIL)[:-1] + f',"long":{"9" * 5000},"far":1e400,"nan":NaN,"eventVersion":{"8" * 4500}}}'
    (event,) = parsed("cloud-json", text.encode()).events
    assert event["extra"]["long"] == "9" * 5000
    assert event["eventVersion"] == "8" * 4500
    assert event["eventName"] == "ConsoleLogin"


def test_of_two_members_of_one_name_the_last_counts() -> None:
    text = json.dumps(CLOUDTRAIL)[:-1] + ',"eventName":"StopLogging","EVENTNAME":"x"}'
    (event,) = parsed("cloud-json", text.encode()).events
    assert event["eventName"] == "StopLogging"


def test_characters_that_no_column_can_hold() -> None:
    record = {**M365_FAILED, "UserId": "a\ud800b", "ObjectId": "nul\0here", "Odd\udfff": "\ud83d"}
    (event,) = parsed("cloud-json", json.dumps(record).encode()).events
    assert event["user"] == "a\\ud800b"
    assert event["ObjectId"] == "nul\0here"
    assert event["extra"]["Odd\\udfff"] == "\\ud83d"


@pytest.mark.parametrize("form", ["cloud-json", "m365-csv"])
def test_a_text_of_ten_megabytes(form: str) -> None:
    record = json.dumps({**M365_FAILED, "ObjectId": "x" * 10_000_000})
    if form == "m365-csv":
        record = '"a","' + record.replace('"', '""') + '","b"'
    data = f"{record}\n{record}\n".encode()
    found = parsed(form, data)
    assert [reject["reason"] for reject in found.rejects] == ["the record is longer than 1048576 bytes"] * 2
    (first, second) = parsed(form, data, limits=Limits(record_bytes=20_000_000)).events
    assert len(first["ObjectId"]) == len(second["ObjectId"]) == 10_000_000


def test_a_record_longer_than_a_segment_is_held_in_part() -> None:
    record = json.dumps({**M365_FAILED, "ObjectId": "x" * 300_000}).encode()
    limits = Limits(record_bytes=2048, segment_bytes=65536)
    found = parsed("cloud-json", record + b"\n" + json.dumps(M365_FAILED).encode(), limits=limits)
    (reject,) = found.rejects
    assert (reject["byte_length"], reject["raw"]) == (len(record), record[:65536])
    assert [(event["record_number"], event["byte_offset"]) for event in found.events] == [(2, len(record) + 1)]


def test_a_list_that_breaks_off() -> None:
    data = json.dumps([CLOUDTRAIL, CLOUDTRAIL, CLOUDTRAIL], indent=1).encode()[:-200]
    found = parsed("cloud-json", data)
    assert [event["record_number"] for event in found.events] == [1, 2]
    (reject,) = found.rejects
    assert data.endswith(reject["raw"])


def test_a_parameter_cannot_pose_as_a_column() -> None:
    names = ["event_id", "time", "user", "source_ip", "eventName", "extra", "SEGMENT_ID"]
    parameters = [{"name": name, "value": "forged"} for name in names]
    record = {**GOOGLE, "events": [{"name": "X", "parameters": parameters}]}
    (event,) = parsed("cloud-json", json.dumps(record).encode()).events
    assert (event["user"], event["eventName"], event["segment_id"]) == ("mira@city.example", "X", "0" * 32)
    assert {value for name, value in event["extra"].items() if name.startswith("parameter_")} == {"forged"}
