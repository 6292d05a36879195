"""The words of reminders. Numbers, titles and citations of the profile alone: nothing of what was found goes out."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from breachwatch.notify.wording import outgoing
from breachwatch.report.quantities import counted, day_and_time
from breachwatch.respond.law.profile import CONFIRM
from breachwatch.respond.reminders.running import Of, Running, Step

_SAID = {
    Step.HALF: "half of the time is gone",
    Step.FOUR_FIFTHS: "four fifths of the time are gone",
    Step.DUE: "it is due",
    Step.ESCALATED: "it was due, and is not done",
}
_LOOK = {
    Of.INCIDENT: "breachwatch duty list {number}",
    Of.REQUEST: "breachwatch request show {number}",
    Of.REPORT: "breachwatch report show {number}",
    Of.COMPLAINT: "breachwatch report show {number}",
}


def line(clock: Running, step: Step, zone: ZoneInfo) -> str:
    """How a clock stands, in one line, as it is."""
    return f"{_SAID[step]} ({day_and_time(clock.safe, zone)}): {clock.title}"


def title(clock: Running, step: Step, zone: ZoneInfo) -> str:
    """The subject line."""
    when = day_and_time(clock.safe, zone)
    return f"{clock.subject}, {_SAID[step]} ({when}): {outgoing(clock.title)}"


def body(clock: Running, step: Step, city: str, zone: ZoneInfo) -> str:
    """The message."""
    lines = [
        f"{outgoing(city)}: a deadline. {_SAID[step].capitalize()}.",
        "",
        f"What: {outgoing(clock.title)}",
        f"Number: {clock.subject}",
        f"Safe date: {day_and_time(clock.safe, zone)}",
    ]
    if clock.latest is not None:
        lines.append(f"Latest that the law can be read to allow: {day_and_time(clock.latest, zone)}")
    if clock.reading > 1:
        lines.append("This date has moved since it was first computed.")
    if clock.citation:
        lines += [f"Law: {outgoing(clock.citation, 300)}", outgoing(CONFIRM)]
    lines += ["", f"Look at it: {_LOOK[clock.of].format(number=clock.subject)}", "All deadlines: breachwatch clocks"]
    return "\n".join(lines) + "\n"


def several_title(count: int) -> str:
    """The subject line of one message about many deadlines."""
    return f"{counted(count, 'deadline')} to look at"


def several_body(titles: Sequence[str], city: str) -> str:
    """One message about many deadlines: the first ones, and where the rest is."""
    lines = [f"{outgoing(city)}: {counted(len(titles), 'deadline')}.", "", *titles[:20]]
    if len(titles) > 20:
        lines.append(f"and {len(titles) - 20} more")
    return "\n".join([*lines, "", "All deadlines: breachwatch clocks"]) + "\n"
