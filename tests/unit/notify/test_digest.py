"""The morning digest: everything that waits, failed or runs out; nothing to say in one line; sent once a day."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from breachwatch import notify, run
from breachwatch.cli import app
from breachwatch.evidence import holds
from breachwatch.model.finding import Level
from breachwatch.model.people import Role
from breachwatch.records import cases, casework, catalog
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY, a
from tests.unit.notify.conftest import SETTINGS, Town

COUNSEL = a(Role.COUNSEL, "Carla Counsel")
HOSTILE = "<b>x</b>\x1b[2J @everyone http://evil.example"
FILTER = """
title: Approved scan
logsource: {category: any}
filter:
  rules: any
  selection: {source_ip: 10.1.2.3}
  condition: not selection
breachwatch: {owner: ann, reason: weekly scan, expires: %s}
"""


def ran(ws: Workspace, state: str = "completed", sources: object = ()) -> None:
    with ws.database.write() as connection:
        connection.execute(
            insert(catalog.run).values(
                run_id="run-1",
                night="2026-11-22",
                until=ws.clock.now(),
                state=state,
                started_at=ws.clock.now(),
                summary=json.dumps({"sources": sources}),
            )
        )


def test_nothing_to_say(town: Town) -> None:
    ran(town.ws)
    found = notify.digest(town.ws)
    assert found.nothing, found
    notify.enter_digest(town.ws)
    notify.send(town.ws)
    assert town.post.titles == ["Testville, 2026-11-22: nothing to say"]
    assert "all is as it should be" in town.post.taken[0]["message"]


def test_everything_that_a_morning_should_know(town: Town) -> None:
    ws = town.ws
    ran(ws, "failed", [{"source": "vpn01", "failed": HOSTILE}])
    town.incident("INC-2026-0001", title=HOSTILE)
    town.incident("INC-2026-0002", Level.CRITICAL, opened_at=ws.clock.now() - timedelta(hours=2))
    town.incident("INC-2026-0003", state="triage", failure="the disk is full")
    with ws.database.write() as connection:
        connection.execute(
            insert(cases.evidence).values(
                number="EV-2026-000001",
                incident="INC-2026-0001",
                path="EV-2026-000001",
                tagmanifest_sha256="0" * 64,
                events=1,
                bytes=1,
                sealed_at=ws.clock.now(),
                run_id="run-1",
                verified_at=ws.clock.now(),
                verified_ok=0,
            )
        )
    (ws.root / "filter.yml").write_text(FILTER % "2026-11-30")
    with (ws.root / "breachwatch.toml").open("a") as settings:
        settings.write('\n[detect]\nrules = []\nfilters = ["filter.yml"]\n')
    from breachwatch.workspace import open_workspace

    ws = open_workspace(ws.root, ws.clock)
    holds.place(ws, [("account", "jdoe")], reason="Order 7", by=COUNSEL, custodians=["ann", "Zed"])
    found = notify.digest(ws)
    assert {kind: [line.about for line in lines] for kind, lines in found.kinds.items()} == {
        "The nightly run": ["run-1"],
        "Evidence that could not be sealed": ["INC-2026-0003"],
        "New incidents": ["INC-2026-0002", "INC-2026-0001"],
        "Incidents that nobody has acknowledged": ["INC-2026-0002"],
        "Evidence that does not verify": ["EV-2026-000001"],
        "Sources that failed or are silent": ["vpn01"],
        "Holds that custodians have not acknowledged": ["HOLD-2026-0001"],
        "Filters that end soon": ["Approved scan"],
    }
    assert notify.enter_digest(ws) == 1  # the analyst's room
    assert notify.enter_digest(ws) == 0
    notify.send(ws)
    [sent] = [item for item in town.post.taken if "digest" in item["message"]]
    for text in (sent["title"], sent["message"]):
        for markup in ("<", "\x1b", "@", "http:", "evil.example"):
            assert markup not in text
    assert "INC-2026-0002: critical" in sent["message"]
    assert notify.enter_digest(ws, again=True) == 1


def test_tasks_that_are_late_are_told_once_an_incident_the_oldest_first(town: Town) -> None:
    ws = town.ws
    ran(ws)
    for number, state in (("INC-2026-0001", "triage"), ("INC-2026-0002", "triage"), ("INC-2026-0003", "closed")):
        town.incident(number, state=state)
    now = ws.clock.now()
    due = {
        "INC-2026-0001": ((-1, "open", HOSTILE), (-9, "done", "done"), (30, "open", "later"), (3, "blocked", "soon")),
        "INC-2026-0002": ((-5, "open", "tell counsel"), (20, "open", "contain")),
        "INC-2026-0003": ((-5, "open", "of a closed one"),),
    }
    with ws.database.write() as connection:
        for number, tasks in due.items():
            for place, (hours, state, title) in enumerate(tasks):
                connection.execute(
                    insert(casework.task).values(
                        incident=number, playbook="p", step=str(place), phase="tell", title=title, how="", reason="",
                        role="it_director", assignee="", due_at=now + timedelta(hours=hours), state=state,
                        done_by="", mandatory=1, version=1,
                    )
                )  # fmt: skip
    lines = notify.digest(ws).kinds["Tasks that are due or overdue"]
    assert [line.about for line in lines] == ["INC-2026-0002", "INC-2026-0001"]
    assert lines[0].what == "overdue since 2026-11-21 23:15 CST: tell counsel (IT director), and 1 more"
    assert lines[1].what.endswith(", and 1 more")


def test_a_failing_look_is_a_line_of_its_own(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Workspace, **_by: object) -> list[str]:
        raise OSError(28, "No space left on device", "/somewhere")

    ran(town.ws)
    monkeypatch.setattr("breachwatch.evidence.holds.records", fails)
    found = notify.digest(town.ws)
    [line] = found.kinds["Holds that custodians have not acknowledged"]
    assert "No space left" in line.what


def test_a_long_list_is_cut_and_counted(town: Town) -> None:
    ran(town.ws)
    for number in range(1, 61):
        town.incident(f"INC-2026-{number:04d}", Level.MEDIUM)
    found = notify.digest(town.ws)
    assert (len(found.kinds["New incidents"]), found.counts["New incidents"]) == (50, 60)
    notify.enter_digest(town.ws)
    [message] = notify.messages(town.ws)
    assert "and 45 more" in message.body


def test_it_comes_at_its_time_of_day(make_town: Callable[..., Town]) -> None:
    town = make_town(SETTINGS.replace("[notify]", '[notify]\ndigest_at = "07:00"'))
    ran(town.ws)
    assert notify.enter_digest_in_time(town.ws) == 0  # 04:15
    assert notify.enter_digest_in_time(town.later(165)) == 1
    assert notify.enter_digest_in_time(town.later(170)) == 0
    assert run.round_off(town.ws) == ()
    assert len(notify.messages(town.ws)) == 1


def test_after_the_night_people_are_told(town: Town) -> None:
    town.incident()
    assert run.round_off(town.ws) == ()
    assert len(town.post.taken) == 3  # room and pager, and the digest
    town.post.status = 500
    town.incident("INC-2026-0002")
    assert run.round_off(town.ws) == (
        "the service of channel 'pager' answered 500",
        "the service of channel 'room' answered 500",
    )


def test_custodians_are_told_by_their_channels_once_a_day(town: Town) -> None:
    hold = holds.place(
        town.ws, [("account", HOSTILE)], reason=HOSTILE, by=COUNSEL, custodians=["dora", "Zed <zed@vendor.example>"]
    ).number
    done = notify.remind(town.ws, by=COUNSEL)
    assert [(item.person, item.kind, item.channels) for item in done] == [
        ("dora", "notice", ("pager",)),
        ("Zed", "notice", ()),
    ]
    notify.send(town.ws)
    assert town.post.titles == [f"Notice to preserve information, {hold}"]
    message = town.post.taken[0]["message"]
    for markup in ("<b>", "\x1b", "@everyone", "http:"):
        assert markup not in message
    notify.remind(town.ws, hold, by=COUNSEL)
    assert notify.send(town.ws).sent == 0  # once a day
    notify.remind(town.later(24 * 60), hold, by=COUNSEL)
    assert notify.send(town.later(24 * 60)).sent == 1
    assert town.post.titles[-1].startswith("Reminder: ")
    told = holds.record(town.ws, hold, by=SOMEBODY).custodians
    assert {item.person: [part.kind for part in item.told] for item in told} == {
        "dora": ["notice", "reminder"],
        "Zed": [],
    }


def test_the_commands(town: Town, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("breachwatch.workspace.SystemClock", lambda: town.ws.clock)
    ran(town.ws)

    def call(*words: str) -> tuple[int, str]:
        code = app.main(["-w", str(town.ws.root), "--as", "ann", *words])
        said = capfd.readouterr()
        return code, " ".join((said.out + said.err).split())

    assert call("digest") == (0, "2026-11-22: there is nothing to say, all is as it should be.")
    town.incident()
    assert "INC-2026-0001" in call("digest")[1]
    assert json.loads(call("digest", "--json")[1])["counts"] == {"New incidents": 1}
    assert call("digest", "--send")[0] == 0
    assert call("notify", "test", "room") == (0, "channel 'room' took a test message.")
    assert call("notify", "send")[1] == "0 messages sent."
    code, said = call("notify", "list", "--about", "inc-2026-0001")
    assert (code, said.count("sent 2026-11-22")) == (0, 2)
    assert call("notify", "acknowledge", "inc-2026-0001")[0] == 0
    assert call("hold", "remind") == (0, "Every custodian has acknowledged.")
    town.post.status = 404
    assert call("notify", "test", "room") == (3, "breachwatch: the service of channel 'room' answered 404.")
    assert call("notify", "test", "nowhere")[0] == 2
    with town.ws.database.write() as connection:
        connection.execute(update(cases.incident).values(level=int(Level.CRITICAL)))
    code, said = call("notify", "send", "--json")
    assert (code, json.loads(said)["later"]) == (3, 2)
