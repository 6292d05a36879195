"""Files in an object store, from an S3 server: each object exactly once, whatever the server answers in between."""

from __future__ import annotations

import gzip
import json
from urllib.parse import parse_qs

import pytest

from breachwatch import collect, lake, parse
from breachwatch.collect import objects
from breachwatch.errors import SettingsError
from tests.unit.collect.conftest import lines


def _whole(site, *parts: bytes) -> None:
    assert sorted(site.by_log().values()) == sorted(parts)
    assert not site.lost(), site.lost()


def trail(*numbers: int) -> bytes:
    """A CloudTrail file: one JSON object with the records in a list."""
    records = [
        {
            "eventVersion": "1.11",
            "eventID": f"00000000-0000-4000-8000-{number:012d}",
            "eventTime": "2026-11-21T10:00:00Z",
            "eventSource": "signin.amazonaws.com",
            "eventName": "ConsoleLogin",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.7",
            "userIdentity": {"type": "IAMUser", "userName": f"user{number}"},
            "responseElements": {"ConsoleLogin": "Success"},
        }
        for number in numbers
    ]
    return json.dumps({"Records": records}).encode()


def test_each_object_is_fetched_and_collected_once(s3_site, s3):
    s3.put("fw/2026/one.log", lines(500))
    s3.put("fw/two.log.gz", gzip.compress(lines(300, 1000)))
    s3.put("elsewhere/three.log", lines(5, 5000))
    _whole(s3_site, lines(500), lines(300, 1000))
    assert sorted(s3.gets()) == ["fw/2026/one.log", "fw/two.log.gz"]
    s3.put("fw/two.log", lines(10, 2000))
    _whole(s3_site, lines(500), lines(300, 1000), lines(10, 2000))
    assert s3.gets()[2:] == ["fw/two.log"]  # what looks as before is not opened
    assert s3_site.stored()[0].path.startswith(f"s3://{s3.bucket}/fw/")


def test_cloudtrail_lands_with_its_bytes(make_site, s3):
    site = make_site(kind="objects", objects=s3.settings(url=f"s3://{s3.bucket}"), paths=("AWSLogs/**/*.json.gz",))
    site.source = site.source.model_copy(update={"format": "auto"})
    folder = "AWSLogs/123456789012/CloudTrail/us-east-1/2026/11/21"
    s3.put(f"{folder}/a.json.gz", gzip.compress(trail(1, 2)))
    s3.put(f"{folder}/b.json.gz", gzip.compress(trail(3)))
    s3.put(f"{folder}/c.txt", b"not meant\n")
    got = site.collect()
    assert got.files == 2
    for segment_id in got.segment_ids:
        segment = collect.segment(site.ws, segment_id)
        with collect.open_segment(site.ws, segment) as data:
            batches = list(parse.parse(segment, data, site.ws.settings.limits))
            lake.land(site.ws, segment, batches)
    with lake.connect(site.ws, empty_views=False) as connection:
        rows = connection.sql('select "user", source_ip from aws_cloudtrail order by "user"').fetchall()
    assert rows == [("user1", "203.0.113.7"), ("user2", "203.0.113.7"), ("user3", "203.0.113.7")]
    stored = sorted(map(site.bytes_of, site.stored()))
    assert stored == [trail(1, 2)[:-2], trail(3)[:-2]]  # without the brackets after the last record
    assert site.collect().segment_ids == ()


def test_an_object_that_was_replaced_is_noticed_by_its_etag(s3_site, s3):
    s3.put("fw/export.log", lines(10))
    s3_site.collect()
    s3.put("fw/export.log", lines(10, 100))  # the same size
    assert sorted(s3_site.by_log().values()) == sorted([lines(10), lines(10, 100)])
    assert any("another log took its place" in problem.what for problem in s3_site.lost())
    before = len(s3.gets())
    s3_site.collect()
    assert len(s3.gets()) == before


def test_an_object_that_grew_is_read_on(s3_site, s3):
    s3.put("fw/append.log", lines(60_000))
    s3_site.collect()
    sent = s3.sent
    s3.put("fw/append.log", lines(60_050))
    _whole(s3_site, lines(60_050))
    assert s3.sent - sent < 60_000  # the head, the proof and what is new; not five megabytes


def test_the_same_content_under_another_key_is_not_collected_twice(s3_site, s3):
    s3.put("fw/a.log", lines(10))
    s3_site.collect()
    s3.put("fw/copy.log", lines(10))
    s3.delete("fw/a.log")
    _whole(s3_site, lines(10))


def test_an_object_replaced_while_it_is_read_is_read_as_one_or_the_other(s3_site, s3):
    old, new = lines(60_000), lines(60_000, 500_000)
    s3.put("fw/big.log", old)

    def replace(request):
        if request.startswith(f"GET /{s3.bucket}/fw/big.log") and len(s3.gets()) == 3:
            s3.refuse = lambda request: None
            s3.put("fw/big.log", new)

    s3.refuse = replace
    s3_site.collect()
    logs = s3_site.by_log()
    assert new in logs.values()
    assert all(data == new or old.startswith(data) for data in logs.values())


@pytest.mark.parametrize(
    "answer", [(503, "SlowDown", "Please reduce your request rate."), (500, "InternalError", "We")]
)
def test_errors_that_pass_change_nothing(s3_site, s3, answer):
    for number in range(4):
        s3.put(f"fw/{number}.log", lines(10, number * 100))
    asked: dict[str, int] = {}

    def slow(request):
        asked[request] = asked.get(request, 0) + 1
        return answer if asked[request] < 3 else None  # everything fails twice

    s3.refuse = slow
    _whole(s3_site, *(lines(10, number * 100) for number in range(4)))
    assert set(asked.values()) == {3}


def test_a_store_that_goes_away_ends_the_run_and_the_next_goes_on(s3_site, s3):
    for number in range(4):
        s3.put(f"fw/{number}.log", lines(10, number * 100))
    s3.refuse = lambda request: (503, "SlowDown", "") if "/fw/2.log" in request else None
    s3_site.collect()
    (said, *_) = s3_site.lost()
    assert "status 503" in said.what
    assert not any("/fw/3.log" in request for request in s3.requests)  # it was not asked on and on
    s3.refuse = lambda request: None
    _whole(s3_site, *(lines(10, number * 100) for number in range(4)))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((403, "InvalidAccessKeyId", "The key AKIATEST is unknown"), "status 403, InvalidAccessKeyId"),
        ((403, "SignatureDoesNotMatch", "x"), "SignatureDoesNotMatch"),
        ((403, "AccessDenied", "x"), "AccessDenied"),
        ((400, "ExpiredToken", "x"), "ExpiredToken"),
    ],
)
def test_wrong_credentials_are_named_and_no_secret_shows(s3_site, s3, answer, said):
    s3.refuse = lambda request: answer
    s3_site.collect()
    (problem,) = s3_site.lost()
    assert said in problem.what
    assert "not-a-real-secret" not in problem.what
    assert "AKIATEST" not in problem.what
    assert len(s3.requests) == 1 or answer[0] == 400  # asking again does not help


def test_a_bucket_that_is_not_there(make_site, s3):
    site = make_site(kind="objects", objects=s3.settings(url="s3://no-such-bucket"), paths=())
    site.collect()
    assert "there is no such bucket" in site.lost()[0].what


def test_an_object_that_may_not_be_read_stops_no_other(s3_site, s3):
    s3.put("fw/cold.log", lines(10))
    s3.put("fw/warm.log", lines(10, 100))
    s3.refuse = lambda r: (403, "InvalidObjectState", "archived") if r.startswith("GET") and "cold" in r else None
    s3_site.collect()
    assert [s3_site.bytes_of(item) for item in s3_site.stored()] == [lines(10, 100)]
    assert "InvalidObjectState" in s3_site.lost()[0].what


def test_only_days_that_can_bring_something_are_listed(make_site, s3):
    url = f"s3://{s3.bucket}/AWSLogs"
    site = make_site(
        kind="objects",
        objects=s3.settings(url=url, late_days=1),
        paths=("*/CloudTrail/*/%Y/%m/%d/*.log",),
        since_hours=72,
    )
    for number, (account, day) in enumerate([(1, "19"), (1, "20"), (2, "22"), (2, "01")]):
        s3.put(f"AWSLogs/{account}/CloudTrail/us-east-1/2026/11/{day}/x.log", lines(5, number * 100))
    _whole(site, lines(5), lines(5, 100), lines(5, 200))
    days = {parse_qs(r.partition("?")[2])["prefix"][0][-11:] for r in s3.listings() if "2026" in r}
    assert days == {"2026/11/19/", "2026/11/20/", "2026/11/21/", "2026/11/22/"}
    s3.asked.clear()
    s3.put("AWSLogs/2/CloudTrail/us-west-1/2026/11/21/late.log", lines(5, 900))
    _whole(site, lines(5), lines(5, 100), lines(5, 200), lines(5, 900))
    days = {parse_qs(r.partition("?")[2])["prefix"][0][-11:] for r in s3.listings() if "2026" in r}
    assert days == {"2026/11/21/", "2026/11/22/"}


def test_the_days_of_a_run_that_was_not_whole_are_listed_again(make_site, s3):
    site = make_site(kind="objects", objects=s3.settings(late_days=0), paths=("%Y/%m/%d/*.log",), since_hours=72)
    s3.put("fw/2026/11/20/a.log", lines(5))
    s3.refuse = lambda request: (403, "AccessDenied", "") if request.endswith("a.log") else None
    site.collect()
    s3.refuse = lambda request: None
    _whole(site, lines(5))


def test_listing_and_knowing_are_done_in_parts(s3_site, s3, monkeypatch):
    monkeypatch.setattr(objects, "_PAGE", 3)
    most = []
    real = objects.Work.forget
    monkeypatch.setattr(objects.Work, "forget", lambda self: (most.append(len(self.logs)), real(self)))
    for number in range(10):
        s3.put(f"fw/{number}.log", lines(3, number * 10))
    assert s3_site.collect().files == 10
    assert max(most) == 3
    s3_site.collect()
    assert len(s3.gets()) == 10
    assert len(s3_site.stored()) == 10


def test_a_hostile_key_is_named_and_leads_nowhere(s3_site, s3):
    s3.put("fw/good\u202egol.log", lines(5))  # shown as it is, a terminal would turn the name round
    _whole(s3_site, lines(5))
    assert s3_site.stored()[0].path.isprintable()
    s3.put("fw/../../etc/passwd", lines(5, 100))
    s3_site.collect()
    (said,) = s3_site.lost()
    assert "'fw/../../etc/passwd'" in said.what
    assert "has an empty part or .. in it" in said.what


BAD_KEYS = ["fw/a/../x.log", "fw/b//y.log", "fw/e/./z.log", "fw/c/deep/down/../../q.log"]


def test_what_is_beside_hostile_keys_is_collected(s3_site, s3):
    for key in BAD_KEYS:
        s3.put(key, lines(5, 900))
    good = [
        "0.log",
        "a/1.log",
        "a/sub/2.log",
        "b/3.log",
        "c/4.log",
        "c/deep/5.log",
        "c/deep/down/6.log",
        "d/7.log",
        "e/8.log",
        "z.log",
    ]
    for number, key in enumerate(good):
        s3.put(f"fw/{key}", lines(2, 10 * number))
    s3_site.collect()
    assert {segment.path.rpartition("/fw/")[2] for segment in s3_site.stored()} == set(good)
    said = " ".join(problem.what for problem in s3_site.lost())
    assert all(repr(key) in said for key in BAD_KEYS)
    before = len(s3_site.stored())
    s3_site.collect()
    assert len(s3_site.stored()) == before


def test_hostile_keys_without_end_are_an_end(s3_site, s3):
    for number in range(150):
        s3.put(f"fw/{number}//x.log", b"x")
    s3_site.collect()
    assert any("find out who made it" in problem.what for problem in s3_site.lost())
    assert len(s3.listings()) < 1000


def test_empty_objects_and_folder_marks_are_no_trouble(s3_site, s3):
    s3.put("fw/", b"")
    s3.put("fw/empty.log", b"")
    s3.put("fw/a.log", lines(5))
    _whole(s3_site, lines(5))


def test_a_store_without_any_object_is_said(s3_site):
    s3_site.collect()
    assert "no object fits" in s3_site.lost()[0].what


def test_the_time_of_a_source_is_bounded_and_the_next_run_goes_on(make_site, s3):
    site = make_site(kind="objects", objects=s3.settings(max_minutes=1e-9), paths=())
    s3.put("fw/a.log", lines(5))
    site.collect()
    assert any("the time of this source is over" in problem.what for problem in site.problems())
    assert not site.lost()
    site.source = site.source.model_copy(
        update={"objects": site.source.objects.model_copy(update={"max_minutes": 60.0})}
    )
    _whole(site, lines(5))


def test_a_promise_of_a_run_that_was_killed_is_kept(s3_site, s3, monkeypatch):
    from breachwatch.collect import cutting

    s3.put("fw/a.log", lines(500))

    class Killed(BaseException):
        pass

    def kill(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(cutting, "SegmentWriter", kill)
        with pytest.raises(Killed):
            s3_site.collect()
    s3.put("fw/b.log", lines(5, 900))
    _whole(s3_site, lines(500), lines(5, 900))


def test_settings_that_cannot_open_a_store_are_said(make_site, s3):
    site = make_site(kind="objects", objects=s3.settings(service_account_file="x", ca_file="nowhere.pem"), paths=())
    with pytest.raises(SettingsError, match=r"ca_file: cannot read .*nowhere.pem"):
        site.collect()
