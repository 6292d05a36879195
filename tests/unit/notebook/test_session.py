# ruff: noqa: DTZ001  (times in the lake are UTC without a zone)
from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

import breachwatch as bw
from breachwatch.errors import SettingsError, UnknownNameError, UsageError
from breachwatch.notebook.session import Session, moment
from breachwatch.workspace import Workspace
from tests.notebooks.conftest import HOSTILE, START, full_ws  # noqa: F401  a fixture

SHOWN_SAFELY = "&lt;script src=&#x27;https://evil.example/x.js&#x27;&gt;"


@pytest.fixture
def session(full_ws: Workspace) -> Session:  # noqa: F811
    return Session(full_ws)


@pytest.mark.parametrize("as_text", [True, False])
def test_open_takes_a_folder(ws: Workspace, as_text: bool) -> None:
    with bw.open(str(ws.root) if as_text else ws.root) as session:
        assert session.workspace.root == ws.root
        assert session.sql("SELECT count(*) FROM authentication").fetchall() == [(0,)]
    with pytest.raises(duckdb.Error):
        session.sql("SELECT 1")


def test_open_says_when_there_is_no_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="breachwatch init"):
        bw.open(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BREACHWATCH_WORKSPACE", raising=False)
    with pytest.raises(SettingsError, match="no workspace here"):
        bw.open()
    assert list(tmp_path.iterdir()) == []


def test_sql_binds_values(session: Session) -> None:
    found = session.sql("SELECT count(*) AS n FROM linux_auth WHERE message = ?", [HOSTILE])
    assert found.df()["n"].tolist() == [40]
    assert found.to_arrow_table().num_rows == 1


def test_events_of_a_dataset_and_time(session: Session) -> None:
    assert len(session.events("linux.auth").df()) == 101
    attack = session.events(
        "linux.auth", since=START + timedelta(hours=9), until=START + timedelta(hours=9, seconds=10)
    )
    assert attack.df()["outcome"].value_counts().to_dict() == {"failure": 10, "success": 1}
    assert len(session.events("linux.auth", since="2026-11-20", until=date(2026, 11, 21)).df()) == 95
    assert len(session.events("linux.auth", since="2026-11-21").df()) == 6
    assert session.events("linux.auth", until="2020-01-01").fetchall() == []
    assert len(session.events("rejects").df()) == 1
    with pytest.raises(UnknownNameError, match=r"linux\.auth"):
        session.events("linux.aut")


def test_authentication_of_a_time(session: Session) -> None:
    assert len(session.authentication().df()) == 101
    since, until = START + timedelta(hours=9), START + timedelta(hours=9, seconds=10)
    assert len(session.authentication(since, until).df()) == 11


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T12:00:00-06:00", datetime(2026, 11, 20, 18, tzinfo=UTC)),
        (date(2026, 11, 20), datetime(2026, 11, 20, tzinfo=UTC)),
        (datetime(2026, 11, 20, 3), datetime(2026, 11, 20, 3, tzinfo=UTC)),
        (datetime(2026, 11, 20, 3, tzinfo=timezone(timedelta(hours=1))), datetime(2026, 11, 20, 2, tzinfo=UTC)),
        (None, None),
    ],
)
def test_moments(given: Any, meant: datetime | None) -> None:
    assert moment(given) == meant


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-11-20'; DROP"])
def test_a_text_that_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="no time"):
        moment(text)


def test_sources_and_datasets(session: Session) -> None:
    (source,) = session.sources().fetchall()
    assert source[:4] == ("web01-auth", 104, 103, 1)
    assert {row[0]: row[1] for row in session.datasets().fetchall()} == {
        "linux.auth": 101,
        "linux.cron": 2,
        "rejects": 1,
    }


def test_incidents_are_a_relation(session: Session) -> None:
    frame = session.incidents().df()
    assert frame["number"].tolist() == ["INC-2026-0001"]
    assert frame["level"].tolist() == ["high"]
    assert list(frame["entities"][0]) == ["mira", "203.0.113.7"]
    with pytest.raises(UnknownNameError, match="INC-2026-0001"):
        session.incident("INC-2026-0002")


def test_no_incidents(ws: Workspace) -> None:
    with Session(ws) as session:
        assert session.incidents().df().empty
        assert session.sources().df().empty
        assert "lake is empty" in session._repr_html_()


def test_an_incident(session: Session) -> None:
    incident = session.incident("INC-2026-0001")
    assert incident.summary.df()["alerts"].tolist() == [1]
    alerts = incident.alerts().df()
    assert alerts["rule_title"].tolist() == ["Many failures, then a success"]
    assert dict(alerts["why"][0]) == {"user": "mira"}
    assert incident.evidence().fetchall() == []
    events = incident.events().df()
    assert len(events) == 41
    assert events["matched"].all()
    assert events["time"].is_monotonic_increasing
    assert {tuple(rules) for rules in events["rules"]} == {("Many failures, then a success",)}


def test_a_timeline_holds_what_its_entities_did(session: Session) -> None:
    incident = session.incident("INC-2026-0001")
    timeline = incident.timeline().df()
    assert timeline["matched"].sum() == 41
    others = timeline[~timeline["matched"]]
    assert others["dataset"].tolist() == ["linux.cron"], "the job of mira half an hour later, not the one at six"
    assert set(timeline["lane"]) == {"user:mira"}, r"CITY\Mira is mira"
    assert len(incident.timeline(timedelta(minutes=10)).df()) == 41
    assert len(incident.timeline(timedelta(days=2)).df()) == 43


def test_two_incidents_do_not_mix(session: Session) -> None:
    first, again = session.incident("INC-2026-0001"), session.incident("INC-2026-0001")
    assert len(first.events().df()) == len(again.events().df()) == 41


def test_what_a_log_says_is_shown_as_text(session: Session) -> None:
    incident = session.incident("INC-2026-0001")
    page = incident._repr_html_()
    assert SHOWN_SAFELY in page
    for raw in ("<script", "<img", "\x1b", "\x07", "\u202e"):
        assert raw not in page
    assert "linux.auth" in session._repr_html_()


def test_a_city_may_be_called_anything(make_ws: Callable[..., Workspace]) -> None:
    with Session(make_ws('[city]\nname = "<b>Town</b>"\n')) as session:
        assert "<b>Town" not in session._repr_html_()
        assert repr(session).startswith("<breachwatch workspace")
