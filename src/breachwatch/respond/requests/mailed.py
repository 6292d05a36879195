"""The day on which a mailed request counts as received, where nobody can show when it came.

Texas: the third business day after the date of the postmark on a properly addressed request (Gov't Code 552.301(a-1)).
Whoever wrote down or stamped the day of receipt can show it, and then that day counts; so this is asked for by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from breachwatch.errors import UsageError
from breachwatch.respond.law.profile import Profile
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Presumed:
    """When it counts as received (aware, the beginning of that day in the city), and how that was counted."""

    at: datetime
    because: str


def presumed(ws: Workspace, law: Profile, postmark: date) -> Presumed:
    """By the law's rule. Days that only some offices are closed on count here: the earlier day is the safe one.

    Raises UsageError where the law has no such rule, or that day is still to come.
    """
    rule, today = law.mailed_request, ws.clock.now().astimezone(ws.settings.city.zone).date()
    if rule is None:
        msg = (
            f"the law of this city ({law.id}) has no rule that counts a request from its postmark: say when it came "
            "(--received), by the mail room's stamp or by who opened it, and ask counsel where nobody knows."
        )
        raise UsageError(msg)
    day, _ = law.calendar(rule.calendar).add_business_days(postmark, rule.business_days, cautious=True)
    if day > today:
        msg = (
            f"by its postmark of {postmark} it would count as received on {day}, which is to come, and it is here "
            "already: say when it came (--received)."
        )
        raise UsageError(msg)
    because = (
        f"mailed, and the day on which it came cannot be established: business day {rule.business_days} after the "
        f"postmark of {postmark} ({rule.citation})"
    )
    return Presumed(datetime.combine(day, time(), ws.settings.city.zone), because)
