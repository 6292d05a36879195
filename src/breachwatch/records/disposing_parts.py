"""The texts of reports and of records requests that go with an incident's file, and the triggers that let them go.

What is said of the incident's own texts (see `disposing_texts`) holds for them: rows stay, texts become fixed marks,
and the database lets that happen only to a report or request that belongs to a file whose disposal a second person
approved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from breachwatch.records.disposing_texts import MARK, REFUSAL, TEXTS, allowed, let_go, of_incident

REPORT, REQUEST = "report", "request"
NOTHING = "{}"
"""What stands where JSON was."""

PART_TEXTS: Mapping[str, Mapping[str, str]] = {
    "report": {"body": NOTHING},
    "report_event": {"body": NOTHING, "text": MARK},
    "records_request": {"requester": MARK, "contact": MARK, "words": MARK},
    "request_step": {"detail": NOTHING, "reason": MARK},
    "request_item": {"reason": MARK},
    "request_release": {"content": NOTHING},
    "request_reading": {"because": MARK},
    "referral_event": {"person": MARK, "reference": MARK, "text": MARK},
}
"""By table whose rows are otherwise only ever added: the columns whose text goes, with what stands there afterwards."""


def _part(kind: str, owner: str) -> str:
    return f"EXISTS (SELECT 1 FROM file_disposal_part q WHERE q.kind = '{kind}' AND q.number = {owner})"


_OF_PAPER = "SELECT 1 FROM paper p WHERE p.number = OLD.paper AND"
_DISPOSED = {
    "report": _part(REPORT, "OLD.number"),
    "report_event": _part(REPORT, "OLD.report"),
    "records_request": _part(REQUEST, "OLD.number"),
    **{
        name: _part(REQUEST, "OLD.request")
        for name in ("request_step", "request_item", "request_release", "request_reading")
    },
    "referral_event": of_incident("(SELECT r.incident FROM referral r WHERE r.number = OLD.referral)"),
    "communication": " OR ".join(
        (of_incident("OLD.incident"), _part(REPORT, "OLD.report"), _part(REQUEST, "OLD.request"))
    ),
    "paper_version": " OR ".join(
        (
            f"EXISTS ({_OF_PAPER} {of_incident('p.incident')})",
            f"EXISTS ({_OF_PAPER} {_part(REPORT, 'p.report')})",
            f"EXISTS ({_OF_PAPER} {_part(REQUEST, 'p.request')})",
        )
    ),
}
"""Whether a row's text may go: what it belongs to was disposed of."""


def protect_parts(connection: Connection, columns: Mapping[str, tuple[str, ...]]) -> None:
    """Let these texts be disposed of, and those of letters about a report or request; nothing else.

    `columns` are all columns of each of these tables. Called by the migration that makes the table of parts.
    """
    postgresql = connection.dialect.name == "postgresql"
    for table, disposed in _DISPOSED.items():
        if postgresql and table in TEXTS:  # the trigger is renewed, with its function
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_other_text ON {table}")
            connection.exec_driver_sql(f"DROP FUNCTION refuse_{table}_text()")
        texts = {**TEXTS, **PART_TEXTS}[table]
        let_go(connection, table, allowed(f"({disposed})", texts, columns[table]))
    for statement in _of_parts(postgresql=postgresql):
        connection.exec_driver_sql(statement)


TABLES = tuple(_DISPOSED)
"""Whose triggers `protect_parts` renews."""


def _of_parts(*, postgresql: bool) -> Iterator[str]:
    """A report or request is disposed of only with the file of an incident that it was attached or linked to."""
    attached = (
        "EXISTS (SELECT 1 FROM report_event e JOIN file_disposal_item i ON i.incident = e.incident "
        "WHERE i.disposal = NEW.disposal AND (e.report = NEW.number "
        "OR e.report IN (SELECT d.other FROM report_event d WHERE d.report = NEW.number)))"
    )
    linked = (
        "EXISTS (SELECT 1 FROM request_step s JOIN file_disposal_item i "
        "ON s.detail = '{\"incident\": \"' || i.incident || '\"}' "
        "WHERE s.request = NEW.number AND s.step = 'linked' AND i.disposal = NEW.disposal)"
    )
    wrong = f"NOT ((NEW.kind = '{REPORT}' AND {attached}) OR (NEW.kind = '{REQUEST}' AND {linked}))"
    if postgresql:
        yield (
            "CREATE FUNCTION refuse_file_disposal_part() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {wrong} THEN RAISE EXCEPTION '{REFUSAL}'; END IF; RETURN NEW; END $$"
        )
        yield (
            "CREATE TRIGGER file_disposal_part_of_file BEFORE INSERT ON file_disposal_part "
            "FOR EACH ROW EXECUTE FUNCTION refuse_file_disposal_part()"
        )
    else:
        yield (
            f"CREATE TRIGGER file_disposal_part_of_file BEFORE INSERT ON file_disposal_part WHEN {wrong} "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
