"""What closing an incident asks for, word by word: what is met and by whom, what is missing, what else is open.

It is the guards of the step to `closed`, as they are asked when the step is taken, with the records that meet them.
What is open beside them, such as a referral without an outcome, stops nothing and is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.incidents.casework.guards import Facts, facts_of, missing_for
from breachwatch.incidents.casework.states import GUARDS, Guard, Step, step_between
from breachwatch.model.casework import Decision, DecisionKind, TaskState
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.respond.closure.beside import open_beside
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Met:
    """A record that meets something: what it is, who made it, when (aware UTC; None where it has no time)."""

    what: str
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that closing asks for. `missing` is empty where it is met or was set aside; then `met` says by what."""

    guard: Guard
    asks: str
    missing: str
    met: tuple[Met, ...]
    set_aside: bool
    waivable: bool
    meet: tuple[str, ...]  # the words of the command that meets it, with the incident's number


@dataclass(frozen=True, slots=True)
class Checklist:
    """All that closing asks for. `warnings` are what stays open beside the incident and does not stop its closing."""

    number: str
    state: IncidentState
    items: tuple[Item, ...]
    warnings: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether every guard of closing is met; the incident may still stand some steps before it."""
        return not any(item.missing for item in self.items)


def checklist(ws: Workspace, number: str, *, by: Actor) -> Checklist:
    """The checklist of an incident, wherever it stands on its way. Raises NotPermittedError, UnknownNameError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        row = row_of(connection, number)
        facts = facts_of(connection, row, ws.clock.now(), ws.settings.city.zone)
        missing = {item.guard: item.what for item in missing_for(_closing(), facts)}
        proofs = _Proofs(connection, row.number, facts)
        items = tuple(_item(guard, missing.get(guard, ""), facts, proofs, row.number) for guard in _closing().guards)
        return Checklist(row.number, IncidentState(row.state), items, open_beside(connection, row.number))


def _closing() -> Step:
    step = step_between(IncidentState.VERIFYING, IncidentState.CLOSED)
    assert step is not None  # noqa: S101 - the table of steps has it
    return step


def _item(guard: Guard, missing: str, facts: Facts, proofs: _Proofs, number: str) -> Item:
    text = GUARDS[guard]
    waiver = facts.decided.get((DecisionKind.WAIVER, guard.value)) if text.waivable else None
    met: tuple[Met, ...] = ()
    if waiver is not None:
        met = (Met(f"set aside: {waiver.reason}", waiver.decided_by, waiver.at),)
    elif not missing:
        met = proofs.of(guard)
    meet = tuple(number if word == "NUMBER" else word for word in text.meet)
    return Item(guard, text.asks, missing, met, waiver is not None, text.waivable, meet)


class _Proofs:
    """The records that meet the guards of closing."""

    def __init__(self, connection: Connection, number: str, facts: Facts) -> None:
        self._connection, self._number, self._facts = connection, number, facts
        self._members = members(connection, number)
        self._makers: Mapping[Guard, Callable[[], Iterable[Met]]] = {
            Guard.VERDICT: self._verdict,
            Guard.OBLIGATIONS_TERMINAL: self._obligations,
            Guard.ACTIONS_VERIFIED: self._actions,
            Guard.TASKS_DONE: self._tasks,
            Guard.EVIDENCE_SEALED: self._sealed,
            Guard.EVIDENCE_VERIFIED: self._verified,
            Guard.HOLDS_CONSIDERED: self._holds,
            Guard.LESSONS: lambda: self._decision(DecisionKind.LESSONS),
            Guard.STATEMENT: lambda: self._decision(DecisionKind.STATEMENT),
        }

    def of(self, guard: Guard) -> tuple[Met, ...]:
        return tuple(self._makers[guard]())

    def _verdict(self) -> Iterable[Met]:
        said = [row for row in audit.trail(self._connection, self._number) if row.change.startswith("verdict: ")]
        yield from (
            Met(f"{row.change.removeprefix('verdict: ')}: {row.reason}", row.actor, row.at) for row in said[-1:]
        )

    def _obligations(self) -> Iterable[Met]:
        for item in self._facts.obligations.values():
            how = "required, and sent" if item.sent and item.outcome == "required" else str(item.outcome)
            yield Met(f"{item.obligation}: {how}", item.decided_by)
        if not self._facts.obligations:
            yield from self._decision(DecisionKind.NOTICE)
            yield from self._decision(DecisionKind.OBLIGATIONS)

    def _actions(self) -> Iterable[Met]:
        for item in self._facts.actions:
            shown = str(item.kind) if item.kind.restricted else f"{item.kind} of {item.target}"
            own = f" (by who carried it out, because: {item.waiver})" if item.waiver else ""
            yield Met(f"action {item.number}, {shown}{own}", item.verifier, item.verified_at)
        if not self._facts.actions:
            yield Met("no action was ordered")

    def _tasks(self) -> Iterable[Met]:
        done = sum(item.state is TaskState.DONE for item in self._facts.tasks)
        apart = sum(item.state is TaskState.NOT_APPLICABLE for item in self._facts.tasks)
        yield Met(f"{done} done, {apart} that do not apply")

    def _sealed(self) -> Iterable[Met]:
        columns = cases.evidence.c
        query = select(columns.number, columns.sealed_at).where(columns.incident.in_(self._members))
        for row in self._connection.execute(query.order_by(columns.number)):
            yield Met(f"{row.number} is sealed", at=row.sealed_at)

    def _verified(self) -> Iterable[Met]:
        columns = cases.evidence.c
        mine = select(columns.number).where(columns.incident.in_(self._members))
        link = cases.custody.c
        query = select(cases.custody).where(link.evidence.in_(mine), link.event == "verified").order_by(link.seq)
        last = {row.evidence: row for row in self._connection.execute(query)}
        yield from (Met(f"{name} verified", row.actor, row.at) for name, row in sorted(last.items()))

    def _holds(self) -> Iterable[Met]:
        hold, item = cases.hold.c, cases.hold_item.c
        covering = select(cases.hold).join(cases.hold_item, hold.number == item.hold)
        covering = covering.where(item.kind == "incident", item.value.in_(self._members), hold.released_at.is_(None))
        for row in self._connection.execute(covering.order_by(hold.number)):
            yield Met(f"{row.number} covers it: {row.reason}", row.placed_by, row.placed_at)
        yield from self._decision(DecisionKind.HOLDS)

    def _decision(self, kind: DecisionKind) -> Iterable[Met]:
        found: Decision | None = self._facts.decided.get((kind, ""))
        if found is not None:
            said = (
                f"{kind} {found.outcome}: {found.reason}" if found.outcome not in {"made", "learnt"} else found.reason
            )
            yield Met(said, found.decided_by, found.at)
