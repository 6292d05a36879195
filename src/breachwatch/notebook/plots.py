"""Charts over a session. DuckDB aggregates first: a chart holds some hundred marks, however many events there are.

Times are shown in the city's time zone, which the axis names.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import altair as alt
import duckdb
import pandas as pd

from breachwatch.lake.sql import text
from breachwatch.notebook.incident import IncidentView
from breachwatch.notebook.offline import offline
from breachwatch.notebook.session import Moment, Session
from breachwatch.report.text import visible

MOST_BARS = 240
"""A time axis is cut into the smallest round step that needs no more pieces than this."""

_STEPS = ("1 minute", "5 minutes", "15 minutes", "1 hour", "6 hours", "1 day", "7 days", "30 days", "365 days")
_SECONDS = (60, 300, 900, 3600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000)
_OUTCOMES = ["success", "failure", "unknown"]
_COLOURS = ["#2a788e", "#d95f02", "#999999"]  # told apart by colour-blind readers as well
_WIDTH = 720

offline()


def sign_ins_over_time(session: Session, since: Moment | None = None, until: Moment | None = None) -> alt.Chart:
    """How many attempts to sign in there were, by outcome. Repeated-message lines count as what they stand for."""
    attempts = session.authentication(since, until)
    step = _step(attempts, "local_time")
    counted = _ask(
        attempts,
        "attempts",
        f"SELECT time_bucket(INTERVAL '{step}', local_time) AS time, coalesce(outcome, 'unknown') AS outcome, "
        "sum(repeat_count)::BIGINT AS attempts FROM attempts WHERE local_time IS NOT NULL GROUP BY ALL ORDER BY ALL",
    )
    chart: alt.Chart = (
        alt.Chart(counted, title="Sign-ins over time", width=_WIDTH, height=220)
        .mark_bar()
        .encode(
            alt.X("time:T", title=f"local time ({_zone(session)}), by {step}"),
            alt.Y("attempts:Q", title="attempts"),
            alt.Color("outcome:N", scale=alt.Scale(domain=_OUTCOMES, range=_COLOURS)),
            tooltip=["time:T", "outcome:N", "attempts:Q"],
        )
    )
    return chart


def noisiest_sources(session: Session, limit: int = 20) -> alt.Chart:
    """How many rows and rejects each source has given: the loudest first."""
    counted = _ask(
        session.sources(),
        "sources",
        "WITH loudest AS (SELECT source, rows, rejects FROM sources ORDER BY records DESC, source "
        f"LIMIT {int(limit)}) FROM loudest UNPIVOT (records FOR kind IN (rows, rejects)) ORDER BY ALL",
    )
    chart: alt.Chart = (
        alt.Chart(counted, title="Records by source", width=_WIDTH)
        .mark_bar()
        .encode(
            alt.X("records:Q", title="records"),
            alt.Y("source:N", sort="-x", title=None),
            alt.Color("kind:N", scale=alt.Scale(domain=["rows", "rejects"], range=_COLOURS[:2]), title=None),
            tooltip=["source:N", "kind:N", "records:Q"],
        )
    )
    return chart


def noisiest_addresses(
    session: Session, since: Moment | None = None, until: Moment | None = None, limit: int = 20
) -> alt.Chart:
    """From which addresses most sign-ins failed, and on how many accounts they tried."""
    counted = _ask(
        session.authentication(since, until),
        "attempts",
        'SELECT source_ip AS address, sum(repeat_count)::BIGINT AS failures, count(DISTINCT "user") AS accounts '
        "FROM attempts WHERE outcome = 'failure' AND source_ip IS NOT NULL "
        f"GROUP BY ALL ORDER BY failures DESC, address LIMIT {int(limit)}",
    )
    chart: alt.Chart = (
        alt.Chart(counted, title="Failed sign-ins by address", width=_WIDTH)
        .mark_bar()
        .encode(
            alt.X("failures:Q", title="failed sign-ins"),
            alt.Y("address:N", sort="-x", title=None),
            alt.Color("accounts:Q", title="accounts tried", scale=alt.Scale(scheme="viridis", reverse=True)),
            tooltip=["address:N", "failures:Q", "accounts:Q"],
        )
    )
    return chart


def incident_timeline(
    session: Session, incident: IncidentView, around: timedelta = timedelta(hours=1), lanes: int = 20
) -> alt.LayerChart:
    """What each account, address and host did around an incident; a line stands where an alert begins.

    Lanes with matched events come first; beyond `lanes` the quietest are left out.
    """
    zone = _zone(session)
    events = incident.timeline(around)
    step = _step(events, "time")
    counted = _ask(
        events,
        "events",
        f"""
        WITH busiest AS (
            SELECT lane FROM events GROUP BY lane ORDER BY bool_or(matched) DESC, count(*) DESC, lane LIMIT {int(lanes)}
        )
        SELECT {_local(f"time_bucket(INTERVAL '{step}', time)", zone)} AS time, lane, matched,
               sum(repeat_count)::BIGINT AS events, string_agg(DISTINCT action, ', ' ORDER BY action) AS actions
        FROM events WHERE lane IN (FROM busiest) AND time IS NOT NULL GROUP BY ALL ORDER BY ALL""",
    )
    hits = _ask(
        incident.alerts(),
        "alerts",
        f"SELECT {_local('first_time', zone)} AS time, rule_title AS alert FROM alerts ORDER BY ALL",
    )
    points = (
        alt.Chart(counted)
        .mark_circle(opacity=0.8)
        .encode(
            alt.X("time:T", title=f"local time ({zone})"),
            alt.Y("lane:N", title=None, sort=alt.EncodingSortField("matched", op="max", order="descending")),
            alt.Size("events:Q", title=f"events in {step}"),
            alt.Color("matched:N", scale=alt.Scale(domain=[True, False], range=_COLOURS[1::-1])),
            tooltip=["time:T", "lane:N", "matched:N", "events:Q", "actions:N"],
        )
    )
    lines = alt.Chart(hits).mark_rule(strokeDash=[4, 3]).encode(x="time:T", tooltip=["alert:N", "time:T"])
    title = f"{incident.incident.number} and what lay around it"
    chart: alt.LayerChart = (points + lines).properties(title=title, width=_WIDTH)
    return chart


def _ask(relation: duckdb.DuckDBPyRelation, name: str, query: str) -> pd.DataFrame:
    """The answer to a query over `relation`, which it calls `name`; steering characters in its texts are written out.

    The library that draws charts ends the whole process over a character that XML does not allow.
    """
    answer: Any = relation.query(name, query)
    frame: pd.DataFrame = answer.df()
    for column in frame.columns:
        if pd.api.types.is_string_dtype(frame[column]) or pd.api.types.is_object_dtype(frame[column]):
            frame[column] = frame[column].map(lambda cell: visible(cell) if isinstance(cell, str) else cell)
    return frame


def _step(relation: duckdb.DuckDBPyRelation, column: str) -> str:
    """The smallest step that cuts the relation's span into at most MOST_BARS pieces."""
    span = _ask(relation, "r", f"SELECT coalesce(epoch(max({column})) - epoch(min({column})), 0) AS seconds FROM r")
    seconds = float(span["seconds"].iloc[0])
    return next((step for step, each in zip(_STEPS, _SECONDS, strict=True) if seconds <= each * MOST_BARS), _STEPS[-1])


def _local(expression: str, zone: str) -> str:
    return f"({expression} AT TIME ZONE 'UTC' AT TIME ZONE {text(zone)})"


def _zone(session: Session) -> str:
    return session.workspace.settings.city.time_zone
