"""Near misses, which look like attacks and are daily work, and the weather: hammering that leads nowhere."""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.simulate.actors.vendors import visit
from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import (
    AccountLockedOut,
    DomainAccountCreated,
    DomainLogon,
    GroupMemberAdded,
    Happening,
    LocalAccountAdded,
    LocalGroupAdded,
    PasswordReset,
    ServiceInstalled,
    SshFailure,
    SshSession,
    Sudo,
    TicketGrantingTicket,
)
from breachwatch.simulate.inventory import ADMINS, BACKUP_ACCOUNT, HELPDESK, HOST, HR_ACCOUNT, VENDORS
from breachwatch.simulate.planted import Planted
from breachwatch.simulate.span import MINUTE, SECOND
from breachwatch.simulate.timeline import Stage
from breachwatch.simulate.truth import Kind, Story


class AdminMistypes(Planted):
    """An administrator's five typos, then success."""

    story = Story(
        id="N01-admin-typos",
        kind=Kind.BENIGN,
        name="An administrator mistypes five times, then gets in",
        about="Three wrong passwords, a new connection, two more, then the right one: 09:12 on a working day.",
        accounts=(ADMINS[0].user,),
        hosts=("bastion",),
        addresses=(ADMINS[0].address,),
        expected=("brute force", "success after failures"),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        person = ADMINS[0]
        at = stage.span.at(stage.span.working_day_before_end(2), 9, 12) + dice.between(0, 59_999_999)
        yield SshFailure(
            at=at, host="bastion", user=person.user, address=person.address, port=dice.port(), known=True, tries=3
        )
        at += 25 * SECOND
        yield SshSession(
            at=at,
            host="bastion",
            user=person.user,
            address=person.address,
            port=dice.port(),
            until=at + 18 * MINUTE,
            method="password",
            typos=2,
        )
        yield Sudo(at=at + MINUTE, host="bastion", user=person.user, command="/usr/bin/apt update", seconds=9)


BACKUP_STORY = Story(
    id="N02-backup-at-night",
    kind=Kind.BENIGN,
    name="The nightly backup",
    about="`svc-backup` signs in to many servers between 02:30 and 04:00 and reads as root, as it does every night.",
    accounts=(BACKUP_ACCOUNT,),
    hosts=("app01", "backup", "bastion", "db01", "dc01", "files", "fs01", "gis01", "web01"),
    addresses=(HOST["backup"].address,),
    expected=("sign-in outside hours", "sudo to root by a newcomer", "one account on many hosts"),
)
"""The near miss that the actor `NightlyBackup` marks itself on one night."""


class NewEmployee(Planted):
    """The account of a new employee, made by the HR system in working hours."""

    story = Story(
        id="N03-new-employee",
        kind=Kind.BENIGN,
        name="A new employee's account, made by the HR system",
        about="`svc-hr` creates `permits91` at 10:00 on a working day and adds it to the department's group.",
        accounts=(HR_ACCOUNT, "permits91"),
        hosts=("dc01",),
        addresses=(HOST["app01"].address,),
        expected=("new privileged account", "sign-in outside hours"),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        at = stage.span.at(stage.span.working_day_before_end(3), 10) + dice.between(0, 59_999_999)
        yield DomainLogon(
            at=at,
            host="dc01",
            user=HR_ACCOUNT,
            logon_type=3,
            address=HOST["app01"].address,
            port=dice.port(),
            workstation="",
            until=at + MINUTE,
            domain_controller="dc01",
            fresh_ticket=True,
        )
        yield DomainAccountCreated(at=at + 2 * SECOND, host="dc01", user="permits91", by=HR_ACCOUNT)
        yield GroupMemberAdded(at=at + 4 * SECOND, host="dc01", user="permits91", group="Permits Staff", by=HR_ACCOUNT)


class VendorByDay(Planted):
    """A vendor in hours, from their own office."""

    story = Story(
        id="N04-vendor-by-day",
        kind=Kind.BENIGN,
        name="A vendor's visit in business hours",
        about="The water-meter vendor signs in at 10:15 on a working day from their own address.",
        accounts=(VENDORS[0].user,),
        hosts=("vpn01", "dc01", "dc02", VENDORS[0].server),
        addresses=(VENDORS[0].home, VENDORS[0].pool_address),
        expected=("sign-in outside hours",),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        at = stage.span.at(stage.span.working_day_before_end(1), 10, 15) + dice.between(0, 59_999_999)
        return visit(dice, VENDORS[0], at, 45)


class SoftwareUpdate(Planted):
    """A service that an update installs, from Program Files."""

    story = Story(
        id="N05-software-update",
        kind=Kind.BENIGN,
        name="A software update installs its service",
        about="The inventory agent's update installs a service under C:\\Program Files on two servers.",
        hosts=("app01", "fs01"),
        expected=("suspicious service installed",),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        at = stage.span.at(stage.span.day_before_end(3), 22, 10) + dice.between(0, 59_999_999)
        for host in self.story.hosts:
            yield ServiceInstalled(
                at=at,
                host=host,
                service="Port Alder Inventory Agent",
                image_path='"C:\\Program Files\\Port Alder\\Inventory\\agent.exe" --service',
                by="SYSTEM",
                start_type="auto start",
            )
            at += 40 * SECOND


class LocalServiceAccount(Planted):
    """An administrator makes a group and an account without a shell for a new service."""

    story = Story(
        id="N06-local-service-account",
        kind=Kind.BENIGN,
        name="An administrator makes a local service account",
        about="`adm-east` adds the group and the account `tiles` on the map server at 14:05 on a working day.",
        accounts=(ADMINS[2].user, "tiles"),
        hosts=("gis01",),
        addresses=(ADMINS[2].address,),
        expected=("new privileged account", "sudo to root by a newcomer", "sign-in outside hours"),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        person = ADMINS[2]
        at = stage.span.at(stage.span.working_day_before_end(3), 14, 5) + dice.between(0, 59_999_999)
        yield SshSession(
            at=at,
            host="gis01",
            user=person.user,
            address=person.address,
            port=dice.port(),
            until=at + 12 * MINUTE,
        )
        for seconds, command in (
            (60, "/usr/sbin/groupadd --gid 1401 tiles"),
            (90, "/usr/sbin/useradd --system --uid 1401 --gid 1401 --shell /usr/sbin/nologin tiles"),
        ):
            yield Sudo(at=at + seconds * SECOND, host="gis01", user=person.user, command=command)
        yield LocalGroupAdded(at=at + 60 * SECOND + 9000, host="gis01", group="tiles", gid=1401)
        yield LocalAccountAdded(
            at=at + 90 * SECOND + 9000,
            host="gis01",
            user="tiles",
            uid=1401,
            login_shell="/usr/sbin/nologin",
            with_group=False,
        )


class Hammering(Planted):
    """An address that hammers the bastion's root account for an hour and gets nowhere."""

    story = Story(
        id="B01-hammering",
        kind=Kind.BACKGROUND,
        name="Hammering from the Internet without success",
        about="One address tries root on the bastion for half an hour. It happens every week and leads nowhere.",
        techniques=("T1110.001",),
        accounts=("root",),
        hosts=("bastion",),
        addresses=("203.0.113.240",),
        expected=("brute force: many failed sign-ins from one address",),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        begin = stage.span.at(stage.span.day_before_end(6), 4, 10)
        for at in dice.times(70, begin, begin + 30 * MINUTE):
            yield SshFailure(
                at=at,
                host="bastion",
                user="root",
                address="203.0.113.240",
                port=dice.port(),
                known=True,
                tries=dice.between(1, 3),
                folded=True,
            )


class LockedOut(Planted):
    """Somebody back from holiday locks their own account."""

    story = Story(
        id="B02-locked-out",
        kind=Kind.BACKGROUND,
        name="An employee locks their own account after a holiday",
        about="`library01` mistypes six times at their own computer, is locked out, calls the helpdesk, and gets in.",
        accounts=("library01", HELPDESK[0].user),
        hosts=("dc01",),
        expected=("account locked out",),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        person = stage.inventory.person("library01")
        at = stage.span.at(stage.span.working_day_before_end(5), 8, 20) + dice.between(0, 59_999_999)
        for number in range(7):
            at += dice.between(6, 20) * SECOND if number < 6 else 12 * MINUTE
            yield TicketGrantingTicket(
                at=at, host="dc01", user=person.user, address=person.address, port=dice.port(), succeeds=number == 6
            )
            if number == 5:
                yield AccountLockedOut(at=at + SECOND, host="dc01", user=person.user, workstation=person.workstation)
                yield PasswordReset(at=at + 10 * MINUTE, host="dc01", user=person.user, by=HELPDESK[0].user)


NEAR_MISSES: tuple[type[Planted], ...] = (
    AdminMistypes,
    NewEmployee,
    VendorByDay,
    SoftwareUpdate,
    LocalServiceAccount,
)
WEATHER: tuple[type[Planted], ...] = (Hammering, LockedOut)
