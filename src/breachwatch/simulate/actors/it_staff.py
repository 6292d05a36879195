"""The people of the IT department: administrators who use sudo, a helpdesk that resets passwords."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import (
    DomainLogon,
    Happening,
    PasswordReset,
    ProcessStarted,
    SshSession,
    Su,
    Sudo,
    TicketGrantingTicket,
)
from breachwatch.simulate.inventory import DOMAIN_CONTROLLERS, LINUX, WINDOWS, Person
from breachwatch.simulate.span import HOUR, MINUTE, SECOND, is_working_day
from breachwatch.simulate.timeline import Daily, Stage

COMMANDS = (
    "/usr/bin/apt update",
    "/usr/bin/apt upgrade -y",
    "/usr/bin/systemctl restart nginx",
    "/usr/bin/systemctl status postgresql",
    "/usr/bin/journalctl -u ssh --since today",
    "/usr/bin/less /var/log/auth.log",
    "/usr/bin/vim /etc/hosts",
    "/usr/sbin/ufw status",
    "/usr/bin/tail -n 100 /var/log/syslog",
    "/usr/bin/df -h",
)
_TOOLS = (
    ("C:\\Windows\\System32\\mmc.exe", '"C:\\Windows\\System32\\mmc.exe" "C:\\Windows\\System32\\services.msc"'),
    ("C:\\Windows\\System32\\mmc.exe", '"C:\\Windows\\System32\\mmc.exe" "C:\\Windows\\System32\\dsa.msc"'),
    ("C:\\Windows\\System32\\taskmgr.exe", '"C:\\Windows\\System32\\taskmgr.exe" /4'),
    ("C:\\Windows\\System32\\notepad.exe", '"C:\\Windows\\System32\\notepad.exe" C:\\Patches\\notes.txt'),
)
_EXPLORER = "C:\\Windows\\explorer.exe"
_DAY_OFF = 60
_ROUNDS = 2


def workday(stage: Stage, day: date, dice: Dice) -> tuple[int, int]:
    """When somebody in IT begins and ends that day."""
    begin = stage.span.at(day, 7, 15) + dice.between(0, 60 * 60) * SECOND + dice.between(0, 999_999)
    return begin, begin + 8 * HOUR + dice.between(15, 90) * MINUTE


def remote_desktop(dice: Dice, person: Person, host: str, at: int, minutes: int) -> DomainLogon:
    """An administrator's remote desktop on a server."""
    return DomainLogon(
        at=at,
        host=host,
        user=person.user,
        logon_type=10,
        address=person.address,
        port=dice.port(),
        workstation=host.upper(),
        until=at + minutes * MINUTE,
        domain_controller=dice.pick(DOMAIN_CONTROLLERS),
        fresh_ticket=True,
        elevated=True,
    )


class Administrator(Daily):
    """Signs in to servers all day, with keys, and becomes root there."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.name = f"admin/{person.user}"

    def day(self, stage: Stage, day: date, dice: Dice) -> Iterable[Happening]:
        if not is_working_day(day) or dice.chance(_DAY_OFF):
            return
        person = self.person
        begin, end = workday(stage, day, dice)
        yield TicketGrantingTicket(
            at=begin, host=dice.pick(DOMAIN_CONTROLLERS), user=person.user, address=person.address, port=dice.port()
        )
        for number, at in enumerate(dice.times(dice.between(3, 7), begin, end - 50 * MINUTE)):
            # Two rounds a day go from server to server, so that every one gets its turn within a week.
            turn = LINUX[(2 * day.toordinal() + number) % len(LINUX)]
            server = turn if number < _ROUNDS else dice.pick(LINUX)
            yield from self._shell(dice, server.name, at)
        for at in dice.times(dice.between(1, 3), begin, end - 45 * MINUTE):
            host = dice.pick(WINDOWS).name
            yield remote_desktop(dice, person, host, at, dice.between(5, 40))
            image, line = dice.pick(_TOOLS)
            yield ProcessStarted(
                at=at + 40 * SECOND, host=host, user=person.user, image=image, command_line=line, parent=_EXPLORER
            )

    def _shell(self, dice: Dice, host: str, at: int) -> Iterator[Happening]:
        user, minutes = self.person.user, dice.between(4, 40)
        yield SshSession(
            at=at,
            host=host,
            user=user,
            address=self.person.address,
            port=dice.port(),
            until=at + minutes * MINUTE,
            method="publickey",
        )
        for moment in dice.times(dice.between(1, 4), at + 10 * SECOND, at + minutes * MINUTE):
            typos = 1 if dice.chance(30) else 0
            yield Sudo(
                at=moment, host=host, user=user, command=dice.pick(COMMANDS), seconds=dice.between(1, 40), typos=typos
            )
        if dice.chance(60):
            yield Su(at=at + 3 * MINUTE, host=host, user=user, to="root", succeeds=not dice.chance(150))


class Helpdesk(Daily):
    """Resets forgotten passwords of staff, on a domain controller."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.name = f"helpdesk/{person.user}"

    def day(self, stage: Stage, day: date, dice: Dice) -> Iterable[Happening]:
        if not is_working_day(day) or dice.chance(_DAY_OFF):
            return
        person = self.person
        begin, end = workday(stage, day, dice)
        yield TicketGrantingTicket(at=begin, host="dc01", user=person.user, address=person.address, port=dice.port())
        for at in dice.times(dice.between(1, 2), begin + 10 * MINUTE, end - 30 * MINUTE):
            caller = dice.pick(stage.inventory.staff)
            yield remote_desktop(dice, person, "dc01", at, dice.between(5, 15))
            yield PasswordReset(at=at + dice.between(60, 200) * SECOND, host="dc01", user=caller.user, by=person.user)
