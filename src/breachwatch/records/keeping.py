"""What must be kept, as SQL: the same condition decides what retention leaves alone and what the database refuses.

A lake file is kept while an incident that is not closed, or an active hold, covers it. An incident covers everything
from a day before its first event to a day after its last, whatever log it stands in: what is left of a hold without
items is its time alone. A hold's sources and incidents are known to the records; whether a file names an account or a
host is known only by reading it, so such a hold covers every file of its time that has no clearance.

A file may always be replaced: its row may go when other files of its dataset and day list all of its segments.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from breachwatch.model.incident import IncidentState

_NEVER_CHANGES = ("path", "segment_id", "dataset", "date", "rows", "min_time", "max_time")
_HOLD_NEVER_CHANGES = ("number", "reason", "placed_at", "placed_by", "since", "until")


ENDED = ", ".join(f"'{state.value}'" for state in IncidentState if state.ended)
"""The states of incidents that keep nothing, as a list in SQL. What was merged is covered by where it goes on."""


def held_by_incident(file: str, dialect: str) -> str:
    """Whether an incident that is not closed covers the row of `lake_file` called `file`."""
    return f"EXISTS (SELECT 1 FROM incident i WHERE i.state NOT IN ({ENDED}) AND {around_incident(file, dialect)})"


def held_by_hold(file: str, dialect: str) -> str:
    """Whether an active hold covers the row of `lake_file` called `file`."""
    return f"EXISTS (SELECT 1 FROM hold h WHERE {hold_covers(file, dialect)})"


def hold_covers(file: str, dialect: str) -> str:
    """Whether the active hold `h` covers the row of `lake_file` called `file`."""
    items = "SELECT 1 FROM hold_item t WHERE t.hold = h.number"
    of_source = (
        "t.kind = 'source' AND t.value IN (SELECT s.source FROM lake_part p JOIN segment s "
        f"ON s.segment_id = p.segment_id WHERE p.path = {file}.path)"
    )
    of_incident = (
        "t.kind = 'incident' AND EXISTS (SELECT 1 FROM incident i "
        f"WHERE i.number = t.value AND {around_incident(file, dialect)})"
    )
    named = (
        "t.kind IN ('account', 'host') AND NOT EXISTS (SELECT 1 FROM hold_clearance c "
        f"WHERE c.hold = h.number AND c.path = {file}.path)"
    )
    return (
        f"h.released_at IS NULL AND {in_time(file)} AND (NOT EXISTS ({items}) "
        f"OR EXISTS ({items} AND (({of_source}) OR ({of_incident}) OR ({named}))))"
    )


def hold_covers_bytes(segment: str, dialect: str) -> str:
    """Whether the active hold `h` may cover the stored bytes of `segment`: its source, and the times of its events.

    Whether bytes name an account or a host is not known without parsing them, so such a hold covers all of its time.
    """
    items = "SELECT 1 FROM hold_item t WHERE t.hold = h.number"
    of_incident = (
        "t.kind = 'incident' AND EXISTS (SELECT 1 FROM incident i "
        f"WHERE i.number = t.value AND {around_incident(segment, dialect)})"
    )
    named = f"t.kind IN ('account', 'host') OR (t.kind = 'source' AND t.value = {segment}.source) OR ({of_incident})"
    return f"h.released_at IS NULL AND {in_time(segment)} AND (NOT EXISTS ({items}) OR EXISTS ({items} AND ({named})))"


def in_time(file: str) -> str:
    """Whether a lake file may have events of the time of the hold `h`."""
    return (
        f"(h.since IS NULL OR {file}.max_time IS NULL OR {file}.max_time >= h.since) "
        f"AND (h.until IS NULL OR {file}.min_time IS NULL OR {file}.min_time < h.until)"
    )


def replaced(file: str) -> str:
    """Whether all segments of a lake file stand in other files of its dataset and day, too."""
    elsewhere = (
        "SELECT 1 FROM lake_part q JOIN lake_file g ON g.path = q.path WHERE q.segment_id = p.segment_id "
        f"AND g.path <> {file}.path AND g.dataset = {file}.dataset AND g.date = {file}.date"
    )
    return (
        f"(EXISTS (SELECT 1 FROM lake_part p WHERE p.path = {file}.path) AND "
        f"NOT EXISTS (SELECT 1 FROM lake_part p WHERE p.path = {file}.path AND NOT EXISTS ({elsewhere})))"
    )


def around_incident(row: str, dialect: str) -> str:
    """Whether what has `min_time` and `max_time` may have events of the incident `i` or of a day around it.

    What has no times always may.
    """
    if dialect == "postgresql":
        first, last = "i.first_time - interval '1 day'", "i.last_time + interval '1 day'"
    else:  # SQLite's datetime() has no fraction of a second: a second more
        first, last = "datetime(i.first_time, '-1 day')", "datetime(i.last_time, '+1 day', '+1 second')"
    return (
        f"({row}.max_time IS NULL OR {row}.max_time >= {first}) "
        f"AND ({row}.min_time IS NULL OR {row}.min_time <= {last})"
    )


def protect(connection: Connection) -> None:
    """Create the triggers, in SQLite or PostgreSQL. Called by the migration that makes the tables."""
    dialect = connection.dialect.name
    for statement in _postgresql() if dialect == "postgresql" else _sqlite():
        connection.exec_driver_sql(statement)


def renew(connection: Connection) -> None:
    """Bring what the database refuses to the present conditions; called by the migrations that change them."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(next(_postgresql()).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
    else:
        connection.exec_driver_sql("DROP TRIGGER lake_file_is_held")
        connection.exec_driver_sql(next(_sqlite()))


def _refused(dialect: str) -> str:
    kept = f"({held_by_incident('OLD', dialect)} OR {held_by_hold('OLD', dialect)})"
    return f"NOT {replaced('OLD')} AND {kept}"


def _sqlite() -> Iterator[str]:
    def refuse(name: str, deed: str, table: str, when: str, why: str) -> str:
        return f"CREATE TRIGGER {name} BEFORE {deed} ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, '{why}'); END"

    why = "a hold or an incident that is not closed covers this file"
    yield refuse("lake_file_is_held", "DELETE", "lake_file", _refused("sqlite"), why)
    same = "EXISTS (SELECT 1 FROM lake_file WHERE path = NEW.path)"  # INSERT OR REPLACE asks no trigger for DELETE
    yield refuse("lake_file_no_replace", "INSERT", "lake_file", same, "this lake file is listed already")
    columns = ", ".join(_NEVER_CHANGES)
    yield refuse(
        "lake_file_no_update", f"UPDATE OF {columns}", "lake_file", "1", "what a lake file holds never changes"
    )
    listed = "EXISTS (SELECT 1 FROM lake_file WHERE path = OLD.path)"
    yield refuse("lake_part_is_listed", "DELETE", "lake_part", listed, "the file of this part is listed")
    yield refuse("lake_part_no_update", "UPDATE", "lake_part", "1", "what a lake file holds never changes")
    parts = "NEW.pruned_at IS NOT NULL AND EXISTS (SELECT 1 FROM lake_part WHERE segment_id = NEW.segment_id)"
    yield refuse("segment_is_needed", "UPDATE OF pruned_at", "segment", parts, "events of this segment are in the lake")
    yield refuse("hold_no_delete", "DELETE", "hold", "1", "a hold is released, never removed")
    columns = ", ".join(_HOLD_NEVER_CHANGES)
    yield refuse("hold_no_update", f"UPDATE OF {columns}", "hold", "1", "a hold is released, never changed")
    once = "OLD.released_at IS NOT NULL"
    yield refuse("hold_no_revival", "UPDATE", "hold", once, "this hold was released")
    again = "EXISTS (SELECT 1 FROM hold WHERE number = NEW.number)"
    yield refuse("hold_no_replace", "INSERT", "hold", again, "there is a hold of this number")
    for deed in ("UPDATE", "DELETE"):
        yield refuse(f"hold_item_no_{deed.lower()}", deed, "hold_item", "1", "what a hold covers never changes")


def _postgresql() -> Iterator[str]:
    def function(name: str, when: str, why: str, give: str) -> str:
        return (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {when} THEN "
            f"RAISE EXCEPTION '{why}'; END IF; RETURN {give}; END $$"
        )

    def trigger(name: str, deed: str, table: str, call: str) -> str:
        return f"CREATE TRIGGER {name} BEFORE {deed} ON {table} FOR EACH ROW EXECUTE FUNCTION {call}()"

    why = "a hold or an incident that is not closed covers this file"
    yield function("refuse_held", _refused("postgresql"), why, "OLD")
    yield trigger("lake_file_is_held", "DELETE", "lake_file", "refuse_held")
    yield trigger("lake_file_no_update", f"UPDATE OF {', '.join(_NEVER_CHANGES)}", "lake_file", "refuse_change")
    listed = "EXISTS (SELECT 1 FROM lake_file WHERE path = OLD.path)"
    yield function("refuse_listed", listed, "the file of this part is listed", "OLD")
    yield trigger("lake_part_is_listed", "DELETE", "lake_part", "refuse_listed")
    yield trigger("lake_part_no_update", "UPDATE", "lake_part", "refuse_change")
    parts = "NEW.pruned_at IS NOT NULL AND EXISTS (SELECT 1 FROM lake_part WHERE segment_id = NEW.segment_id)"
    yield function("refuse_needed", parts, "events of this segment are in the lake", "NEW")
    yield trigger("segment_is_needed", "UPDATE OF pruned_at", "segment", "refuse_needed")
    yield function("refuse_released", "OLD.released_at IS NOT NULL", "this hold was released", "NEW")
    yield trigger("hold_no_revival", "UPDATE", "hold", "refuse_released")
    yield trigger("hold_no_change", f"DELETE OR UPDATE OF {', '.join(_HOLD_NEVER_CHANGES)}", "hold", "refuse_change")
    yield trigger("hold_item_no_change", "UPDATE OR DELETE", "hold_item", "refuse_change")
    for table in ("lake_file", "lake_part", "hold", "hold_item"):
        yield (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
