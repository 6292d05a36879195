"""Staff at work: they come, mistype passwords, open files, go for lunch, sign in over the VPN, and go home."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import (
    DomainLogon,
    DomainLogonFailure,
    Happening,
    SshSession,
    TicketGrantingTicket,
    VpnFailure,
    VpnSession,
)
from breachwatch.simulate.inventory import DOMAIN_CONTROLLERS, Person
from breachwatch.simulate.span import HOUR, MINUTE, SECOND, is_working_day
from breachwatch.simulate.timeline import Daily, Stage

_DAY_OFF, _AT_HOME, _TYPO = 70, 500, 45  # in a thousand
_EVERY_FOURTH = 4  # may work from home
_CREWS = ("works", "parks", "water")  # they begin early
_SSH_TO = {
    "planning": ("gis01",),
    "permits": ("gis01",),
    "works": ("files",),
    "library": ("files",),
    "it": ("gis01", "db01"),
}
_BILLING = ("finance", "water", "court", "hr")
_DESKTOP = ("clerk", "court", "parks")


class StaffMember(Daily):
    """One person with an office job: Monday to Friday, inside 06:30 to 18:30."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.name = f"staff/{person.user}"

    def day(self, stage: Stage, day: date, dice: Dice) -> Iterable[Happening]:
        if not is_working_day(day) or dice.chance(_DAY_OFF):
            return
        early = self.person.department in _CREWS
        begin = stage.span.at(day, 6 if early else 7, 30) + dice.between(0, 60) * MINUTE + dice.between(0, 59) * SECOND
        begin += dice.between(0, 999_999)
        end = begin + 8 * HOUR + dice.between(0, 75) * MINUTE
        lunch = stage.span.at(day, 11, 30) + dice.between(0, 75) * MINUTE
        controller = dice.pick(DOMAIN_CONTROLLERS)
        if self.person.number % _EVERY_FOURTH == 1 and dice.chance(_AT_HOME):
            yield from self._from_home(stage, dice, controller, begin, end, lunch)
        else:
            yield from self._at_the_office(dice, controller, begin, end, lunch)

    def _at_the_office(self, dice: Dice, controller: str, begin: int, end: int, lunch: int) -> Iterator[Happening]:
        person = self.person
        computer = self._logon(dice, f"{person.workstation}$", controller, controller, begin - 2 * MINUTE, MINUTE)
        yield computer
        yield from self._unlock(dice, controller, begin)
        yield from self._unlock(dice, controller, lunch + dice.between(30, 60) * MINUTE)
        yield self._logon(dice, person.user, "fs01", controller, begin + 20 * SECOND, dice.between(5, 40) * MINUTE)
        servers = ("app01", "app01", "fs01") if person.department in _BILLING else ("fs01", "fs01", "fs01", "app01")
        for at in dice.times(dice.between(4, 9), begin + 5 * MINUTE, end):
            if not lunch <= at < lunch + 30 * MINUTE:
                server = dice.pick(servers)
                if dice.chance(_TYPO // 3):
                    yield DomainLogonFailure(
                        at=at - 15 * SECOND,
                        host=server,
                        user=person.user,
                        logon_type=3,
                        address=person.address,
                        port=dice.port(),
                        workstation=person.workstation,
                        domain_controller=controller,
                    )
                yield self._logon(dice, person.user, server, controller, at, dice.between(1, 25) * MINUTE)
        if person.department in _DESKTOP and dice.chance(300):
            at = begin + dice.between(20, 180) * MINUTE
            yield self._desktop(dice, controller, at, at + dice.between(20, 200) * MINUTE, person.address)
        for host in _SSH_TO.get(person.department, ()):
            if dice.chance(400):
                at = begin + dice.between(30, 400) * MINUTE
                yield self._ssh(dice, host, at, person.address)

    def _from_home(
        self, stage: Stage, dice: Dice, controller: str, begin: int, end: int, lunch: int
    ) -> Iterator[Happening]:
        person = self.person
        inside = stage.inventory.pool_address(person)
        at = begin
        for _ in range(dice.between(1, 2) if dice.chance(2 * _TYPO) else 0):
            yield VpnFailure(
                at=at,
                host="vpn01",
                user=person.user,
                address=person.home,
                port=dice.port(),
                domain_controller="dc02",
            )
            at += dice.between(12, 40) * SECOND
        yield VpnSession(
            at=at,
            host="vpn01",
            user=person.user,
            address=person.home,
            port=dice.port(),
            pool_address=inside,
            until=end,
            domain_controller="dc02",
        )
        yield self._desktop(dice, controller, at + dice.between(30, 200) * SECOND, lunch, inside)
        yield self._desktop(dice, controller, lunch + dice.between(31, 60) * MINUTE, end - MINUTE, inside)
        for host in _SSH_TO.get(person.department, ()):
            if dice.chance(300):
                yield self._ssh(dice, host, begin + dice.between(30, 300) * MINUTE, inside)

    def _unlock(self, dice: Dice, controller: str, at: int) -> Iterator[Happening]:
        """A password typed at the workstation, which the domain controller checks; now and then it is mistyped."""
        person = self.person
        for succeeds in [False] * (dice.between(1, 2) if dice.chance(_TYPO) else 0) + [True]:
            yield TicketGrantingTicket(
                at=at, host=controller, user=person.user, address=person.address, port=dice.port(), succeeds=succeeds
            )
            at += dice.between(4, 15) * SECOND

    def _logon(self, dice: Dice, user: str, host: str, controller: str, at: int, lasts: int) -> DomainLogon:
        return DomainLogon(
            at=at,
            host=host,
            user=user,
            logon_type=3,
            address=self.person.address,
            port=dice.port(),
            workstation="",
            until=at + lasts,
            domain_controller=controller,
        )

    def _desktop(self, dice: Dice, controller: str, at: int, until: int, address: str) -> DomainLogon:
        return DomainLogon(
            at=at,
            host="rds01",
            user=self.person.user,
            logon_type=10,
            address=address,
            port=dice.port(),
            workstation="RDS01",
            until=until,
            domain_controller=controller,
            fresh_ticket=True,
        )

    def _ssh(self, dice: Dice, host: str, at: int, address: str) -> SshSession:
        by_key = self.person.number % 3 > 0
        return SshSession(
            at=at,
            host=host,
            user=self.person.user,
            address=address,
            port=dice.port(),
            until=at + dice.between(1, 50) * MINUTE,
            method="publickey" if by_key else "password",
            typos=0 if by_key or not dice.chance(2 * _TYPO) else dice.between(1, 2),
        )
