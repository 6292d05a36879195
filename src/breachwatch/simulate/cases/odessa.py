"""Odessa, Texas: somebody reads the mailbox of a clerk of utility billing, and has its mail sent on.

Three weeks of sign-ins and mail of eight people; then one night. Everything is invented: accounts, ids, addresses
(those reserved for documentation), and that it happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from breachwatch.simulate.cases.files import Record, made_up_id, write_records, write_sources
from breachwatch.simulate.cases.microsoft import (
    ADMIN,
    ITEM,
    MAIL_ACCESS,
    SHAREPOINT,
    Place,
    audited,
    mail_read,
    mail_sent,
    parameters,
    sign_in,
)
from breachwatch.simulate.dice import Dice
from breachwatch.simulate.sources import SourceTable
from breachwatch.simulate.span import MINUTE, SECOND, Span, is_working_day

DOMAIN, ZONE = "odessa.example", "America/Chicago"
CLERK = "billing.clerk"
_STAFF = (
    *(CLERK, "billing.lead", "utility.manager", "finance.clerk"),
    *("court.clerk", "parks.office", "records.desk", "it.helpdesk"),
)
_FIRST, _NIGHT = date(2026, 10, 8), date(2026, 10, 30)
"""The first day of the logs, and the morning on which the run finds the case."""
_READ_MESSAGES, _APPLICANTS = 41, 612
"""How many mails were opened that night, and how many people's applications for service were attached to them."""

_OFFICE = Place("203.0.113.10", "US", "Texas", "Odessa")
_PHONE = Place("198.51.100.24", "US", "Texas", "Midland", system="Ios 18", browser="Mobile Safari 18", managed=True)
_STRANGER = Place("192.0.2.146", "NL", "Noord-Holland", "Amsterdam", "Linux", "Firefox 140.0", managed=False)
_APPLICATIONS = "\\Inbox\\Applications for service"


def write_odessa(folder: Path) -> int:
    """Write the logs below `folder`/logs and `folder`/sources.toml; gives how many records. The same each time."""
    zone = ZoneInfo(ZONE)
    span = Span(0, 0, zone)
    span = Span(span.midnight(_FIRST), span.at(_NIGHT, 4, 15), zone)
    records = [*_ordinary(span), *_case(span)]
    tables = []
    total = 0
    for name, path, is_mail in (
        ("entra-sign-ins", "logs/entra/sign-ins.jsonl", False),
        ("m365-audit", "logs/m365/audit.jsonl", True),
    ):
        own = [record for record in records if ("Operation" in record[1]) is is_mail]
        total += write_records(folder / path, own, written_at=span.end)
        tables.append(SourceTable(name, (path,), ZONE, "", format="cloud-json"))
    write_sources(folder, tables)
    _write_applicants(folder)
    return total


def _write_applicants(folder: Path) -> None:
    """Whom letters go to, by the language in which they asked for service: numbers in place of people."""
    for language, numbers in (("en", range(1, 498)), ("es", range(498, _APPLICANTS + 1))):
        lines = [f'Applicant {number:03d},"Service address {number:03d}, Odessa, Texas"\n' for number in numbers]
        path = folder / f"applicants-{language}.csv"
        path.write_text("".join(["recipient_name,recipient_address\n", *lines]), encoding="utf-8", newline="\n")


def _ordinary(span: Span) -> Iterator[Record]:
    for account in _STAFF:
        dice = Dice(f"odessa {account}")
        for day in span.days[:-1]:
            if not is_working_day(day):
                continue
            begin, end = span.at(day, 8), span.at(day, 17)
            for at in dice.times(dice.between(1, 3), begin, end):
                place = _PHONE if account == "utility.manager" and dice.chance(300) else _OFFICE
                if dice.chance(30):
                    yield sign_in(at - 20 * SECOND, DOMAIN, account, place, code=50126)
                yield sign_in(at, DOMAIN, account, place)
            for at in dice.times(dice.between(3, 7), begin, end):
                yield _at_work(dice, at, account)
    # A colleague sorts newsletters by a rule of her own: nothing to be alarmed about.
    at = span.at(date(2026, 10, 20), 10, 12)
    rule = {"Name": "Newsletters", "From": "news@league.example", "MoveToFolder": "Newsletters"}
    yield audited(at, DOMAIN, "records.desk", _OFFICE, "New-InboxRule", ADMIN, parameters(rule))


def _at_work(dice: Dice, at: int, account: str) -> Record:
    message = f"{made_up_id('mail', at, account)[:13]}@{DOMAIN}"
    kind = dice.pick(("read", "read", "send", "file"))
    if kind == "send":
        return audited(at, DOMAIN, account, _OFFICE, "Send", ITEM, mail_sent("Re: your request", message))
    if kind == "file":
        name = dice.pick(("Rates 2026.xlsx", "Schedule.docx", "Minutes.docx"))
        more = {"ObjectId": f"https://city.sharepoint.example/sites/office/{name}", "SourceFileName": name}
        return audited(at, DOMAIN, account, _OFFICE, "FileAccessed", SHAREPOINT, more)
    return audited(at, DOMAIN, account, _OFFICE, "MailItemsAccessed", MAIL_ACCESS, mail_read("\\Inbox", [message]))


def _case(span: Span) -> Iterator[Record]:
    """The night from Thursday to Friday: in, a look around, rules that send mail on and hide warnings, much reading."""
    start = span.at(_NIGHT, 1, 52)
    dice = Dice("odessa stranger")

    def done(at: int, operation: str, pairs: dict[str, str]) -> Record:
        return audited(at, DOMAIN, CLERK, _STRANGER, operation, ADMIN, parameters(pairs))

    yield sign_in(start, DOMAIN, CLERK, _STRANGER, app="One Outlook Web")
    yield done(
        start + 6 * MINUTE,
        "New-InboxRule",
        {
            "Name": "..",
            "SubjectOrBodyContainsWords": "phish;password;security alert;helpdesk",
            "MoveToFolder": "RSS Feeds",
            "MarkAsRead": "True",
            "StopProcessingRules": "True",
        },
    )
    yield done(
        start + 9 * MINUTE,
        "New-InboxRule",
        {"Name": ".", "SubjectOrBodyContainsWords": "application;SSN", "ForwardTo": "intake.forms@mail.example"},
    )
    yield done(
        start + 11 * MINUTE,
        "Set-Mailbox",
        {
            "Identity": f"{CLERK}@{DOMAIN}",
            "ForwardingSmtpAddress": "smtp:intake.forms@mail.example",
            "DeliverToMailboxAndForward": "True",
        },
    )
    at, left = start + 14 * MINUTE, _READ_MESSAGES
    while left:
        count = min(left, dice.between(3, 6))
        messages = [
            f"service-{left - item:03d}.{made_up_id('form', left - item)[:8]}@{DOMAIN}" for item in range(count)
        ]
        yield audited(
            at, DOMAIN, CLERK, _STRANGER, "MailItemsAccessed", MAIL_ACCESS, mail_read(_APPLICATIONS, messages)
        )
        left -= count
        at += dice.between(2, 5) * MINUTE
    # A mail in the clerk's name to a resident, who tells of it days later.
    at = span.at(_NIGHT, 3, 5)
    sent = mail_sent("Your account needs attention", "strange-1@odessa.example")
    yield audited(at, DOMAIN, CLERK, _STRANGER, "Send", ITEM, sent)
