"""Letters to the custodians of a hold: the notice, the reminder, and that it has ended."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from breachwatch.evidence.holds import Custodian, HoldRecord
from breachwatch.report.holds import covers
from breachwatch.report.letters import Letter, Part
from breachwatch.report.quantities import day_and_time

_KEEP = (
    (
        "Do not delete, change, overwrite or move anything that the notice covers, wherever it is: files, messages, "
        "mail, chat, notes, copies on your own devices, paper."
    ),
    (
        "Switch off whatever deletes by itself: retention rules, log rotation without copies, the clearing of "
        "mailboxes, the reuse of disks and backups, the return or reinstallation of devices."
    ),
    "If you know of others who have something of it, or if something was lost already, say so now.",
    "Go on until you are told in writing that the notice has ended, also when other rules would let you delete.",
)


def preservation_notice(record: HoldRecord, person: Custodian, city: str, zone: ZoneInfo, *, reminder: bool) -> Letter:
    """The notice to one custodian, or the reminder that an acknowledgement is missing."""
    hold = record.hold
    opening = (
        f"A reminder: your acknowledgement of {hold.number} is missing. Please read the notice below and answer."
        if reminder
        else "You may have information that must be kept. Please read this notice, act on it, and acknowledge it."
    )
    return Letter(
        title=f"{'Reminder: ' if reminder else ''}Notice to preserve information, {hold.number}",
        organization=city,
        parts=(
            Part(paragraphs=(opening,), fields=_head(record, person, zone)),
            Part("What must be kept", paragraphs=(f"Everything about: {covers(hold, zone)}.",)),
            Part("What to do", items=_KEEP),
            Part(
                "Acknowledge",
                paragraphs=(
                    (
                        f"Answer to whoever sent you this that you have read and understood {hold.number} and keep "
                        "what it covers; who has a login says it by: "
                        f"breachwatch hold acknowledge {hold.number}"
                    ),
                    "Questions about what the law asks of you are for the city's counsel.",
                ),
            ),
        ),
    )


def end_of_preservation(record: HoldRecord, person: Custodian, city: str, zone: ZoneInfo) -> Letter:
    """That a hold has been released, by whom and on which authority."""
    hold = record.hold
    released = day_and_time(hold.released_at, zone) if hold.released_at else "not yet"
    return Letter(
        title=f"End of the notice to preserve information, {hold.number}",
        organization=city,
        parts=(
            Part(
                paragraphs=("You no longer need to keep what this notice covered, unless another notice covers it.",),
                fields=(
                    *_head(record, person, zone),
                    ("Ended", released),
                    ("By", hold.released_by or ""),
                    ("Authority", hold.release_authority or "not specified"),
                ),
            ),
        ),
    )


def _head(record: HoldRecord, person: Custodian, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    hold = record.hold
    who = ", ".join(part for part in (person.name, person.title, person.contact) if part)
    return (
        ("To", who),
        ("Number", hold.number),
        ("Placed", f"{day_and_time(hold.placed_at, zone)} by {hold.placed_by}"),
        ("Matter", hold.reason),
        ("Authority", hold.authority or "not specified"),
    )
