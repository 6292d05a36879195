"""JSON logs as files: collected once, in whatever layout, grown, rewritten, cut off or packed."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from breachwatch.collect.json_records import JsonRecords
from breachwatch.parse import parse
from breachwatch.settings import Limits
from tests.unit.collect.conftest import Site


@pytest.fixture
def cloud(make_site: Callable[..., Site]) -> Site:
    site = make_site("[limits]\nsegment_bytes = 65536\n")
    return Site(site.ws, site.logs, site.source.model_copy(update={"paths": (str(site.logs / "*"),), "format": "auto"}))


def calls(first: int, last: int, size: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "eventVersion": "1.08",
            "eventTime": "2026-11-20T12:00:00Z",
            "eventSource": "ec2.amazonaws.com",
            "eventName": "DescribeInstances",
            "awsRegion": "us-east-2",
            "sourceIPAddress": "203.0.113.7",
            "eventID": str(number),
            "requestParameters": {"filler": "x" * size},
        }
        for number in range(first, last)
    ]


def events(site: Site) -> list[tuple[int, str]]:
    """(record number, eventID) of every event of all that is stored, in the order of segments."""
    found = []
    for segment in site.segments():
        for batch in parse(segment, io.BytesIO(site.bytes_of(segment)), Limits()):
            assert batch.dataset == "aws.cloudtrail", batch.table.to_pylist()
            found += [(row["record_number"], row["eventID"]) for row in batch.table.to_pylist()]
    return found


def numbered(count: int) -> list[tuple[int, str]]:
    return [(number + 1, str(number)) for number in range(count)]


def test_lines_that_grow(cloud: Site) -> None:
    cloud.write("trail.json", b"".join(json.dumps(call).encode() + b"\n" for call in calls(0, 3)))
    assert events(cloud) == numbered(3)
    cloud.append("trail.json", b"".join(json.dumps(call).encode() + b"\n" for call in calls(3, 5)))
    assert events(cloud) == numbered(5)
    assert cloud.problems() == ()
    assert cloud.collect().bytes == 0


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("wrap", [lambda records: records, lambda records: {"Records": records}])
def test_a_list_that_is_written_anew_with_more_in_it(cloud: Site, wrap: Callable[..., Any], indent: int | None) -> None:
    cloud.write("trail.json", json.dumps(wrap(calls(0, 3)), indent=indent).encode() + b"\n")
    assert events(cloud) == numbered(3)
    cloud.write("trail.json", json.dumps(wrap(calls(0, 6)), indent=indent).encode() + b"\n")
    assert events(cloud) == numbered(6)
    assert cloud.problems() == ()


def test_a_long_list_falls_into_segments_between_its_records(cloud: Site) -> None:
    data = json.dumps({"Records": calls(0, 200, size=2000)}, indent=1).encode()
    cloud.write("trail.json.gz", gzip.compress(data))
    assert events(cloud) == numbered(200)
    segments = cloud.stored()
    assert len(segments) > 5
    assert all(JsonRecords(0).feed(cloud.bytes_of(segment)) for segment in segments)


def test_a_list_that_was_cut_off_keeps_its_last_record_as_a_reject(cloud: Site) -> None:
    data = json.dumps(calls(0, 3)).encode()
    cloud.write("trail.json", data[:-40])
    [segment] = cloud.segments()
    batches = list(parse(segment, io.BytesIO(cloud.bytes_of(segment)), Limits()))
    assert [(batch.dataset, batch.table.num_rows) for batch in batches] == [("aws.cloudtrail", 2), ("rejects", 1)]
    [reject] = batches[1].table.to_pylist()
    assert reject["reason"] == "not valid JSON"
    assert data[:-40].endswith(reject["raw"])


def test_files_that_begin_alike_are_different_logs(cloud: Site) -> None:
    for name, first in (("a.json", 0), ("b.json", 10)):
        cloud.write(name, json.dumps({"Records": calls(first, first + 2)}, indent=2).encode())
    assert sorted(event for _, event in events(cloud)) == ["0", "1", "10", "11"]
    assert cloud.problems() == ()
