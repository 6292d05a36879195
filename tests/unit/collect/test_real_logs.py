"""The optional development data: real files, each with what is known about it."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter

import pytest

from breachwatch import collect
from breachwatch.model.formats import UTMP_RECORD


def test_auth_log_is_one_segment(make_site, shared_logs):
    path = shared_logs / "linux-auth" / "elastic-examples" / "auth.log"
    site = make_site(paths=(str(path),), format="auto")
    [segment] = site.segments()
    assert site.bytes_of(segment) == path.read_bytes()
    assert segment.format == "syslog"
    with site.ws.database.read() as connection:
        from breachwatch.records import catalog

        assert connection.execute(catalog.log_file.select()).one().records == 2750
    assert site.problems() == ()


def test_utmp_files(make_site, shared_logs):
    site = make_site(paths=(str(shared_logs / "utmp" / "**" / "?tmp*"),), format="auto")
    segments = site.segments()
    assert len(segments) >= 5
    assert {segment.format for segment in segments} == {"utmp"}
    # Two of them end in a piece of a record, which is kept for the parser to reject.
    assert sum(segment.size % UTMP_RECORD != 0 for segment in segments) <= 2


def test_journal_exports(make_site, shared_logs):
    packed = shared_logs / "journald" / "derived-from-elastic-auth" / "auth.journal.export.gz"
    site = make_site(paths=(str(packed),), format="auto")
    [segment] = site.segments()
    assert segment.format == "journald-export"
    assert site.bytes_of(segment) == gzip.decompress(packed.read_bytes())


def test_every_record_of_every_event_log_is_collected_once(make_site, shared_logs):
    from evtx import PyEvtxParser

    def records(data: bytes) -> set[tuple[str, str, int, str]]:
        found = set()
        try:
            for record in PyEvtxParser(io.BytesIO(data), number_of_threads=1).records_json():
                system = json.loads(record["data"])["Event"]["System"]
                name = str(system["Computer"]), str(system["Channel"])
                found.add((*name, record["event_record_id"], record["timestamp"]))
        except RuntimeError:
            pass  # damage; parsing counts it
        return found

    paths = sorted((shared_logs / "windows-evtx").rglob("*.evtx"))
    expected = set().union(*(records(path.read_bytes()) for path in paths))
    site = make_site(paths=(str(shared_logs / "windows-evtx" / "**" / "*.evtx"),), format="auto")
    got: Counter[tuple[str, str, int, str]] = Counter()
    for segment in site.segments():
        with collect.open_segment(site.ws, segment) as data:
            got.update(record for record in records(data.read()) if record[2] > segment.after)
    assert site.last.files == len(paths)
    assert set(got) == expected
    twice = [record for record, count in got.items() if count > 1]
    assert all(record[3].startswith("1601-") for record in twice)  # damaged: a record without a time proves nothing
    assert site.lost() == []
    assert site.collect().bytes == 0


@pytest.mark.parametrize(
    "folder",
    ["linux-auth", "web-access", "syslog-rfc5424", "journald", "windows-json", "aws-cloudtrail", "m365", "entra-azure"],
)
def test_whole_folders_of_all_sorts_come_back_byte_for_byte(make_site, shared_logs, folder):
    site = make_site(paths=(str(shared_logs / folder / "**"),), format="auto")
    total = 0
    for segment in site.segments():
        total += len(site.bytes_of(segment))
    assert total == site.last.bytes > 0
    assert site.collect().bytes == 0
