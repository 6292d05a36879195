"""The clocks of requests: the dates of the statutes, extensions, late answers, the board and the calendar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from breachwatch.errors import NotPermittedError, UnknownNameError, UsageError
from breachwatch.model.duties import ClockState
from breachwatch.model.requests import RequestStep
from breachwatch.respond.requests.clocks import RequestClock, clocks_of, open_clocks, readings_of
from breachwatch.respond.requests.handling import close, extend, note_step, submit
from breachwatch.respond.requests.receiving import Incoming, correct, receive, receive_mailed
from breachwatch.workspace import Workspace
from tests.unit.respond.requests.conftest import ANALYST, CLERK, IN_BOTH, PR, Desk

DECISION, BRIEF, DETERMINATION = "tx-records-decision", "tx-records-brief", "ca-records-determination"


def clock(desk: Desk, obligation: str) -> RequestClock:
    found = {item.obligation.id: item for item in clocks_of(desk.read(), now=desk.ws.clock.now())}
    return found[obligation]


def days(item: RequestClock) -> tuple[str, str]:
    assert item.due.safe is not None
    assert item.due.latest is not None
    return f"{item.due.safe:%Y-%m-%d}", f"{item.due.latest:%Y-%m-%d}"


def test_business_days_of_texas(texas: Desk) -> None:
    desk = texas.on("2026-12-14T17:00")
    desk.received("2026-12-14T09:00")
    assert days(clock(desk, DECISION)) == ("2026-12-29", "2026-12-30")  # the 24th is a state holiday, no national one
    assert days(clock(desk, BRIEF))[1] == "2027-01-07"


@pytest.mark.parametrize(
    ("postmark", "counts_from", "latest"),
    [
        ("2026-11-02", "2026-11-05", "2026-11-20"),  # a Monday; Veterans Day lies in the ten days
        (
            "2026-11-13",
            "2026-11-18",
            "2026-12-04",
        ),  # a Friday: the weekend does not count; Thanksgiving and the day after
        ("2026-11-06", "2026-11-12", "2026-11-30"),  # Veterans Day, a national holiday, does not count
    ],
)
def test_a_mailed_request_of_texas_counts_from_its_postmark_where_nobody_can_show_when_it_came(
    texas: Desk, postmark: str, counts_from: str, latest: str
) -> None:
    desk = texas.on("2026-11-22T10:00")
    what = Incoming("All records.", "mail", desk.ws.clock.now())
    found = receive_mailed(desk.ws, what, date.fromisoformat(postmark), by=CLERK)
    assert f"{found.received_at.astimezone(desk.ws.settings.city.zone):%Y-%m-%d}" == counts_from
    assert days(clock(desk, DECISION))[1] == latest
    with desk.ws.database.read() as connection:
        [because] = {item.because for item in readings_of(connection, PR)}
    assert postmark in because
    assert "552.301(a-1)" in because


def test_a_postmark_that_says_nothing_is_refused(texas: Desk) -> None:
    desk = texas.on("2026-11-22T10:00")
    mailed = Incoming("All records.", "mail", desk.ws.clock.now())
    with pytest.raises(UsageError, match="received on 2026-11-24, which is to come"):
        receive_mailed(desk.ws, mailed, date(2026, 11, 19), by=CLERK)
    with pytest.raises(UsageError, match="has no postmark"):
        receive_mailed(desk.ws, replace(mailed, channel="e-mail"), date(2026, 11, 2), by=CLERK)


def test_california_has_no_rule_for_postmarks(california: Desk) -> None:
    mailed = Incoming("All records.", "mail", california.ws.clock.now())
    with pytest.raises(UsageError, match="has no rule that counts a request from its postmark"):
        receive_mailed(california.ws, mailed, date(2026, 11, 2), by=CLERK)


@pytest.mark.parametrize(
    ("received", "safe", "latest"),
    [("2026-09-15T09:00", "2026-09-25", "2026-09-28"), ("2026-02-02T09:00", "2026-02-12", "2026-02-13")],
)
def test_calendar_days_of_california_move_past_holidays(
    california: Desk, received: str, safe: str, latest: str
) -> None:
    california.received(received)
    assert days(clock(california, DETERMINATION)) == (safe, latest)


@IN_BOTH
def test_an_extension_adds_its_days_and_the_earlier_reading_stays(california: Desk) -> None:
    desk = california.on("2026-09-24T12:00")
    desk.received("2026-09-15T09:00")
    extend(
        desk.ws, PR, "unusual_circumstances", by=CLERK, reason="records of two offices", at=desk.at("2026-09-24T11:00")
    )
    assert days(clock(desk, DETERMINATION)) == ("2026-10-09", "2026-10-12")
    with desk.ws.database.read() as connection:
        kept = readings_of(connection, PR)
    assert [(f"{item.latest:%Y-%m-%d}", item.because) for item in kept] == [
        ("2026-09-29", "the request was received"),  # UTC: the last second of the day in California
        ("2026-10-13", "extended: unusual_circumstances"),
    ]
    with pytest.raises(UsageError, match="once"):
        extend(desk.ws, PR, "unusual_circumstances", by=CLERK, reason="again", at=desk.at("2026-09-24T11:30"))


def test_an_extension_after_the_last_day_is_refused(california: Desk) -> None:
    desk = california.on("2026-09-30T12:00")
    desk.received("2026-09-15T09:00")
    with pytest.raises(UsageError, match="after the last day"):
        extend(desk.ws, PR, "unusual_circumstances", by=CLERK, reason="late", at=desk.at("2026-09-29T11:00"))
    with pytest.raises(UnknownNameError):
        extend(desk.ws, PR, "vacation", by=CLERK, reason="late", at=desk.at("2026-09-24T11:00"))


def test_asking_late_warns_loudly_and_for_good(texas: Desk) -> None:
    texas.received("2026-11-20T09:30")
    desk = texas.on("2026-12-09T09:00")
    overdue = clock(desk, DECISION)
    assert overdue.clock is ClockState.OVERDUE
    assert "presumed public" in overdue.warning
    submit(desk.ws, PR, DECISION, by=CLERK, reason="letter", at=desk.ws.clock.now())
    asked = clock(desk, DECISION)
    assert asked.clock is ClockState.MET
    assert "done late" in asked.warning
    assert "presumed public" in asked.warning


def test_asking_in_time_meets_the_clock_without_a_warning(texas: Desk) -> None:
    texas.received("2026-11-20T09:30")
    desk = texas.on("2026-12-07T09:00")
    submit(desk.ws, PR, DECISION, by=CLERK, reason="letter", at=desk.ws.clock.now())
    found = clock(desk, DECISION)
    assert (found.clock, found.met, found.warning) == (ClockState.MET, "submitted", "")
    assert [item.obligation.id for item in open_clocks(desk.ws, by=ANALYST)] == [BRIEF]
    with pytest.raises(UnknownNameError):
        submit(desk.ws, PR, DETERMINATION, by=CLERK, reason="letter", at=desk.ws.clock.now())


def test_a_clarification_moves_no_deadline(texas: Desk) -> None:
    texas.received("2026-11-20T09:30")
    before = days(clock(texas, DECISION))
    note_step(texas.ws, PR, RequestStep.CLARIFICATION_ASKED, by=CLERK, reason="which incident is meant?")
    note_step(texas.ws, PR, RequestStep.CLARIFIED, by=CLERK, reason="that of November")
    assert days(clock(texas, DECISION)) == before


def test_a_corrected_receipt_moves_the_clock_and_keeps_both(texas: Desk) -> None:
    texas.received("2026-11-20T09:30")
    correct(texas.ws, PR, by=CLERK, reason="the postmark", received_at=texas.at("2026-11-18T16:00"))
    assert days(clock(texas, DECISION)) == ("2026-12-03", "2026-12-04")
    with texas.ws.database.read() as connection:
        assert len({item.latest for item in readings_of(connection, PR) if item.obligation == DECISION}) == 2
    assert texas.read().steps[-1].detail["received_at"].startswith("2026-11-18T16:00")


def test_the_board_has_open_requests_the_most_urgent_first(texas: Desk) -> None:
    texas.received("2026-11-20T09:30")
    texas.received("2026-11-18T09:30")
    board = open_clocks(texas.ws, by=ANALYST)
    assert [(item.request, item.obligation.id) for item in board] == [
        ("PR-2026-0002", DECISION), ("PR-2026-0001", DECISION), ("PR-2026-0002", BRIEF), ("PR-2026-0001", BRIEF),
    ]  # fmt: skip
    close(texas.ws, PR, by=CLERK, reason="withdrawn by telephone", without_release=True)
    assert {item.request for item in open_clocks(texas.ws, by=ANALYST)} == {"PR-2026-0002"}


def test_what_cannot_be_is_refused(texas: Desk) -> None:
    ahead, bare = texas.at("2026-11-23T09:00"), texas.at("2026-11-20T09:00").replace(tzinfo=None)
    for received in (ahead, bare):
        with pytest.raises(UsageError, match="needs a zone, and is past"):
            receive(texas.ws, Incoming("x", "mail", received), by=CLERK)
    with pytest.raises(UsageError, match="channel"):
        receive(texas.ws, Incoming("x", "pigeon", texas.at("2026-11-20T09:00")), by=CLERK)
    with pytest.raises(NotPermittedError):
        receive(texas.ws, Incoming("x", "mail", texas.at("2026-11-20T09:00")), by=ANALYST)
    texas.received("2026-11-20T09:30")
    with pytest.raises(UsageError, match="received at"):
        note_step(texas.ws, PR, RequestStep.DETERMINED, by=CLERK, reason="early", at=texas.at("2026-11-19T09:30"))
    with pytest.raises(UsageError, match="a command of its own"):
        note_step(texas.ws, PR, RequestStep.SIGNED, by=CLERK, reason="by the side door")
    with pytest.raises(UsageError, match="without-release"):
        close(texas.ws, PR, by=CLERK, reason="enough")


@IN_BOTH
def test_the_database_refuses_to_change_what_was_written_down(texas: Desk) -> None:
    texas.received()
    for statement in (
        "UPDATE records_request SET words = 'less'",
        "DELETE FROM request_reading",
        "UPDATE request_reading SET latest = NULL",
    ):
        with pytest.raises(DatabaseError, match="only ever added"), texas.ws.database.write() as connection:
            connection.execute(text(statement))


def test_a_city_without_a_profile_is_told_to_name_one(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws(folder="bare")
    with pytest.raises(UsageError, match=r"city\.jurisdiction"):
        receive(ws, Incoming("x", "mail", ws.clock.now()), by=CLERK)
