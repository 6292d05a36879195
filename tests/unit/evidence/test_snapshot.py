"""What a snapshot holds."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from breachwatch import evidence
from breachwatch.clock import FixedClock
from breachwatch.evidence import bag as bags
from breachwatch.evidence import create_key
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY
from tests.unit.evidence.making import LINES, NIGHT, City, files_of


def test_the_layout(city: City) -> None:
    log = city.log()
    [job] = city.waiting(city.finding(log.event_ids[:10]))
    snapshot = city.seal(job)
    assert snapshot.number == "EV-2026-000001"
    rule = "data/detection/many-failed-sign-ins"
    assert files_of(Path(snapshot.path)) == [
        *("VERIFY.txt", "allowed_signers", "attestation.dsse.json", "attestation.pae", "attestation.sig"),
        *("bag-info.txt", "bagit.txt", "data/acquisition.json", "data/clock.json"),
        *("data/context/activity.csv", "data/context/activity.json", "data/context/activity.parquet"),
        *(f"{rule}/finding.json", f"{rule}/params.json", f"{rule}/query.sql", f"{rule}/result.csv"),
        *(f"{rule}/rule.yml", f"{rule}/stats.json"),
        *("data/environment.json", "data/events.csv", "data/events.parquet", "data/incident.json"),
        *(
            "data/matches.jsonl",
            "data/proofs.jsonl",
            f"data/raw/auth/{log.segment.segment_id}.log",
            "data/sources.json",
        ),
        *("manifest-sha256.txt", "signing.pub", "tagmanifest-sha256.txt", "tagmanifest-sha256.txt.sig"),
    ]
    bag = Path(snapshot.path)
    for path in [bag, *bag.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o555 if path.is_dir() else 0o444)
    assert list(city.ws.scratch.glob("evidence-*")) == []


def test_rows_matches_and_original_bytes_agree(city: City) -> None:
    log = city.log()
    [job] = city.waiting(city.finding(log.event_ids[5:15]))
    bag = Path(city.seal(job).path)
    rows = pq.read_table(bag / "data/events.parquet").to_pylist()
    assert [row["event_id"] for row in rows] == log.event_ids[5:15]
    matches = [json.loads(line) for line in (bag / "data/matches.jsonl").read_text().splitlines()]
    for match, record in zip(matches, log.records[5:15], strict=True):
        raw = (bag / match["file"]).read_bytes()
        cut = raw[match["file_offset"] : match["file_offset"] + match["length"]]
        assert cut == record.rstrip(b"\n")
        assert match["sha256"] == hashlib.sha256(cut).hexdigest()
        assert match["text"] == cut.decode()
    assert len((bag / "data/events.csv").read_text().splitlines()) == 11


def test_what_the_files_say(make_city: Callable[..., City]) -> None:
    city = make_city(
        '[city]\nname = "Odessa"\ntime_zone = "America/Chicago"\n'
        '[evidence]\ncustodian = "J. Analyst"\ntitle = "Analyst"\nauthority = "City policy 7.3"\n'
    )
    bag = Path(city.snapshot().path)

    def read(name: str) -> dict[str, object]:
        loaded: dict[str, object] = json.loads((bag / "data" / name).read_text())
        return loaded

    acquisition = read("acquisition.json")
    assert acquisition["custodian"] == "J. Analyst"
    assert acquisition["authority"] == "City policy 7.3"
    assert acquisition["contact"] == "not specified"
    assert acquisition["sealed_at_local"] == "2026-11-22T04:15:00-06:00 America/Chicago"
    [segment] = read("sources.json")["segments"]  # type: ignore[misc]
    assert segment["kept"] == "whole segment"
    assert segment["sha256"] == hashlib.sha256("".join(LINES).encode()).hexdigest()
    finding = json.loads((bag / "data/detection/many-failed-sign-ins/finding.json").read_text())
    assert finding["rule_sha256"] == finding["revision"]
    assert len(finding["alerts"][0]["event_ids"]) == 10
    (match,) = finding["alerts"][0]["matched"]
    assert match["event_id"] in finding["alerts"][0]["event_ids"]
    assert match["selection"] == "failed"
    (origin,) = finding["origins"]
    assert (origin["author"], origin["licence"], origin["pack"], origin["pack_version"]) == (
        *("Ann Author", "DRL-1.1"),
        *("p", "7"),
    )
    assert origin["licence_url"] == "https://spdx.org/licenses/DRL-1.1.html"
    assert read("environment.json")["packages"]["duckdb"]  # type: ignore[index]
    assert read("clock.json")["city_time_zone"] == "America/Chicago"
    info = (bag / "bag-info.txt").read_text().splitlines()
    assert "Source-Organization: Odessa" in info
    assert "Internal-Sender-Identifier: INC-2026-0001" in info


def test_sealing_opens_the_incident_and_enters_custody(city: City) -> None:
    job = city.job()
    assert city.state(job.incident) == "preserving"
    snapshot = city.seal(job)
    assert city.state(job.incident) == "new"
    with city.ws.database.read() as connection:
        [link] = connection.execute(cases.custody.select())
        assert set(connection.scalars(cases.alert_event.select().with_only_columns(cases.alert_event.c.sealed_in))) == {
            snapshot.number
        }
    body = json.loads(link.body)
    assert (body["event"], body["evidence"]) == ("sealed", snapshot.number)
    assert body["tagmanifest_sha256"] == snapshot.tagmanifest_sha256
    assert bags.hash_file(Path(snapshot.path) / "tagmanifest-sha256.txt").sha256 == snapshot.tagmanifest_sha256


def test_the_same_job_clock_and_key_give_the_same_bytes(make_ws: Callable[..., Workspace]) -> None:
    first, second = City(make_ws(folder="a")), City(make_ws(folder="b"))
    create_key(first.ws.keys)
    for path in first.ws.keys.iterdir():
        (second.ws.keys / path.name).write_bytes(path.read_bytes())
        (second.ws.keys / path.name).chmod(0o600)
    one, two = Path(first.snapshot().path), Path(second.snapshot().path)
    assert {name: (one / name).read_bytes() for name in files_of(one)} == {
        name: (two / name).read_bytes() for name in files_of(two)
    }


def test_a_job_done_twice_gives_the_same_snapshot(city: City) -> None:
    job = city.job()
    assert city.seal(job) == city.seal(job)
    assert len(evidence.listing(city.ws, by=SOMEBODY)) == 1


def test_new_alerts_of_an_incident_make_a_supplement(city: City) -> None:
    log = city.log()
    first = city.seal(city.waiting(city.finding(log.event_ids[:10]))[0])
    [job] = city.waiting(city.finding(log.event_ids[20:25], key="later"))
    assert job.incident == first.incident
    second = city.seal(job)
    assert second.number == "EV-2026-000002"
    assert [line.supplements for line in evidence.listing(city.ws, by=SOMEBODY)] == [None, first.number]
    assert json.loads((Path(second.path) / "data/incident.json").read_text())["supplements"] == first.number
    [job] = city.waiting(city.finding(log.event_ids[30:], key="again"))
    city.seal(job)
    assert [line.supplements for line in evidence.listing(city.ws, by=SOMEBODY)] == [None, first.number, first.number]
    assert all(report.ok for report in evidence.verify_all(city.ws))


def test_events_that_joined_an_alert_make_a_supplement_with_all_of_it(city: City) -> None:
    log = city.log()
    city.seal(city.waiting(city.finding(log.event_ids[:10]))[0])
    [job] = city.waiting(city.finding(log.event_ids[:20]))
    second = city.seal(job)
    assert second.events == 20
    assert city.waiting() == ()


def test_events_that_join_while_a_bag_is_made_stay_unsealed(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    log = city.log()
    [job] = city.waiting(city.finding(log.event_ids[:10]))
    make_durable = bags.BagWriter.make_durable

    def meanwhile(bag: bags.BagWriter) -> None:
        make_durable(bag)
        city.waiting(city.finding(log.event_ids[:12]), run_id="run-2")

    with monkeypatch.context() as patch:
        patch.setattr(bags.BagWriter, "make_durable", meanwhile)
        city.seal(job)
    [rest] = city.waiting()
    assert city.seal(rest).events == 12
    assert city.waiting() == ()


def test_a_rule_that_was_edited_is_kept_in_both_wordings(city: City) -> None:
    log = city.log()
    findings = [
        city.finding(log.event_ids[:3], rule_text="title: first\n"),
        city.finding(log.event_ids[5:9], rule_text="title: second\n", key="later"),
    ]
    bag = Path(city.seal(city.waiting(*findings)[0]).path)
    texts = {path.read_text() for path in bag.glob("data/detection/many-failed-sign-ins/*/rule.yml")}
    assert texts == {"title: first\n", "title: second\n"}


def test_rows_of_several_datasets_share_one_table(city: City) -> None:
    linux = city.log()
    windows = city.log(source="dc01", path="sec.jsonl", log_format="windows-json", in_dataset="windows.security")
    findings = [
        city.finding(linux.event_ids[:3]),
        city.finding(windows.event_ids[:4], rule="windows", in_dataset="windows.security"),
        city.finding([linux.event_ids[7], windows.event_ids[9]], rule="both", in_dataset="authentication"),
    ]
    snapshot = city.seal(city.waiting(*findings)[0])
    rows = pq.read_table(Path(snapshot.path) / "data/events.parquet")
    assert rows["dataset"].to_pylist().count("windows.security") == 5
    assert {"tty", "EventID", "TargetUserName", "extra"} <= set(rows.column_names)
    header = (Path(snapshot.path) / "data/events.csv").read_text().splitlines()[0]
    assert "EventID" not in header, "columns without any value stay out of the CSV"


def test_numbers_follow_the_year_of_sealing_in_utc(city: City) -> None:
    log = city.log()
    first = city.seal(city.waiting(city.finding(log.event_ids[:2]))[0])
    new_year = replace(city.ws, clock=FixedClock(datetime(2026, 12, 31, 19, 0, tzinfo=UTC) + timedelta(hours=6)))
    city.ws = new_year
    second = city.seal(city.waiting(city.finding(log.event_ids[5:6], key="later"))[0])
    third = city.seal(city.waiting(city.finding(log.event_ids[7:8], key="last"))[0])
    assert [first.number, second.number, third.number] == ["EV-2026-000001", "EV-2027-000001", "EV-2027-000002"]


def test_many_events_in_bounded_time(city: City) -> None:
    lines = [f"Nov 22 02:00:00 vpn01 sshd[{number}]: Failed password for =jdoe\n" for number in range(10_000)]
    log = city.log(lines)
    [job] = city.waiting(replace(city.finding(log.event_ids), last_time=NIGHT + timedelta(days=1)))
    snapshot = city.seal(job)
    assert snapshot.events == 10_000
    assert evidence.verify(city.ws, snapshot.number).ok
