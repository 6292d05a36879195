"""What keeps evidence from being disposed of, as SQL: the code asks it, and triggers of the database refuse by it.

Evidence stays while its incident is not closed, and while a hold is active that was not found to be about other things:
a hold covers every piece of evidence until it has been read and `hold_evidence` says 0. So a hold that is placed in
this very moment wins, and so does one placed while a bag is being sealed.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from breachwatch.model.incident import IncidentState

CLOSED = ", ".join(f"'{state.value}'" for state in (IncidentState.CLOSED, IncidentState.FALSE_POSITIVE))
"""States of incidents in which their evidence may go, as a list in SQL."""

REFUSAL = "a hold or an incident that is not closed keeps this evidence"
"""What the triggers say."""

_REQUEST_NEVER_CHANGES = ("number", "authority", "reason", "requested_at", "requested_by", "requester")
_ITEM_NEVER_CHANGES = ("request", "evidence", "tagmanifest_sha256", "bytes")
_HOLD_AUTHORITY = ("authority",)
_NEVER_CHANGES = {"disposal_request": _REQUEST_NEVER_CHANGES, "disposal_item": _ITEM_NEVER_CHANGES}


def held(evidence: str) -> str:
    """Whether an active hold `h` keeps the evidence whose number the SQL expression `evidence` gives."""
    undecided = (
        "NOT EXISTS (SELECT 1 FROM hold_evidence c "
        f"WHERE c.hold = h.number AND c.evidence = {evidence} AND c.covered = 0)"
    )
    # An incident may be merged into one under hold after it was decided.
    of_incident = (
        "EXISTS (SELECT 1 FROM hold_item t WHERE t.hold = h.number AND t.kind = 'incident' "
        f"AND t.value IN ({incidents_of(evidence)}))"
    )
    return f"h.released_at IS NULL AND ({undecided} OR {of_incident})"


def incidents_of(evidence: str) -> str:
    """A query for the numbers of the incidents of a piece of evidence: its own, and those that one was merged into."""
    own = f"SELECT e.incident FROM evidence e WHERE e.number = {evidence}"
    into = f"SELECT m.merged_into FROM incident m WHERE m.number IN ({own}) AND m.state = '{IncidentState.MERGED}'"
    further = f"SELECT n.merged_into FROM incident n WHERE n.number IN ({into}) AND n.state = '{IncidentState.MERGED}'"
    return f"{own} UNION {into} UNION {further}"


def unclosed(evidence: str) -> str:
    """Whether the incident `i` is one of the evidence and not closed. What was merged is as open as where it went."""
    goes_on = f"(i.state = '{IncidentState.MERGED}' AND i.merged_into IN ({incidents_of(evidence)}))"
    return f"i.number IN ({incidents_of(evidence)}) AND i.state NOT IN ({CLOSED}) AND NOT {goes_on}"


def kept(evidence: str) -> str:
    """Whether anything keeps the evidence."""
    return (
        f"(EXISTS (SELECT 1 FROM hold h WHERE {held(evidence)}) "
        f"OR EXISTS (SELECT 1 FROM incident i WHERE {unclosed(evidence)}))"
    )


def protect(connection: Connection) -> None:
    """Create the triggers, in SQLite or PostgreSQL. Called by the migration that makes the tables."""
    for statement in _postgresql() if connection.dialect.name == "postgresql" else _sqlite():
        connection.exec_driver_sql(statement)


def _not_by_two(item: str) -> str:
    """Whether the request of an item lacks the approval of a second person."""
    return (
        f"NOT EXISTS (SELECT 1 FROM disposal_request r WHERE r.number = {item}.request "
        "AND r.decision = 'approved' AND r.decider <> r.requester)"
    )


_RULES = (
    # name, deed, table, when, why
    ("disposal_item_is_kept", "INSERT", "disposal_item", kept("NEW.evidence"), REFUSAL),
    ("disposal_item_still_kept", "UPDATE OF disposed_at", "disposal_item", kept("NEW.evidence"), REFUSAL),
    (
        "disposal_item_by_two",
        "UPDATE OF disposed_at",
        "disposal_item",
        _not_by_two("NEW"),
        "a second person has not approved this disposal",
    ),
    (
        "disposal_item_once",
        "UPDATE OF disposed_at, disposed_by",
        "disposal_item",
        "OLD.disposed_at IS NOT NULL",
        "this evidence was disposed of already",
    ),
    (
        "disposal_item_new",
        "INSERT",
        "disposal_item",
        (
            "NEW.disposed_at IS NOT NULL OR NEW.removed_at IS NOT NULL OR "
            "EXISTS (SELECT 1 FROM disposal_request r WHERE r.number = NEW.request AND r.decision IS NOT NULL)"
        ),
        "evidence is named in a request before anybody decides on it",
    ),
    (
        "disposal_request_by_two",
        "UPDATE OF decision, decider",
        "disposal_request",
        "NEW.decider = OLD.requester",
        "who asked for a disposal does not decide on it",
    ),
    (
        "disposal_request_once",
        "UPDATE",
        "disposal_request",
        "OLD.decision IS NOT NULL",
        "this request was decided on already",
    ),
    (
        "disposal_request_open",
        "INSERT",
        "disposal_request",
        "NEW.decision IS NOT NULL OR NEW.decider IS NOT NULL",
        "a request is decided on by somebody else, later",
    ),
    (
        "hold_evidence_in_doubt",
        "INSERT",
        "hold_evidence",
        (
            "NEW.covered = 0 AND EXISTS (SELECT 1 FROM hold_item t JOIN evidence e ON e.incident = t.value "
            "WHERE t.kind = 'incident' AND t.hold = NEW.hold AND e.number = NEW.evidence)"
        ),
        "this hold is on the incident of this evidence",
    ),
)


def _sqlite() -> Iterator[str]:
    def refuse(name: str, deed: str, table: str, when: str, why: str) -> str:
        return f"CREATE TRIGGER {name} BEFORE {deed} ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, '{why}'); END"

    for rule in _RULES:
        yield refuse(*rule)
    for table, columns in _NEVER_CHANGES.items():
        why = f"rows of {table} are only ever completed"
        yield refuse(f"{table}_no_change", f"UPDATE OF {', '.join(columns)}", table, "1", why)
        yield refuse(f"{table}_no_delete", "DELETE", table, "1", why)
    # INSERT OR REPLACE asks no trigger for DELETE.
    same = "EXISTS (SELECT 1 FROM disposal_request WHERE number = NEW.number)"
    yield refuse("disposal_request_no_replace", "INSERT", "disposal_request", same, "there is a request of this number")
    same = "EXISTS (SELECT 1 FROM disposal_item WHERE request = NEW.request AND evidence = NEW.evidence)"
    yield refuse("disposal_item_no_replace", "INSERT", "disposal_item", same, "the request names this evidence already")
    authority = ", ".join(_HOLD_AUTHORITY)
    yield refuse("hold_authority_no_update", f"UPDATE OF {authority}", "hold", "1", "a hold is released, never changed")


def _postgresql() -> Iterator[str]:
    def trigger(name: str, deed: str, table: str, call: str) -> str:
        return f"CREATE TRIGGER {name} BEFORE {deed} ON {table} FOR EACH ROW EXECUTE FUNCTION {call}()"

    for name, deed, table, when, why in _RULES:
        yield (
            f"CREATE FUNCTION refuse_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {when} THEN "
            f"RAISE EXCEPTION '{why}'; END IF; RETURN NEW; END $$"
        )
        yield trigger(name, deed, table, f"refuse_{name}")
    for table, columns in _NEVER_CHANGES.items():
        yield trigger(f"{table}_no_change", f"DELETE OR UPDATE OF {', '.join(columns)}", table, "refuse_change")
        yield (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    authority = ", ".join(_HOLD_AUTHORITY)
    yield trigger("hold_authority_no_change", f"UPDATE OF {authority}", "hold", "refuse_change")
