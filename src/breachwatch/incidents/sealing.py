"""What waits for evidence, and what the evidence stage reports back: sealed, or failed.

`mark_sealed` and `mark_failed` run inside the evidence stage's own transaction, so that a snapshot and the state of its
incident change together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, or_, select

from breachwatch.incidents.casework.finding import row_of
from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.numbers import order_of
from breachwatch.model.incident import IncidentState, ToPreserve
from breachwatch.model.people import Actor, program
from breachwatch.records import audit, cases


def unsealed(connection: Connection) -> tuple[ToPreserve, ...]:
    """Every incident with alert events that no snapshot holds yet, oldest first; also those a killed run left."""
    alert, event = cases.alert.c, cases.alert_event.c
    waits = exists().where(event.alert_key == alert.key, event.sealed_in.is_(None))
    incident = cases.incident.c
    never = alert.evidence.is_(None) & or_(incident.state == IncidentState.PRESERVING.value, incident.failure != "")
    rows = connection.execute(
        select(alert.incident, alert.key)
        .join(cases.incident, incident.number == alert.incident)
        .where(or_(waits, never))
        .order_by(alert.first_time, alert.key)
    )
    keys: dict[str, list[str]] = {}
    for row in rows:
        keys.setdefault(row.incident, []).append(row.key)
    return tuple(ToPreserve(number, tuple(keys[number])) for number in sorted(keys, key=order_of))


def mark_sealed(
    connection: Connection,
    *,
    incident: str,
    alert_keys: Sequence[str],
    evidence: str,
    at: datetime,
    event_ids: Collection[str] | None = None,
    by: Actor | None = None,
) -> None:
    """Note that the snapshot `evidence` holds these alerts; the incident opens if it was waiting for that.

    With `event_ids`, only those events count as sealed: another run may have added events to the same alerts while the
    snapshot was being written, and those still wait. Raises UnknownNameError for an unknown incident.
    """
    state, failure = _state(connection, incident)
    event = cases.alert_event.c
    for keys in chunks(alert_keys):
        waiting = cases.alert_event.update().where(event.alert_key.in_(keys), event.sealed_in.is_(None))
        if event_ids is None or not _joined_since(connection, keys, event_ids):
            connection.execute(waiting.values(sealed_in=evidence))
        else:
            for ids in chunks(event_ids):
                connection.execute(waiting.where(event.event_id.in_(ids)).values(sealed_in=evidence))
        connection.execute(
            cases.alert.update()
            .where(cases.alert.c.key.in_(keys), cases.alert.c.incident == incident)
            .values(evidence=evidence)
        )
    of = f"the evidence of {len(alert_keys)} alert{'' if len(alert_keys) == 1 else 's'}"
    reason = f"{evidence} holds {of if alert_keys else 'what was handed in'}"
    if state is IncidentState.PRESERVING:
        change = f"{state} -> {IncidentState.NEW}"
        _set_state(connection, incident, IncidentState.NEW, failure="")
    else:
        change = f"supplemented by {evidence}{', which ends the preservation failure' if failure else ''}"
        if failure:
            _set_state(connection, incident, state, failure="")
    audit.append(connection, at=at, by=by or program(), entity=incident, change=change, reason=reason)


def _joined_since(connection: Connection, alert_keys: Sequence[str], event_ids: Collection[str]) -> bool:
    """Whether events of these alerts wait that are not among those given."""
    event = cases.alert_event.c
    waiting = select(event.event_id).where(event.alert_key.in_(alert_keys), event.sealed_in.is_(None))
    return not set(event_ids).issuperset(connection.scalars(waiting))


def mark_failed(connection: Connection, *, incident: str, reason: str, at: datetime, by: Actor | None = None) -> None:
    """Note that the evidence could not be sealed: the incident shows up loudly, and the next run tries again.

    Raises UnknownNameError for an unknown incident.
    """
    state, _ = _state(connection, incident)
    now = IncidentState.NEW if state is IncidentState.PRESERVING else state
    _set_state(connection, incident, now, failure=reason)
    moved = f"{state} -> {now}, " if now is not state else ""
    change = f"{moved}PRESERVATION FAILED"
    audit.append(connection, at=at, by=by or program(), entity=incident, change=change, reason=reason)


def _state(connection: Connection, number: str) -> tuple[IncidentState, str]:
    """The state, and why preservation failed, if it did."""
    row = row_of(connection, number)
    return IncidentState(row.state), str(row.failure)


def _set_state(connection: Connection, number: str, state: IncidentState, *, failure: str) -> None:
    columns = cases.incident.c
    connection.execute(
        cases.incident.update()
        .where(columns.number == number)
        .values(state=state.value, failure=failure, version=columns.version + 1)
    )
