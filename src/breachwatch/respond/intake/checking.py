"""What a report may say: impossible times and counts are refused with what stands against them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from breachwatch.errors import UsageError
from breachwatch.model.intake import Relation, Report
from breachwatch.model.moment import told

LANGUAGES = ("en", "es")
"""Languages in which reporters are answered."""

MOST_PEOPLE = 10_000_000_000  # more than live
_LONGEST_TEXT = 20_000
_LONGEST_NAME = 500
_MOST_NAMED = 200
_LONGEST_AGO = timedelta(days=50 * 366)


def check_report(report: Report, now: datetime) -> None:
    """Raises UsageError for a report that says nothing, or what cannot be. `now` is aware."""
    if not report.what.strip():
        msg = "the report says nothing. Say in a sentence what was seen: what, where, and on which account or system."
        raise UsageError(msg)
    if report.language not in LANGUAGES:
        msg = f"answers are written in {' or '.join(LANGUAGES)}, not in {report.language!r}."
        raise UsageError(msg)
    if report.relation is Relation.ANONYMOUS and report.name.strip():
        msg = "an anonymous report names nobody: leave the name out, or say what the reporter is to the city."
        raise UsageError(msg)
    if report.contract.strip() and not report.relation.under_contract:
        msg = "a contract belongs to a vendor or contractor: say which of them the reporter is."
        raise UsageError(msg)
    if report.people is not None and not 0 <= report.people <= MOST_PEOPLE:
        msg = f"{report.people:,} is no number of people. Give a number from 0 on, or leave it out where none is known."
        raise UsageError(msg)
    for name, text, longest in _texts(report):
        if len(text) > longest:
            msg = f"{name} has {len(text):,} characters; {longest:,} are kept. Attach the rest as a file."
            raise UsageError(msg)
    for name in ("accounts", "systems", "records"):
        if len(getattr(report, name)) > _MOST_NAMED:
            msg = f"{name}: at most {_MOST_NAMED} are named in a report. Attach the list as a file."
            raise UsageError(msg)
    _check_times(report, now)


def _texts(report: Report) -> Iterator[tuple[str, str, int]]:
    yield "what was seen", report.what, _LONGEST_TEXT
    yield "how it was discovered", report.discovered, _LONGEST_TEXT
    for name in ("name", "organization", "contract", "contact"):
        yield name, getattr(report, name), _LONGEST_NAME
    for name in ("accounts", "systems", "records"):
        for text in getattr(report, name):
            yield f"one of the {name}", text, _LONGEST_NAME


def _check_times(report: Report, now: datetime) -> None:
    times = {
        "been noticed": report.noticed_at,
        "begun": report.occurred_from,
        "ended": report.occurred_until,
    }
    for happened, moment in times.items():
        if moment is None:
            continue
        if moment.tzinfo is None:
            msg = f"{moment.isoformat()}, when it had {happened}, has no zone. Give one: 2026-11-22T02:14-06:00."
            raise UsageError(msg)
        if moment > now:
            clock = told(now, moment.tzinfo)
            msg = f"it cannot have {happened} at {told(moment)}: it is {clock} now. Correct the time."
            raise UsageError(msg)
        if now - moment > _LONGEST_AGO:
            msg = f"it has hardly {happened} at {told(moment)}, more than fifty years ago. Correct the year."
            raise UsageError(msg)
    begun, ended, noticed = report.occurred_from, report.occurred_until, report.noticed_at
    if begun and ended and ended < begun:
        msg = f"it cannot have ended at {told(ended)}, before it began at {told(begun)}. Correct one of the two times."
        raise UsageError(msg)
    if begun and noticed and noticed < begun:
        msg = (
            f"it cannot have been noticed at {told(noticed)}, before it began at {told(begun)}. "
            "Correct one of the two times."
        )
        raise UsageError(msg)
