"""What runs by itself: cron, timers, monitoring, the nightly backup, upgrades and their reboots, service accounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import (
    CronJob,
    DomainLogon,
    Happening,
    Reboot,
    ServiceTicket,
    SshSession,
    Sudo,
    UnitRun,
    WebRequest,
)
from breachwatch.simulate.inventory import BACKUP_ACCOUNT, HOST, LINUX, MONITOR_ACCOUNT, WINDOWS, Host
from breachwatch.simulate.span import DAY, MINUTE, SECOND
from breachwatch.simulate.timeline import Daily, Hour, Hourly, Stage

_WEDNESDAY, _THURSDAY = 3, 4
_TIMERS = (
    (0, "logrotate.service", "Rotate log files"),
    (1, "man-db.service", "Daily man-db regeneration"),
    (5, "e2scrub_all.service", "Online ext4 Metadata Check for All Filesystems"),
    (12, "apt-daily.service", "Daily apt download activities"),
    (18, "systemd-tmpfiles-clean.service", "Cleanup of Temporary Directories"),
)
# The service accounts under which services of the Windows servers run.
_RUNS_AS = {
    "dc01": ("svc-sync",),
    "dc02": ("svc-sync",),
    "fs01": ("svc-scan", "svc-archive"),
    "app01": ("svc-sql", "svc-billing", "svc-meter"),
    "rds01": ("svc-report",),
}
_NIGHTLY_COPIES = ("web01", "db01", "gis01", "files", "bastion")


class Cron(Hourly):
    """The crontab of one Linux host."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.name = f"cron/{host.name}"

    def hour(self, now: Hour) -> Iterable[Happening]:
        start, dice = now.start, now.dice
        host = self.host.name
        for minute in (5, 25, 45):
            at = start + minute * MINUTE + SECOND + dice.between(0, 300_000)
            yield CronJob(at=at, host=host, user="root", command="command -v debian-sa1 > /dev/null && debian-sa1 1 1")
        at = start + 17 * MINUTE + SECOND + dice.between(0, 300_000)
        yield CronJob(at=at, host=host, user="root", command="cd / && run-parts --report /etc/cron.hourly")
        if now.of_day == 6:
            at = start + 25 * MINUTE + SECOND + 400_000
            command = "test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )"
            yield CronJob(at=at, host=host, user="root", command=command, seconds=dice.between(2, 90))


class Timers(Daily):
    """systemd's daily timers, unattended upgrades, and the reboot on patch night (Wednesdays)."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.name = f"timers/{host.name}"

    def day(self, stage: Stage, day: date, dice: Dice) -> Iterable[Happening]:
        host = self.host.name
        for hour, unit, about in _TIMERS:
            at = stage.span.at(day, hour, 3) + dice.between(0, 40 * 60) * SECOND
            yield UnitRun(at=at, host=host, unit=unit, about=about, seconds=dice.between(1, 30))
        at = stage.span.at(day, 4, 5) + dice.between(0, 30 * 60) * SECOND
        seconds = dice.between(20, 200)
        yield UnitRun(
            at=at,
            host=host,
            unit="apt-daily-upgrade.service",
            about="Daily apt upgrade and clean activities",
            seconds=seconds,
        )
        if day.isoweekday() == _WEDNESDAY and dice.chance(600):
            yield Reboot(at=stage.span.at(day, 4, 45) + dice.between(0, 10) * MINUTE, host=host, seconds=60)


class WindowsPatches(Daily):
    """The Thursday night reboot of one Windows server, after which its services sign in again."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.name = f"patches/{host.name}"

    def day(self, stage: Stage, day: date, dice: Dice) -> Iterable[Happening]:
        if day.isoweekday() == _THURSDAY:
            at = stage.span.at(day, 22, 30) + dice.between(0, 40) * MINUTE
            seconds = dice.between(90, 240)
            yield Reboot(at=at, host=self.host.name, seconds=seconds)
            for number, user in enumerate(_RUNS_AS[self.host.name]):
                start = at + (seconds + 20 + number) * SECOND
                yield DomainLogon(
                    at=start,
                    host=self.host.name,
                    user=user,
                    logon_type=5,
                    address="",
                    port=0,
                    workstation="",
                    until=at + 7 * DAY,
                    domain_controller="dc01",
                    elevated=True,
                )


class Monitoring(Hourly):
    """Looks at every Linux host once an hour and at the web site every five minutes."""

    name = "monitoring"

    def hour(self, now: Hour) -> Iterable[Happening]:
        start, dice = now.start, now.dice
        address = HOST["mon01"].address
        for number, host in enumerate(LINUX):
            at = start + (7 + number) * MINUTE + dice.between(0, 2_000_000)
            yield SshSession(
                at=at, host=host.name, user=MONITOR_ACCOUNT, address=address, port=dice.port(), until=at + 2 * SECOND
            )
        for minute in range(0, 60, 5):
            at = start + minute * MINUTE + 12 * SECOND + dice.between(0, 900_000)
            yield WebRequest(
                at=at,
                host="web01",
                address=address,
                method="GET",
                path="/health",
                status=200,
                size=17,
                agent="portalder-monitor/2.1",
            )


class NightlyBackup(Daily):
    """At 02:30 the backup server fetches from every Linux host, at 03:00 from the Windows file server."""

    name = "backup"

    def __init__(self, mark: str = "", marked_back: int = 0) -> None:
        self._mark = mark
        self._marked_back = marked_back  # which of the last days carries the mark

    def day(self, stage: Stage, day: date, dice: Dice) -> Iterable[Happening]:
        mark = self._mark if self._mark and day == stage.span.day_before_end(self._marked_back) else ""
        address = HOST["backup"].address
        begin = stage.span.at(day, 2, 30) + SECOND
        yield CronJob(
            at=begin,
            host="backup",
            user=BACKUP_ACCOUNT,
            command="/usr/local/bin/fetch-all --quiet",
            seconds=dice.between(3000, 4000),
            mark=mark,
        )
        at = begin + 5 * SECOND
        for host in _NIGHTLY_COPIES:
            minutes = dice.between(3, 9)
            yield SshSession(
                at=at,
                host=host,
                user=BACKUP_ACCOUNT,
                address=address,
                port=dice.port(),
                until=at + minutes * MINUTE,
                mark=mark,
            )
            command = "/usr/bin/rsync --server --sender -logDtpre.iLsfxCIvu . /etc /srv"
            yield Sudo(
                at=at + 2 * SECOND,
                host=host,
                user=BACKUP_ACCOUNT,
                command=command,
                seconds=minutes * 60 - 10,
                mark=mark,
            )
            at += (minutes + 1) * MINUTE
        at = stage.span.at(day, 3, 15) + dice.between(0, 59) * SECOND
        for host in ("fs01", "app01"):
            yield DomainLogon(
                at=at,
                host=host,
                user=BACKUP_ACCOUNT,
                logon_type=3,
                address=address,
                port=dice.port(),
                workstation="",
                until=at + dice.between(10, 30) * MINUTE,
                domain_controller="dc01",
                fresh_ticket=True,
                elevated=True,
                mark=mark,
            )
            at += 20 * MINUTE


class ServiceAccounts(Hourly):
    """Applications that sign in to other servers by themselves, round the clock."""

    name = "service-accounts"

    def hour(self, now: Hour) -> Iterable[Happening]:
        start, dice = now.start, now.dice
        for user, host, origin in (("svc-billing", "fs01", "app01"), ("svc-report", "app01", "rds01")):
            at = start + dice.between(0, 3599) * SECOND
            yield DomainLogon(
                at=at,
                host=host,
                user=user,
                logon_type=3,
                address=HOST[origin].address,
                port=dice.port(),
                workstation="",
                until=at + dice.between(20, 400) * SECOND,
                domain_controller="dc01",
            )
        for server in WINDOWS:  # every server renews its policy
            controller = "dc02" if server.name == "dc01" else "dc01"
            at = start + dice.between(0, 3599) * SECOND
            yield DomainLogon(
                at=at,
                host=controller,
                user=f"{server.name.upper()}$",
                logon_type=3,
                address=server.address,
                port=dice.port(),
                workstation="",
                until=at + 40 * SECOND,
                domain_controller=controller,
            )
        if dice.chance(150):  # one old service still speaks RC4 only
            at = start + dice.between(0, 3599) * SECOND
            yield ServiceTicket(
                at=at,
                host="dc01",
                user="svc-billing",
                service="svc-print",
                address=HOST["app01"].address,
                port=dice.port(),
                encryption="0x17",
            )
