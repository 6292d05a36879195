"""Filters that two persons decided on: files of the workspace's folder `tuning`, in force only as they were approved.

The records say which file was approved, by whom, and its SHA-256. A file that nobody approved, or that was changed
since, is not in force; the latter is told as a problem of the run.
"""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.detect.loading import LoadProblem, RuleText, read_rules
from breachwatch.workspace import Workspace

FOLDER = "tuning"
APPROVED = "approved"


def approved_filters(ws: Workspace) -> Iterable[RuleText | LoadProblem]:
    """The texts of the filters in force, in order of their names, and what is wrong with their files."""
    if not (ws.root / FOLDER).is_dir():
        return
    from sqlalchemy import select

    from breachwatch.records.triage import rule_filter

    columns = rule_filter.c
    with ws.database.read() as connection:
        rows = connection.execute(
            select(columns.name, columns.sha256).where(columns.state == APPROVED).order_by(columns.name)
        ).all()
    for row in rows:
        place = f"{FOLDER}/{row.name}.yml"
        for text in read_rules(place, ws.root, "filters"):
            if isinstance(text, RuleText) and text.revision != row.sha256:
                reason = "is not in force: it is not the text that was approved. Propose and approve it anew"
                yield LoadProblem(place, reason)
            else:
                yield text
