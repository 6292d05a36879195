"""Real logs: counts taken with other tools, and every file read without losing a record."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from breachwatch.model.formats import recognise
from tests.unit.parse.support import Parsed, parsed

ELASTIC = "linux-auth/elastic-examples/auth.log"
DRILL = "linux-auth/drillworkshop"


@cache
def read(path: Path, form: str = "syslog") -> Parsed:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return parsed(form, data, path=str(path), modified_at=datetime(2017, 4, 21, tzinfo=UTC))


def truth(shared_logs: Path, name: str) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads((shared_logs / "_truth/auth_counts.json").read_text(encoding="utf-8"))[name]
    return counts


def logons(result: Parsed, outcome: str) -> list[dict[str, Any]]:
    return [event for event in result.events if event.get("action") == "logon" and event["outcome"] == outcome]


def test_sign_ins_of_an_auth_log(shared_logs: Path) -> None:
    result, expected = read(shared_logs / ELASTIC), truth(shared_logs, ELASTIC)
    assert (len(result.events), len(result.rejects)) == (expected["lines"], 0)
    failed = logons(result, "failure")
    assert {event["program"] for event in failed} == {"sshd"}
    written_out = [event for event in failed if not event["message"].startswith("message repeated")]
    assert len(written_out) == expected["failed_lines"] == 346
    assert len(failed) - len(written_out) == expected["message_repeated_lines"] == 75
    assert sum(event["repeat_count"] for event in failed) == expected["failed_incl_repeats"] == 710
    by_address = Counter(event["source_ip"] for event in failed)  # lines, a repeated message counted as one
    assert {ip: count for ip, count in by_address.items() if count >= 10} == expected["ips_with_10_or_more_failures"]
    assert all(by_address[ip] == count for ip, count in expected["top_failed_ip"])
    accepted = logons(result, "success")
    assert len(accepted) == expected["accepted_lines"] == 18
    table = Counter(f"{event['auth_method']} {event['user']} {event['source_ip']}" for event in accepted)
    assert table == dict(expected["accepted"])


def test_the_rest_of_an_auth_log(shared_logs: Path) -> None:
    result, expected = read(shared_logs / ELASTIC), truth(shared_logs, ELASTIC)
    events = result.events
    commands = [event for event in events if event.get("action") == "privilege-used" and event["program"] == "sudo"]
    assert len(commands) == expected["sudo_command_lines"] == 74
    assert {event["user"] for event in commands} == {"ubuntu"}
    assert all(event["outcome"] == "success" and event["command"].startswith(("/", "./")) for event in commands)
    by_pam = Counter(event.get("action") for event in events if "service" in event)
    assert (by_pam["session-opened"], by_pam["session-closed"]) == (563, 554)
    assert (expected["session_opened"], expected["session_closed"]) == (563, 554)
    assert Counter(event["program"] for event in events) == dict(expected["programs"])
    # The other count takes every line with the words "authentication failure": PAM's own, PAM's summaries of more
    # of them, and sshd hanging up after too many.
    pam = [event for event in events if event.get("failure_reason") == "authentication failure"]
    more = [event for event in pam if "more_failures" in event["extra"]]
    hung_up = [
        event for event in events if event["message"].startswith("Disconnecting: Too many authentication failures")
    ]
    assert all(event["failure_reason"] == "too many authentication failures" for event in hung_up)
    assert (len(pam) - len(more), len(more), len(hung_up)) == (157, 114, 106)
    assert len(pam) + len(hung_up) == expected["pam_auth_failure"] == 377
    assert not [event for event in pam if event.get("action") == "logon"]
    invalid = [event for event in events if event["message"].startswith("Invalid user")]
    assert len(invalid) == expected["invalid_user_lines"] == 75
    assert all("action" not in event and event["failure_reason"] == "invalid user" for event in invalid)
    # This log has no useradd or groupadd line at all: nobody was created.
    assert not [event for event in events if event.get("action") in {"user-created", "group-created"}]
    assert expected["useradd_new_user"] == 0
    assert {event["dataset"] for event in events} == {"linux.auth"}
    assert min(event["time"] for event in events) == datetime(2017, 4, 3, 0, 17, 1)  # noqa: DTZ001
    assert max(event["time"] for event in events).date().isoformat() == "2017-04-20"


@pytest.mark.parametrize("form", ["journald-json", "journald-export"])
def test_the_journal_tells_the_same(shared_logs: Path, form: str) -> None:
    name = {"journald-json": "auth.journal.jsonl.gz", "journald-export": "auth.journal.export.gz"}[form]
    journal = read(shared_logs / "journald/derived-from-elastic-auth" / name, form)
    log = read(shared_logs / ELASTIC)
    assert (len(journal.events), len(journal.rejects)) == (2750, 0)
    same = ("dataset", "host", "program", "process_id", "user", "target_user", "source_ip", "source_port", "action")
    same += ("outcome", "auth_method", "failure_reason", "repeat_count", "service", "command", "session_id", "message")
    for ours, theirs in zip(journal.events, log.events, strict=True):
        assert {key: ours.get(key) for key in same} == {key: theirs.get(key) for key in same}
        assert ours["time"].replace(microsecond=0) == theirs["time"]


def test_both_renderings_of_a_journal_are_one(shared_logs: Path) -> None:
    folder = shared_logs / "journald/derived-from-elastic-auth"
    exported = read(folder / "auth.journal.export.gz", "journald-export")
    in_json = read(folder / "auth.journal.jsonl.gz", "journald-json")
    places = {"byte_offset", "byte_length"}
    for ours, theirs in zip(exported.events, in_json.events, strict=True):
        assert {key: ours[key] for key in ours.keys() - places} == {key: theirs[key] for key in theirs.keys() - places}


def test_a_log_that_ends_in_a_cut_line(shared_logs: Path) -> None:
    result, expected = read(shared_logs / DRILL / "auth.log"), truth(shared_logs, f"{DRILL}/auth.log")
    assert len(result.records) == expected["lines"] == 10567
    assert [(reject["record_number"], reject["raw"]) for reject in result.rejects] == [(10567, b"Dec  2 13:14:2")]
    events = result.events
    assert Counter(event["program"] for event in events) == dict(expected["programs"])
    assert (
        sum(event["message"].startswith("Invalid user") for event in events) == expected["invalid_user_lines"] == 1489
    )
    actions = Counter(event.get("action") for event in events)
    assert (actions["session-opened"], actions["session-closed"]) == (58, 59)
    assert actions["logon"] == expected["failed_lines"] + expected["accepted_lines"] == 0
    assert {event["time"].year for event in events} == {2016}


def test_a_log_in_reverse_order_without_hosts(shared_logs: Path) -> None:
    result = read(shared_logs / DRILL / "firewall.ssdlog")
    expected = truth(shared_logs, f"{DRILL}/firewall.ssdlog")
    assert (len(result.events), len(result.rejects)) == (expected["lines"], 0)
    assert not [event for event in result.events if "host" in event]
    failed = logons(result, "failure")
    assert sum(event["repeat_count"] for event in failed) == expected["failed_incl_repeats"] == 257
    by_address = Counter(event["source_ip"] for event in failed)
    assert {ip: count for ip, count in by_address.items() if count >= 10} == expected["ips_with_10_or_more_failures"]
    assert all(by_address[ip] == count for ip, count in expected["top_failed_ip"])


@pytest.mark.slow
def test_no_record_of_any_file_is_lost(shared_logs: Path) -> None:
    seen = 0
    folders = ("linux-auth", "syslog-rfc5424", "journald", "utmp", "web-access", "firewall-vpn")
    for path in sorted(path for folder in folders for path in (shared_logs / folder).rglob("*") if path.is_file()):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        form = recognise(data[:4096])
        name = (
            "syslog"
            if form is None or form.name not in {"journald-export", "utmp", "journald-json", "web-access"}
            else form.name
        )
        result = parsed(name, data, path=path.name)
        for record in result.records:
            cut = data[record["byte_offset"] :][: record["byte_length"]]
            assert len(cut) == record["byte_length"]
            assert record.get("raw", cut) == cut
        if form is None or form.framing == "lines":
            lines = [number for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
            assert [record["record_number"] for record in result.records] == lines, path
        seen += 1
    assert seen > 250
