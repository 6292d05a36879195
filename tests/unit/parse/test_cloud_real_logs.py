"""Real audit logs of cloud services: every record an event, its time, user, address and outcome as the log says.

What is expected is taken from the files with Python's json and csv modules, which know nothing of the parsers.
"""

from __future__ import annotations

import csv
import gzip
import io
import ipaddress
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from breachwatch.model.formats import HEAD_BYTES, recognise
from tests.unit.parse.support import Parsed, parsed


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def read(path: Path) -> Parsed:
    """Parsed in the format that the file's head tells."""
    data = content(path)
    form = recognise(data[:HEAD_BYTES])
    assert form is not None, path
    return parsed(form.name, data)


def records(path: Path) -> list[dict[str, Any]]:
    """The file's records: JSON lines, a list, or a list in an envelope; of PowerShell's and CSV's the inner ones."""
    text = content(path).decode("utf-8-sig")
    if path.suffix == ".csv":
        return [json.loads(row["AuditData"]) for row in csv.DictReader(io.StringIO(text))]
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(document, dict):
        document = next((document[name] for name in ("Records", "activities") if name in document), [document])
    return [record.get("AuditData", record) for record in document]


def labelled(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)["log"]


def same_moment(event: dict[str, Any], text: str) -> bool:
    return bool(event["time"] == datetime.fromisoformat(text).replace(tzinfo=None))


def is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:  # a service's name, or numbers that making the file anonymous left with leading zeros
        return False


FILES = {
    "aws-cloudtrail/stratus-red-team/*.json": ("aws.cloudtrail", 211),
    "aws-cloudtrail/trailscraper/*": ("aws.cloudtrail", 4),
    "aws-cloudtrail/OTRF-Security-Datasets/atomic/aws/collection/*.gz": ("aws.cloudtrail", 103),
    "entra-azure/msticpy/*.jsonl": ("entra.signin", 86),
    "entra-azure/plaso/*.jsonl": ("azure.activity", 4),
    "google-workspace/invictus-gws_dataset/*.json": ("google.workspace", 212),
    "m365/det-eng-samples/*": ("m365.audit", 36),
    "m365/msticnb/*.jsonl": ("m365.audit", 61),
    "m365/plaso/*.jsonl": ("m365.audit", 4),
}


@pytest.mark.parametrize("pattern", FILES)
def test_every_record_is_an_event(shared_logs: Path, pattern: str) -> None:
    dataset, count = FILES[pattern]
    paths = sorted(shared_logs.glob(pattern))
    found = {path: read(path) for path in paths}
    assert sum(len(records(path)) for path in paths) == count
    for path, result in found.items():
        assert result.rejects == [], path
        assert {event["dataset"] for event in result.events} == {dataset}
        assert len(result.events) == len(records(path))
        assert all("time" in event and "user" in event and "message" in event for event in result.events), path
        # The bytes that an event names are the record.
        data = content(path)
        for event in result.events if path.suffix != ".csv" else ():
            assert isinstance(json.loads(data[event["byte_offset"] :][: event["byte_length"]]), dict)


def test_cloudtrail(shared_logs: Path) -> None:
    for path in sorted(shared_logs.glob("aws-cloudtrail/stratus-red-team/*.json")):
        for event, record in zip(read(path).events, records(path), strict=True):
            assert same_moment(event, record["eventTime"])
            assert (event["eventName"], event["eventSource"]) == (record["eventName"], record["eventSource"])
            assert (event["outcome"] == "failure") is ("errorCode" in record)
            assert event.get("source_ip", record["sourceIPAddress"]) == record["sourceIPAddress"]
            assert ("source_ip" in event) is is_address(record["sourceIPAddress"])
            name = record["userIdentity"].get("userName")
            assert event["user"] == (name or record["userIdentity"]["arn"].split("/", 1)[1])


def test_sign_ins_to_entra(shared_logs: Path) -> None:
    path = shared_logs / "entra-azure/msticpy/aad_logons.SigninLogs.jsonl"
    events = read(path).events
    for event, record in zip(events, records(path), strict=True):
        assert (event["user"], event["source_ip"]) == (record["UserPrincipalName"], record["IPAddress"])
        assert (event["ResultType"], event["program"]) == (record["ResultType"], record["AppDisplayName"])
        assert (event["outcome"] == "success") is (record["ResultType"] == "0")
        assert event.get("country") == (record["Location"] or None)
    assert Counter(event["outcome"] for event in events)["success"] == sum(
        record["ResultType"] == "0" for record in records(path)
    )


def test_password_spray_in_microsoft_365(shared_logs: Path) -> None:
    for name in ("t1110.003_msolspray-python.json", "t1110.003_o365spray_default.json"):
        path = shared_logs / "m365/det-eng-samples" / name
        events = read(path).events
        for event, record in zip(events, records(path), strict=True):
            assert (event["user"], event["action"]) == (record["UserId"], "logon")
            assert same_moment(event, record["CreationTime"])
            assert (event["outcome"] == "success") is (record["Operation"] == "UserLoggedIn")
            assert event["source_ip"] == record["ClientIP"]
        assert len({event["user"] for event in events}) >= 8
        assert any(event.get("failure_reason") == "wrong name or password" for event in events)


def test_google_workspace(shared_logs: Path) -> None:
    path = shared_logs / "google-workspace/invictus-gws_dataset/admin.json"
    for event, record in zip(read(path).events, records(path), strict=True):
        assert event["eventName"].split("\n") == [told["name"] for told in record["events"]]
        assert event["user"] == (
            record["actor"].get("email") or record["actor"].get("profileId") or record["actor"]["key"]
        )
        assert same_moment(event, record["id"]["time"])
        assert event.get("source_ip") == record.get("ipAddress")


# What upstream's test records hold; a few stand for other logs, or are cut down to nothing that could be recognised.
LABELLED = {
    "aws-cloudtrail/panther-analysis/aws_cloudtrail_rules": ({"aws.cloudtrail": 162}, 0),
    "entra-azure/panther-analysis/azure_activity_rules": ({"azure.activity": 99}, 0),
    "entra-azure/panther-analysis/azure_signin_rules": ({"entra.audit": 4, "entra.signin": 15}, 0),
    "google-workspace/panther-analysis/gsuite_activityevent_rules": ({"google.workspace": 45}, 0),
    "google-workspace/panther-analysis/gcp_audit_rules": ({"gcp.audit": 29}, 2),
    "okta/panther-analysis/okta_rules": ({"okta.system": 36}, 6),
    "m365/panther-analysis/microsoft_rules": ({"m365.audit": 2}, 4),  # four are alerts of Microsoft Graph
}


@pytest.mark.parametrize("name", LABELLED)
def test_labelled_records(shared_logs: Path, name: str) -> None:
    logs = list(labelled(shared_logs / f"{name}.labelled.jsonl"))
    result = parsed("cloud-json", "".join(json.dumps(log) + "\n" for log in logs).encode())
    datasets, rejects = LABELLED[name]
    assert Counter(event["dataset"] for event in result.events) == datasets
    assert len(result.rejects) == rejects
    assert len(result.records) == len(logs)
    assert {reject["reason"] for reject in result.rejects} <= {
        "the JSON object is no record of a cloud service that is known here"
    }
