"""Which texts of an incident's file go when it is disposed of, and the triggers that let nothing else be changed.

Rows stay, with their numbers and times. Their texts become fixed marks, and only those of an incident whose disposal a
second person approved: the database refuses any other change, and any other text in the place of the old one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

MARK = "[disposed of]"
"""What stands where a text was."""

_OBJECT, _LIST = "{}", "[]"
TEXTS: Mapping[str, Mapping[str, str]] = {
    "case_anchor": {"reason": MARK},
    "case_decision": {"reason": MARK},
    "case_note": {"text": MARK},
    "case_timeline": {"raw": MARK, "interpretation": MARK, "source": MARK, "reason": MARK},
    "case_affected": {"name": MARK, "vendor": MARK, "reason": MARK},
    "assessment": {"facts": _OBJECT, "reason": MARK},
    "duty_decision": {"basis": MARK},
    "duty_step": {"detail": _OBJECT, "reason": MARK},
    "paper_version": {"given": _OBJECT, "filled": _OBJECT, "remarks": _LIST, "reason": MARK},
    "communication": {"sender": MARK, "recipients": _LIST, "subject": MARK},
    "referral": {"recipient": MARK, "contact": MARK, "basis": MARK},
}
"""By table whose rows are otherwise only ever added: the columns whose text goes, with what stands there afterwards."""

FREE_TEXTS: Mapping[str, Mapping[str, str]] = {
    "case_action": {"target": MARK, "description": MARK, "result": MARK, "verification": MARK, "waiver": MARK},
    "case_task": {"title": MARK, "how": MARK, "reason": MARK},
    "incident": {"title": MARK, "verdict_reason": MARK, "failure": ""},
    "alert": {"why": _OBJECT, "matched": _OBJECT, "entities": _LIST},
    "notification": {"title": MARK, "body": MARK},
}
"""The same for tables whose rows change in the course of the work."""

_OWNER = {"paper_version": "(SELECT p.incident FROM paper p WHERE p.number = OLD.paper)"}
"""How to come from a row to its incident, where that is not its column `incident`."""

REFUSAL = "a second person has not approved this, or a hold is on the incident"


def protect(connection: Connection, columns: Mapping[str, tuple[str, ...]]) -> None:
    """Let the texts of `TEXTS` be disposed of, and nothing else; `columns` are all columns of each of these tables.

    Called by the migration that makes the tables of disposals.
    """
    postgresql = connection.dialect.name == "postgresql"
    for table, texts in TEXTS.items():
        disposed = of_incident(_OWNER.get(table, "OLD.incident"))
        let_go(connection, table, allowed(disposed, texts, columns[table]))
    for statement in _of_items(postgresql=postgresql):
        connection.exec_driver_sql(statement)


def of_incident(owner: str) -> str:
    """The condition, in SQL, that the incident which `owner` gives was disposed of."""
    return f"EXISTS (SELECT 1 FROM file_disposal_item i WHERE i.incident = {owner})"


def allowed(disposed: str, texts: Mapping[str, str], columns: tuple[str, ...]) -> str:
    """Whether a change of a row is a disposal of its texts that was approved, which is what `disposed` asks."""
    same = [f'NEW."{name}" IS NOT DISTINCT FROM OLD."{name}"' for name in columns if name not in texts]
    marked = [f'(NEW."{name}" = \'{mark}\' OR NEW."{name}" = OLD."{name}")' for name, mark in texts.items()]
    return " AND ".join((disposed, *same, *marked))


def let_go(connection: Connection, table: str, changed: str) -> None:
    """Put the trigger that lets `changed` pass in the place of the one that refuses every change of a table."""
    for statement in (_postgresql if connection.dialect.name == "postgresql" else _sqlite)(table, changed):
        connection.exec_driver_sql(statement)


def _sqlite(table: str, allowed: str) -> Iterator[str]:
    yield f"DROP TRIGGER {table}_no_update"
    yield (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN NOT ({allowed}) "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
    )


def _postgresql(table: str, allowed: str) -> Iterator[str]:
    yield f"DROP TRIGGER {table}_no_change ON {table}"
    yield (f"CREATE TRIGGER {table}_no_change BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    yield (
        f"CREATE FUNCTION refuse_{table}_text() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT ({allowed}) THEN "
        f"RAISE EXCEPTION 'rows of {table} are only ever added: they do not change'; END IF; RETURN NEW; END $$"
    )
    yield (
        f"CREATE TRIGGER {table}_no_other_text BEFORE UPDATE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_{table}_text()"
    )


def _of_items(*, postgresql: bool) -> Iterator[str]:
    """An incident is disposed of only after a second person approved, and under no hold that names it."""
    by_two = (
        "EXISTS (SELECT 1 FROM file_disposal d JOIN file_disposal_decision a ON a.disposal = d.number "
        "WHERE d.number = NEW.disposal AND a.decision = 'approved' AND a.decider <> d.requester)"
    )
    held = (
        "EXISTS (SELECT 1 FROM hold h JOIN hold_item t ON t.hold = h.number WHERE h.released_at IS NULL "
        "AND t.kind = 'incident' AND t.value = NEW.incident)"
    )
    wrong = f"NOT {by_two} OR {held}"
    if postgresql:
        yield (
            "CREATE FUNCTION refuse_file_disposal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {wrong} THEN RAISE EXCEPTION '{REFUSAL}'; END IF; RETURN NEW; END $$"
        )
        yield (
            "CREATE TRIGGER file_disposal_item_by_two BEFORE INSERT ON file_disposal_item "
            "FOR EACH ROW EXECUTE FUNCTION refuse_file_disposal()"
        )
    else:
        yield (
            f"CREATE TRIGGER file_disposal_item_by_two BEFORE INSERT ON file_disposal_item WHEN {wrong} "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
