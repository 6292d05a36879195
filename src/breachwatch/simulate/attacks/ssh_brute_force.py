"""SSH brute force that succeeds: a shared account with a weak password, then root, then ways to come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import (
    CronJob,
    CrontabReplaced,
    Happening,
    LocalAccountAdded,
    LocalGroupJoined,
    LocalPasswordSet,
    SshFailure,
    SshSession,
    Sudo,
)
from breachwatch.simulate.inventory import SHARED_ACCOUNT
from breachwatch.simulate.planted import Planted
from breachwatch.simulate.span import HOUR, MINUTE, SECOND
from breachwatch.simulate.timeline import Stage
from breachwatch.simulate.truth import Kind, Story

_HOST, _ADDRESS, _NEW_ACCOUNT, _UID = "bastion", "203.0.113.50", "sysupd", 1301
_ROUNDS = (("root", True, 40), ("admin", False, 30), ("scanner", False, 20), (SHARED_ACCOUNT, True, 55))


class SshBruteForce(Planted):
    """At 01:20, from one address."""

    story = Story(
        id="A01-ssh-brute-force",
        kind=Kind.ATTACK,
        name="SSH brute force with success, then root and persistence",
        about=(
            "One address guesses passwords on the bastion until the shared account `plotter` gives in, becomes root "
            "with sudo, adds the account `sysupd` with sudo rights and a job in root's crontab that calls home hourly."
        ),
        techniques=("T1110.001", "T1078.003", "T1548.003", "T1136.001", "T1098.007", "T1053.003"),
        accounts=("root", "admin", "scanner", SHARED_ACCOUNT, _NEW_ACCOUNT),
        hosts=(_HOST,),
        addresses=(_ADDRESS,),
        expected=(
            "brute force: many failed sign-ins from one address",
            "success after failures: a sign-in succeeds after many failures from the same address",
            "sign-in outside hours",
            "sudo to root by a newcomer",
            "new local account",
            "new privileged account: added to the group sudo",
            "crontab changed",
        ),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        at = stage.span.at(stage.span.day_before_end(2), 1, 20)
        for user, known, count in _ROUNDS:
            for _ in range(count):
                yield SshFailure(
                    at=at,
                    host=_HOST,
                    user=user,
                    address=_ADDRESS,
                    port=dice.port(),
                    known=known,
                    tries=dice.weighted(((1, 8), (3, 2))),
                    folded=dice.chance(500),
                )
                at += dice.between(3_000_000, 9_000_000)
        at += 40 * SECOND
        yield SshSession(
            at=at,
            host=_HOST,
            user=SHARED_ACCOUNT,
            address=_ADDRESS,
            port=dice.port(),
            until=at + 22 * MINUTE,
            method="password",
        )
        yield from self._as_root(at + 50 * SECOND)
        at += 2 * HOUR
        while at < stage.span.end:
            yield CronJob(at=at, host=_HOST, user="root", command="/usr/local/sbin/.sysupd >/dev/null 2>&1", seconds=3)
            at += HOUR

    @staticmethod
    def _as_root(at: int) -> Iterator[Happening]:
        commands = (
            (0, "/usr/bin/id"),
            (40, "/bin/bash"),
            (75, f"/usr/sbin/useradd -m -s /bin/bash {_NEW_ACCOUNT}"),
            (110, f"/usr/bin/passwd {_NEW_ACCOUNT}"),
            (150, f"/usr/sbin/usermod -aG sudo {_NEW_ACCOUNT}"),
            (300, "/usr/bin/crontab /tmp/.c"),
        )
        for seconds, command in commands:
            yield Sudo(
                at=at + seconds * SECOND,
                host=_HOST,
                user=SHARED_ACCOUNT,
                command=command,
                seconds=600 if command == "/bin/bash" else 8,
                directory="/tmp",  # noqa: S108  (a line of a log, not a path we use)
            )
        yield LocalAccountAdded(at=at + 76 * SECOND, host=_HOST, user=_NEW_ACCOUNT, uid=_UID)
        yield LocalPasswordSet(at=at + 117 * SECOND, host=_HOST, user=_NEW_ACCOUNT)
        yield LocalGroupJoined(at=at + 151 * SECOND, host=_HOST, user=_NEW_ACCOUNT, group="sudo")
        yield CrontabReplaced(at=at + 301 * SECOND, host=_HOST, user="root", owner="root")
