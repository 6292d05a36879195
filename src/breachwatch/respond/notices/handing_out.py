"""Letters that need nobody's approval: they are in the register of papers from the moment in which they are sent.

Acknowledgements and answers to reporters say what the city did with what somebody told it, and the letter that goes
with a referral says what is in the package; whoever may triage a report or refer an incident sends them. So they are
entered as sent, with the file that was sent, and without an approval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from breachwatch.model.intake import Channel
from breachwatch.model.papers import Form, Way
from breachwatch.model.people import Actor
from breachwatch.papers import Filled, Value, load_template
from breachwatch.records import audit
from breachwatch.records import papers as tables
from breachwatch.respond.notices.entering import About, add_paper, add_version, files_of, version_row
from breachwatch.workspace import Workspace

_WAYS = {
    Channel.LETTER: Way.LETTER,
    Channel.EMAIL: Way.EMAIL,
    Channel.PORTAL: Way.PORTAL,
    Channel.IN_PERSON: Way.IN_PERSON,
}


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A letter whose files are kept; `recipients` is their class ("the reporter"), never their names."""

    filled: Filled
    values: Mapping[str, Value]
    files: Mapping[Form, str]
    recipients: str
    channel: Channel


def kept(ws: Workspace, filled: Filled, values: Mapping[str, Value], recipients: str, channel: Channel) -> HandedOut:
    """Keep the files of a letter, before the transaction in which it is entered. Raises EnvironmentFault."""
    return HandedOut(filled, values, files_of(ws, filled.document), recipients, channel)


def enter_sent(  # noqa: PLR0913  what a sending consists of
    ws: Workspace,
    connection: Connection,
    letter: HandedOut,
    evidence: str,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    incident: str = "",
    report: str = "",
) -> str:
    """Enter a letter as sent, its PDF being sealed as `evidence`; its number. Within the caller's transaction."""
    front = load_template(ws, letter.filled.template, letter.filled.language).front
    fields = {name: value for name, value in letter.values.items() if name in front.fields}
    about = About(letter.filled.template, letter.filled.language, front.audience, incident, report=report)
    number = add_paper(ws, connection, about, by=by, at=at)
    row = version_row((letter.filled, fields), dict(letter.files), fields)
    add_version(connection, number, row, by=by, at=at, reason=reason)
    sending = {
        "version": 1,
        "form": Form.PDF.value,
        "sha256": letter.files[Form.PDF],
        "way": _WAYS.get(letter.channel, Way.OTHER).value,
        "recipients": letter.recipients,
        "copies": 1,
        "evidence": evidence,
        "proof": f"handed out by {by.name}, {letter.channel.value}; the copy is sealed",
    }
    connection.execute(
        tables.paper_sending.insert().values(paper=number, sent_at=at, recorded_by=by.name, at=at, **sending)
    )
    told = {key: str(value) for key, value in sending.items()}
    change = f"version 1 sent at {at.isoformat()}, which needs nobody's approval"
    audit.append(connection, at=at, by=by, entity=number, change=change, reason=reason, after=told)
    return number
