from __future__ import annotations

from datetime import timedelta

import altair as alt
import pytest

from breachwatch import lake
from breachwatch.notebook import plots
from breachwatch.notebook.session import Session
from breachwatch.workspace import Workspace
from tests.notebooks.conftest import START, full_ws  # noqa: F401  a fixture
from tests.unit.lake.making import batch, logon, stored_segment


@pytest.fixture
def session(full_ws: Workspace) -> Session:  # noqa: F811
    return Session(full_ws)


def test_sign_ins_are_counted_by_outcome_in_local_time(session: Session) -> None:
    data = plots.sign_ins_over_time(session).data
    assert data.groupby("outcome")["attempts"].sum().to_dict() == {"failure": 40, "success": 61}
    assert data["time"].min().hour == 0, "six o'clock UTC is midnight in Chicago"
    part = plots.sign_ins_over_time(session, since=START + timedelta(hours=9), until=START + timedelta(hours=10)).data
    assert part["attempts"].sum() == 44


def test_repeated_lines_count_as_what_they_stand_for(ws: Workspace) -> None:
    segment = stored_segment(ws)
    lake.land(ws, segment, [batch(segment, "linux.auth", [logon(START, repeat_count=7), logon(START)])])
    with Session(ws) as session:
        assert plots.sign_ins_over_time(session).data["attempts"].tolist() == [8]
        assert plots.noisiest_addresses(session).data["failures"].tolist() == [8]


def test_sources_show_rows_and_rejects(session: Session) -> None:
    data = plots.noisiest_sources(session).data
    assert data.values.tolist() == [["web01-auth", "rejects", 1], ["web01-auth", "rows", 103]]


def test_addresses_show_failures_and_accounts(session: Session) -> None:
    assert plots.noisiest_addresses(session).data.values.tolist() == [["203.0.113.7", 40, 1]]


def test_the_timeline_of_an_incident(session: Session) -> None:
    chart = plots.incident_timeline(session, session.incident("INC-2026-0001"))
    points, lines = (layer.data for layer in chart.layer)
    assert points["events"].sum() == 42
    assert set(points["lane"]) == {"user:mira"}
    assert lines["alert"].tolist() == ["Many failures, then a success"]
    assert lines["time"][0].hour == 9


def test_a_chart_stays_small_however_many_events_there_are(ws: Workspace) -> None:
    segment = stored_segment(ws)
    rows = [logon(START + timedelta(minutes=7 * n), f"user{n}") for n in range(6000)]
    lake.land(ws, segment, [batch(segment, "linux.auth", rows)])
    with Session(ws) as session:
        data = plots.sign_ins_over_time(session).data
        assert len(data) <= plots.MOST_BARS + 1
        assert data["attempts"].sum() == 6000
        assert len(plots.noisiest_addresses(session).data) == 1


def test_charts_of_an_empty_workspace(ws: Workspace) -> None:
    with Session(ws) as session:
        for chart in (plots.sign_ins_over_time, plots.noisiest_sources, plots.noisiest_addresses):
            assert len(chart(session).data) == 0
            assert "svg" in chart(session)._repr_mimebundle_()[0]["image/svg+xml"]


def test_a_chart_brings_all_it_needs(session: Session) -> None:
    chart = plots.noisiest_addresses(session)
    bundle, about = chart._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert about["image/svg+xml"]["alt"] == "Chart: Failed sign-ins by address"
    assert alt.renderers.active == "breachwatch"
    page = chart.to_html(inline=True)
    assert "cdn" not in page
    assert "<script src" not in page


def test_text_of_a_log_is_escaped_in_a_chart(ws: Workspace) -> None:
    segment = stored_segment(ws)
    evil = "</text><script>alert(1)</script>"
    lake.land(ws, segment, [batch(segment, "linux.auth", [logon(START, source_ip=evil)])])
    with Session(ws) as session:
        svg = plots.noisiest_addresses(session)._repr_mimebundle_()[0]["image/svg+xml"]
    assert "<script" not in svg
    assert "&lt;script" in svg
