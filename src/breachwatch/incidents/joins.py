"""Why alerts belong to their incidents: kept with each alert when it is placed, in the words of that moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.entities import storable
from breachwatch.model.finding import Entity
from breachwatch.model.incident import How, Joined
from breachwatch.records.triage import alert_join

_KINDS = {"user": "account", "source_ip": "address", "host": "host"}
_VALUE_CHARS = 120


def save(connection: Connection, joined: Mapping[str, Joined], *, at: datetime, run_id: str) -> None:
    """Write why these alerts (by key) joined, within the transaction that places them."""
    if not joined:
        return
    connection.execute(
        alert_join.insert(),
        [
            {
                "alert_key": key,
                "incident": item.incident,
                "how": item.how.value,
                "kind": item.entity.kind if item.entity else "",
                "value": storable(item.entity.value) if item.entity else "",
                "other": item.other,
                "gap_seconds": item.gap_seconds,
                "at": at,
                "run_id": run_id,
            }
            for key, item in joined.items()
        ],
    )


def joined(connection: Connection, keys: Iterable[str]) -> dict[str, Joined]:
    """Why alerts joined, by key; alerts without an incident, and those recorded before this was kept, are left out."""
    found: dict[str, Joined] = {}
    for chunk in chunks(keys):
        query = select(alert_join).where(alert_join.c.alert_key.in_(chunk))
        for row in connection.execute(query):
            entity = Entity(row.kind, row.value) if row.kind else None
            found[row.alert_key] = Joined(row.incident, How(row.how), entity, row.other, row.gap_seconds)
    return found


def told(why: Joined) -> str:
    """The reason as a sentence's end: `shares the account jmeyer with alert 1f0c... 12 min apart`."""
    if why.entity is None:
        return "opened the incident"
    value = why.entity.value
    value = value if len(value) <= _VALUE_CHARS else value[: _VALUE_CHARS - 3] + "..."
    shared = f"shares the {_KINDS.get(why.entity.kind, why.entity.kind)} {value}"
    if not why.other:
        return f"{shared} with the incident"
    return f"{shared} with alert {why.other[:8]}, {_apart(why.gap_seconds)}"


def _apart(seconds: int) -> str:
    if not seconds:
        return "at the same time"
    gap = timedelta(seconds=seconds)
    hours, rest = divmod(gap.seconds, 3600)
    parts = [(gap.days, "d"), (hours, "h"), (rest // 60, "min"), (rest % 60 if gap < timedelta(hours=1) else 0, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) + " apart"
