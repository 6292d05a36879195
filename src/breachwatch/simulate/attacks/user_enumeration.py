"""User enumeration: one address asks sshd for sixty names to learn which of them exist."""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import Happening, SshFailure
from breachwatch.simulate.planted import Planted
from breachwatch.simulate.span import SECOND
from breachwatch.simulate.timeline import Stage
from breachwatch.simulate.truth import Kind, Story

_ADDRESS = "203.0.113.201"
_TITLES = ("mayor", "clerk", "chief", "planner", "librarian", "engineer", "inspector", "auditor", "ranger", "judge")
_NAMES = tuple(f"{title}{ending}" for title in _TITLES for ending in ("", "1", ".office", "-old", "2025", "_test"))


class UserEnumeration(Planted):
    """In the afternoon, within five minutes, on the web server."""

    story = Story(
        id="A09-user-enumeration",
        kind=Kind.ATTACK,
        name="User enumeration over SSH",
        about=(
            "One address asks the web server's sshd for sixty invented names and leaves before any password. A host "
            "that faces the Internet sees this every night: it is worth a line, and no incident."
        ),
        techniques=("T1087.001", "T1595"),
        accounts=_NAMES,
        hosts=("web01",),
        addresses=(_ADDRESS,),
        expected=("user enumeration: many invalid users from one address",),
        level="low",
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        at = stage.span.at(stage.span.day_before_end(5), 15, 30) + dice.between(0, 59_999_999)
        for user in _NAMES:
            yield SshFailure(at=at, host="web01", user=user, address=_ADDRESS, port=dice.port(), known=False, tries=0)
            at += dice.between(2 * SECOND, 7 * SECOND)
