"""What the rules of an incident's alerts advise to do first, in the wording that was in force when they fired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from sqlalchemy import Connection, select

from breachwatch.incidents.chunking import chunks
from breachwatch.model.incident import Advice, AlertRecord
from breachwatch.records import cases

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def advice(connection: Connection, alerts: Sequence[AlertRecord]) -> tuple[Advice, ...]:
    """The first steps (`breachwatch: guide`) of the rules that fired, highest level first, each rule once."""
    latest = {alert.rule_id: alert for alert in alerts}
    texts: dict[str, str] = {}
    column = cases.detection.c.rule_revision
    for chunk in chunks({alert.rule_revision for alert in latest.values()}):
        rows = connection.execute(select(column, cases.detection.c.text).where(column.in_(chunk)))
        texts.update((row.rule_revision, row.text) for row in rows)
    given = [
        Advice(alert.rule_id, alert.rule_title, alert.level, steps)
        for alert in latest.values()
        if (steps := _steps(texts.get(alert.rule_revision, ""), alert.rule_id))
    ]
    return tuple(sorted(given, key=lambda item: (-item.level, item.rule_title)))


def _steps(text: str, rule_id: str) -> tuple[str, ...]:
    """The steps that the document with this id names. The text was checked when it was loaded as a rule."""
    for document in yaml.load_all(text, _Loader):
        if isinstance(document, dict) and str(document.get("id", "")) == rule_id:
            custom = document.get("breachwatch")
            steps = custom.get("guide") if isinstance(custom, dict) else None
            return tuple(str(step) for step in steps) if isinstance(steps, list) else ()
    return ()
