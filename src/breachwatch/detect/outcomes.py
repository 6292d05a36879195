"""How each rule ended the last run that got through."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from breachwatch.model.finding import Level, Outcome, RuleOutcome
from breachwatch.model.summary import RunState
from breachwatch.records import catalog
from breachwatch.workspace import Workspace


def last_outcomes(ws: Workspace) -> dict[str, RuleOutcome]:
    """By rule id; empty where no run got through yet."""
    through = (RunState.COMPLETED.value, RunState.PARTIAL.value)
    columns = catalog.run.c
    query = select(columns.summary).where(columns.state.in_(through)).order_by(columns.started_at.desc()).limit(1)
    with ws.database.read() as connection:
        text = connection.scalar(query)
    listed = json.loads(text)["outcomes"] if text else []
    return {item["rule_id"]: _outcome(item) for item in listed}


def _outcome(item: Mapping[str, Any]) -> RuleOutcome:
    return RuleOutcome(
        rule_id=item["rule_id"],
        title=str(item.get("title", "")),
        level=Level(item.get("level", Level.MEDIUM)),
        outcome=Outcome(item["outcome"]),
        findings=int(item.get("findings", 0)),
        reason=str(item.get("reason", "")),
        unknown_fields=tuple(item.get("unknown_fields", ())),
        author=str(item.get("author", "")),
    )
