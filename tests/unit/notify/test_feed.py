"""The calendar that people subscribe to: renewed by each sending, whole for its readers, told where it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from icalendar import Calendar

from breachwatch import notify
from breachwatch.model.people import Role
from breachwatch.respond.duties import assessing
from breachwatch.workspace import Workspace
from tests.somebody import a
from tests.unit.notify.conftest import SETTINGS, Town
from tests.unit.respond.duties.conftest import MAILBOX

CITY = '[city]\nname = "Testville"\ntime_zone = "America/Chicago"\njurisdiction = "us-tx-city"\n'


def with_calendar(file: str) -> str:
    return CITY + SETTINGS.replace("[notify]\n", f'[notify]\nclocks = {{calendar = "{file}"}}\n')


def events(file: Path) -> list[str]:
    return sorted(str(event["uid"]) for event in Calendar.from_ical(file.read_bytes()).walk("VEVENT"))


def test_each_sending_renews_the_calendar(make_town: Callable[[str], Town]) -> None:
    town = make_town(with_calendar("clocks.ics"))
    file = town.ws.root / "clocks.ics"
    notify.send(town.ws)
    assert events(file) == []
    number = town.incident(state="triage")
    assessing.assess(town.ws, number, MAILBOX, by=a(Role.ANALYST), reason="the mailbox was read")
    assert notify.send(town.ws).errors == ()
    assert f"{number}-tx-cyber-command@breachwatch" in events(file)
    assert [item.name for item in town.ws.root.glob(".clocks.ics*")] == []
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_calendar_that_cannot_be_written_is_told_and_keeps_no_message(make_town: Callable[[str], Town]) -> None:
    town = make_town(with_calendar("gone/clocks.ics"))
    town.incident()
    done = notify.send(town.ws)
    assert done.sent > 0
    (told,) = done.errors
    assert "gone/clocks.ics could not be written: No such file or directory" in told


def test_without_the_setting_there_is_no_calendar(ws: Workspace) -> None:
    notify.send(ws)
    assert list(ws.root.glob("*.ics")) == []
