"""One incident in a notebook: its alerts, events, evidence, and what its people and machines did around it."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from breachwatch import lake
from breachwatch.model.datasets import DATASETS
from breachwatch.model.incident import Incident, IncidentLine
from breachwatch.notebook import html, tables
from breachwatch.workspace import Workspace

_COLUMNS = (
    "time, host, user, source_ip, action, outcome, program, message, repeat_count, event_id, source, "
    "segment_id, record_number, byte_offset, byte_length"
)
_AFTER = timedelta(microseconds=1)  # ranges are half-open, last_time belongs to the incident

# A directory's name before or after the account does not make it another account.
_BARE_USER = r"""regexp_extract(lower("user"), '^(?:[^\\]*\\)?([^@]*)', 1)"""


class IncidentView:
    """An incident, its relations read from the lake and the records of one session."""

    def __init__(self, ws: Workspace, connection: duckdb.DuckDBPyConnection, incident: Incident) -> None:
        self.incident = incident
        self._workspace = ws
        self._connection = connection
        self._matched = f"{incident.number} matched"
        self._entities = f"{incident.number} entities"
        connection.register(self._matched, tables.matched_table(incident.alerts))
        connection.register(self._entities, tables.entities_table(incident.entities))

    @property
    def summary(self) -> duckdb.DuckDBPyRelation:
        """The incident as one row."""
        return self._connection.from_arrow(tables.incidents_table([_line(self.incident)]))

    def alerts(self) -> duckdb.DuckDBPyRelation:
        """Its alerts in order of time: which rule fired on what, and why."""
        return self._connection.from_arrow(tables.alerts_table(self.incident.alerts))

    def evidence(self) -> duckdb.DuckDBPyRelation:
        """The sealed snapshots that hold its evidence."""
        return self._connection.from_arrow(tables.evidence_table(self.incident.evidence))

    def events(self) -> duckdb.DuckDBPyRelation:
        """The events that its alerts matched, in order of time, with the titles of the rules that did."""
        return self._connection.sql(self._query(timedelta(0), only_matched=True))

    def timeline(self, around: timedelta = timedelta(hours=1)) -> duckdb.DuckDBPyRelation:
        """The matched events and all that its accounts, addresses and hosts did, `around` before to `around` after.

        `matched` tells them apart. `lane` is the entity by which a row belongs: `user:mira` before an address before a
        host; a matched event that names none of them lies in the lane of its own account, address or host.
        """
        return self._connection.sql(self._query(around, only_matched=False))

    def _query(self, around: timedelta, *, only_matched: bool) -> str:
        since, until = _bounds(self.incident, around)
        present = lake.spans(self._workspace)
        parts = [
            f"SELECT {_COLUMNS}, '{data.name}' AS dataset "
            f"FROM ({lake.select_between(self._workspace, data, since, until)})"
            for data in DATASETS.values()
            if data.name in present
        ]
        if not parts:  # incidents outlive the events that retention removes
            data = DATASETS["linux.auth"]
            parts = [f"SELECT {_COLUMNS}, '' AS dataset FROM {data.view} WHERE false"]
        keep = "matched" if only_matched else "matched OR by_user OR by_address OR by_host"
        return f"""
            WITH matching AS (SELECT event_id AS id, rules FROM "{self._matched}"),
            entity AS (SELECT kind, lower(value) AS value FROM "{self._entities}"),
            placed AS (
                SELECT *, coalesce(id IS NOT NULL, false) AS matched,
                       {self._is("user", _BARE_USER)} OR {self._is("user", 'lower("user")')} AS by_user,
                       {self._is("source_ip", "lower(source_ip)")} AS by_address,
                       {self._is("host", "lower(host)")} AS by_host
                FROM ({" UNION ALL ".join(parts)}) AS happened LEFT JOIN matching ON happened.event_id = matching.id
            )
            SELECT time, matched,
                   CASE WHEN by_user THEN 'user:' || {_BARE_USER} WHEN by_address THEN 'source_ip:' || lower(source_ip)
                        WHEN by_host THEN 'host:' || lower(host)
                        ELSE coalesce('user:' || lower("user"), 'source_ip:' || source_ip, 'host:' || lower(host), '-')
                   END AS lane,
                   rules, dataset, host, "user", source_ip, action, outcome, program, message, repeat_count, event_id,
                   source, segment_id, record_number, byte_offset, byte_length
            FROM placed WHERE {keep} ORDER BY time, source, record_number"""

    @staticmethod
    def _is(kind: str, column: str) -> str:
        return f"coalesce({column} IN (SELECT value FROM entity WHERE kind = '{kind}'), false)"

    def __repr__(self) -> str:
        return f"<incident {self.incident.number}: {self.incident.title!r}>"

    def _repr_html_(self) -> str:
        item = self.incident
        rows = [
            (alert.first_time, str(alert.level), alert.rule_title, alert.event_count, alert.author)
            for alert in item.alerts
        ]
        return html.block(
            f"{item.number}: {item.title}",
            html.paragraph(f"{item.state}, {item.level}; {', '.join(map(str, item.entities)) or 'nobody named'}"),
            html.table(("time (UTC)", "level", "alert", "events", "rule by"), rows),
        )


def _bounds(incident: Incident, around: timedelta) -> tuple[datetime, datetime]:
    return incident.first_time - around, incident.last_time + around + _AFTER


def _line(incident: Incident) -> IncidentLine:
    return IncidentLine(
        number=incident.number,
        state=incident.state,
        level=incident.level,
        title=incident.title,
        entities=tuple(entity.value for entity in incident.entities),
        alerts=len(incident.alerts),
        first_time=incident.first_time,
        last_time=incident.last_time,
        opened_at=incident.opened_at,
        evidence=tuple(line.number for line in incident.evidence),
    )
