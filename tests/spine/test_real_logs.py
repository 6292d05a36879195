"""The whole line over real logs: the lake holds what other tools counted, and nothing goes missing in silence."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from breachwatch import evidence, lake, run
from breachwatch.evidence import create_key
from breachwatch.model.finding import Outcome
from breachwatch.model.formats import recognise
from breachwatch.model.summary import RunState, RunSummary
from breachwatch.records import catalog
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY

NO_RULES = "[detect]\nrules = []\n"
ELASTIC = "linux-auth/elastic-examples/auth.log"


def source(name: str, path: Path | str, more: str = "") -> str:
    return f'[[sources]]\nname = "{name}"\npaths = [{json.dumps(str(path))}]\ntime_zone = "UTC"\n{more}'


def copied(path: Path, to: Path, modified_at: datetime) -> Path:
    """A copy that was written last at that time: the year of RFC 3164 times hangs on it."""
    shutil.copyfile(path, to)
    os.utime(to, (modified_at.timestamp(),) * 2)
    return to


def rows(ws: Workspace, query: str) -> list[tuple[Any, ...]]:
    with lake.connect(ws) as connection:
        return connection.execute(query).fetchall()


def counted(ws: Workspace, query: str) -> dict[Any, int]:
    """A query of a key and a number as a dict."""
    return dict(rows(ws, query))


# --- sign-ins, three times the same ------------------------------------------------------------------------------

THREE = ("auth", "json", "export")


@pytest.fixture(scope="module")
def signed_in(shared_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, RunSummary]:
    """One auth.log, and the same content as the journal gives it, in both of its forms."""
    from breachwatch.clock import FixedClock
    from breachwatch.workspace import open_workspace

    root = tmp_path_factory.mktemp("sign-ins")
    written = datetime(2017, 4, 20, 20, tzinfo=UTC)
    journal = shared_logs / "journald/derived-from-elastic-auth"
    files = {
        "auth": copied(shared_logs / ELASTIC, root / "auth.log", written),
        "json": copied(journal / "auth.journal.jsonl.gz", root / "auth.jsonl.gz", written),
        "export": copied(journal / "auth.journal.export.gz", root / "auth.export.gz", written),
    }
    (root / "breachwatch.toml").write_text("".join(source(name, path) for name, path in files.items()))
    ws = open_workspace(root, FixedClock(datetime(2017, 4, 21, tzinfo=UTC)))
    create_key(ws.keys)
    return ws, run.run(ws)


@pytest.fixture(scope="module")
def expected(shared_logs: Path) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads((shared_logs / "_truth/auth_counts.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = counts[ELASTIC]
    return found


def test_every_line_becomes_a_row(signed_in: tuple[Workspace, RunSummary], expected: dict[str, Any]) -> None:
    _, summary = signed_in
    assert summary.state is RunState.COMPLETED
    assert {(r.source, r.files, r.records, r.rows, r.rejects, r.problems) for r in summary.sources} == {
        (name, 1, expected["lines"], 2750, 0, ()) for name in THREE
    }


def test_failed_sign_ins(signed_in: tuple[Workspace, RunSummary], expected: dict[str, Any]) -> None:
    ws, _ = signed_in
    failed = "FROM linux_auth WHERE program = 'sshd' AND action = 'logon' AND outcome = 'failure'"
    with_repeats = counted(ws, f"SELECT source, sum(repeat_count) {failed} GROUP BY source")
    assert with_repeats == dict.fromkeys(THREE, expected["failed_incl_repeats"]) == dict.fromkeys(THREE, 710)
    lines = counted(ws, f"SELECT source, count(*) {failed} AND message NOT LIKE 'message repeated%' GROUP BY source")
    assert lines == dict.fromkeys(THREE, expected["failed_lines"]) == dict.fromkeys(THREE, 346)
    repeated = counted(ws, f"SELECT source, count(*) {failed} AND message LIKE 'message repeated%' GROUP BY source")
    assert repeated == dict.fromkeys(THREE, expected["message_repeated_lines"])
    for name in THREE:
        by_address = counted(ws, f"SELECT source_ip, count(*) {failed} AND source = '{name}' GROUP BY source_ip")
        many = {address: count for address, count in by_address.items() if count >= 10}
        assert many == expected["ips_with_10_or_more_failures"]
        assert all(by_address[address] == count for address, count in expected["top_failed_ip"])


def test_accepted_sign_ins(signed_in: tuple[Workspace, RunSummary], expected: dict[str, Any]) -> None:
    ws, _ = signed_in
    for name in THREE:
        table = counted(
            ws,
            "SELECT concat_ws(' ', auth_method, \"user\", source_ip), count(*) FROM linux_auth "
            f"WHERE action = 'logon' AND outcome = 'success' AND source = '{name}' GROUP BY 1",
        )
        assert table == dict(expected["accepted"])
        assert sum(table.values()) == expected["accepted_lines"] == 18


def test_sudo_sessions_pam_and_programs(signed_in: tuple[Workspace, RunSummary], expected: dict[str, Any]) -> None:
    ws, _ = signed_in
    for name in THREE:
        here = f"FROM linux_auth WHERE source = '{name}'"
        commands = rows(ws, f"SELECT count(*) {here} AND program = 'sudo' AND action = 'privilege-used'")
        assert commands == [(expected["sudo_command_lines"],)] == [(74,)]
        sessions = counted(ws, f"SELECT action, count(*) {here} AND service IS NOT NULL GROUP BY action")
        assert (sessions["session-opened"], sessions["session-closed"]) == (
            expected["session_opened"],
            expected["session_closed"],
        )
        # The other count takes every line with these words: PAM's, and sshd's when it hangs up after too many.
        pam = (
            f"{here} AND (failure_reason = 'authentication failure' "
            "OR message LIKE 'Disconnecting: Too many authentication failures%')"
        )
        assert rows(ws, f"SELECT count(*) {pam}") == [(expected["pam_auth_failure"],)]
        assert counted(ws, f"SELECT program, count(*) {here} GROUP BY program") == dict(expected["programs"])
        assert rows(ws, f"SELECT count(*) {here} AND action = 'user-created'") == [(expected["useradd_new_user"],)]


def test_the_three_tell_the_same_story(signed_in: tuple[Workspace, RunSummary]) -> None:
    ws, _ = signed_in
    view = (
        'SELECT "user", source_ip, host, application, auth_method, outcome, failure_reason, count(*) '
        "FROM authentication WHERE source = '{}' GROUP BY ALL ORDER BY ALL"
    )
    of_the_log = rows(ws, view.format("auth"))
    assert len(of_the_log) > 50
    for name in THREE[1:]:
        assert rows(ws, view.format(name)) == of_the_log
    times = "SELECT date_trunc('second', time), message FROM linux_auth WHERE source = '{}' ORDER BY ALL"
    assert rows(ws, times.format("json")) == rows(ws, times.format("auth"))


def test_an_incident_is_open_and_its_evidence_is_cut_out_of_the_files(
    signed_in: tuple[Workspace, RunSummary],
) -> None:
    ws, summary = signed_in
    assert summary.new_incidents
    assert not summary.failures
    sealed = evidence.listing(ws, by=SOMEBODY)
    assert {item.incident for item in sealed} == set(summary.new_incidents)
    for item in sealed:
        assert evidence.verify(ws, item.number).ok
        kept = json.loads((Path(item.path) / "data/sources.json").read_text())["segments"]
        assert {segment["source"] for segment in kept} <= set(THREE)
    again = run.run(ws)
    assert (again.new_alerts, again.new_incidents, again.snapshots) == (0, (), ())


# --- Windows event logs ------------------------------------------------------------------------------------------

READ_FURTHER = {"windows-evtx/evtx/sample_with_a_bad_chunk_magic.evtx"}
"""Files at whose damage the tool that counted gave up, and we do not."""


def evtx_truth(shared_logs: Path) -> dict[str, dict[str, Any]]:
    lines = (shared_logs / "_truth/evtx_counts.jsonl").read_text(encoding="utf-8").splitlines()
    counts = {item["file"]: item for item in map(json.loads, lines)}
    return {name: item for name, item in counts.items() if name.startswith("windows-evtx/")}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_event_log_file_gives_its_records(shared_logs: Path, make_ws: Callable[..., Workspace]) -> None:
    truth = evtx_truth(shared_logs)
    names = {f"file-{number}": name for number, name in enumerate(sorted(truth))}
    assert len(names) == len(list((shared_logs / "windows-evtx").rglob("*.evtx"))) == 83
    one_each = "".join(source(name, shared_logs / path) for name, path in names.items())
    ws = make_ws(NO_RULES + one_each + source("together", shared_logs / "windows-evtx/**/*.evtx"))
    create_key(ws.keys)
    summary = run.run(ws)
    assert summary.state is RunState.COMPLETED
    reports = {report.source: report for report in summary.sources}
    views = ("security", "sysmon", "system", "powershell", "application", "other")
    everything = " UNION ALL ".join(
        f"SELECT source, Channel, EventID, Computer, EventRecordID, time FROM windows_{view}" for view in views
    )
    found: dict[str, Counter[str]] = {}
    for name, event, count in rows(
        ws, f"SELECT source, concat(Channel, '/', EventID), count(*) FROM ({everything}) GROUP BY ALL"
    ):
        found.setdefault(name, Counter())[event] = count
    for name, path in names.items():
        report, wanted = reports[name], truth[path]
        assert report.records == report.rows + report.rejects
        if path in READ_FURTHER:
            assert report.rows > wanted["records"]
            named = {event: count for event, count in wanted["by_event"].items() if not event.startswith("None/")}
            assert not Counter(named) - found[name]
            assert report.rejects
        else:
            assert (report.rows, found[name]) == (wanted["records"], wanted["by_event"]), path
            assert bool(report.rejects) == bool(wanted["parser_error"]), path
    # Files that overlap (a log copied twice) give each record once. Filtered exports number their records anew and are
    # not recognised as the same: 14 records here come in two such exports.
    record = "Channel, Computer, EventRecordID, time"
    distinct = rows(ws, f"SELECT DISTINCT {record} FROM ({everything}) WHERE source <> 'together' ORDER BY ALL")
    together = rows(ws, f"SELECT {record} FROM ({everything}) WHERE source = 'together' ORDER BY ALL")
    assert sorted(set(together)) == sorted(distinct)
    assert len(together) - len(distinct) == 14
    assert len(distinct) < sum(reports[name].rows for name in names) - 2000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_public_rule_has_its_outcome_and_every_incident_its_evidence(
    shared: Path, shared_logs: Path, make_ws: Callable[..., Workspace]
) -> None:
    ws = make_ws(
        f'[detect]\nlookback_days = 366\nrules = ["builtin", "{shared}/sigmahq-rules.zip"]\n'
        + source("evtx", shared_logs / "windows-evtx/**/*.evtx")
    )
    create_key(ws.keys)
    summary = run.run(ws)
    broken = [item for item in summary.outcomes if item.outcome is Outcome.COULD_NOT_RUN and not item.excused]
    assert summary.state is RunState.COMPLETED, (summary.failures, broken)
    by_outcome = Counter(item.outcome for item in summary.outcomes)
    assert set(by_outcome) == set(Outcome)
    assert len({item.rule_id for item in summary.outcomes}) == len(summary.outcomes) > 3780
    assert all(item.reason for item in summary.outcomes if item.outcome is Outcome.COULD_NOT_RUN)
    assert len(summary.snapshots) >= len(summary.new_incidents) > 10
    sealed: set[str] = set()
    for item in evidence.listing(ws, by=SOMEBODY):
        report = evidence.verify(ws, item.number)
        assert report.ok, report
        incident = json.loads((Path(item.path) / "data/incident.json").read_text())
        assert incident["incident"] == item.incident
        header = (Path(item.path) / "data/events.csv").read_text(encoding="utf-8").partition("\n")[0]
        sealed |= {"sysmon"} if '"User_1"' in header else set()
    assert sealed == {"sysmon"}


# --- every file of every folder ----------------------------------------------------------------------------------


def unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def said(summary: RunSummary) -> Iterable[tuple[str, bool]]:
    return ((problem.where, problem.lost_data) for report in summary.sources for problem in report.problems)


CLOUD = ("aws-cloudtrail", "entra-azure", "google-workspace", "m365", "okta")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_file_of_any_folder_is_dropped(shared_logs: Path, make_ws: Callable[..., Workspace]) -> None:
    folders = ("linux-auth", "journald", "syslog-rfc5424", "windows-json", "utmp", "web-access", *CLOUD)
    paths = [path for folder in folders for path in sorted((shared_logs / folder).rglob("*")) if path.is_file()]
    names = {str(path): f"{path.relative_to(shared_logs).parts[0]}-{n}" for n, path in enumerate(paths)}
    ws = make_ws(NO_RULES + "".join(source(name, path) for path, name in names.items()))
    summary = run.run(ws)
    reports = {report.source: report for report in summary.sources}
    unread = {where for where, lost in said(summary) if lost}
    with ws.database.read() as connection:
        segment = catalog.segment.c
        landed = connection.execute(
            select(segment.path, segment.state, segment.format, segment.records, segment.rows, segment.rejects)
        ).all()
    collected = {item.path for item in landed}
    assert {item.state for item in landed} == {"landed"}
    assert collected | unread == set(names)
    assert not collected & unread
    for item in landed:
        assert item.records == item.rows + item.rejects
        report = reports[names[item.path]]
        assert (report.records, report.rows, report.rejects) == (item.records, item.rows, item.rejects)
        data = unpacked(Path(item.path))
        if item.format in {"syslog", "web-access", "windows-json", "windows-xml", "journald-json"}:
            assert item.records == sum(bool(line.strip()) for line in data.split(b"\n")), item.path
        elif item.format == "utmp":
            assert item.records == -(-len(data) // 384), item.path
    # What is not read is no log of a kind that is known.
    assert not [where for where in unread if recognise(unpacked(Path(where))[:4096])]
    assert len(collected) > 110
    assert sum(item.rows for item in landed) > 35_000
