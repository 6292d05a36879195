"""All logs of the city: each happening goes to the hosts that see it, each host writes in its own format."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from breachwatch.simulate import happenings as h
from breachwatch.simulate.inventory import LINUX, WINDOWS, Host, Inventory
from breachwatch.simulate.span import MILLISECOND, MINUTE, Span
from breachwatch.simulate.truth import Truth
from breachwatch.simulate.writers.appliances import CombinedFormat, Firewall, VpnGateway, WebServer
from breachwatch.simulate.writers.linux import LinuxHost
from breachwatch.simulate.writers.logfile import LogFile, Render
from breachwatch.simulate.writers.syslog import Journal, Rfc3164, Rfc5424
from breachwatch.simulate.writers.windows import WindowsHost
from breachwatch.simulate.writers.windows_render import as_json, as_xml

_FIRST_UID = 1001
_FIRST_RID = 1105
_FIRST_CLIENT_PORT, _LAST_PORT = 49152, 65535
_BAD_PASSWORD, _NO_SUCH_USER = "0xc000006a", "0xc0000064"


class CityLogs:
    """Opens every log under `folder`, writes happenings to them, and closes them."""

    def __init__(self, folder: Path, span: Span, inventory: Inventory, truth: Truth) -> None:
        self._folder = folder
        self._span = span
        self._truth = truth
        self._settled = span.start
        self.logs: list[LogFile] = []
        accounts = inventory.accounts()
        uids = {user: _FIRST_UID + number for number, user in enumerate(accounts)}
        rids = {user: _FIRST_RID + number for number, user in enumerate(accounts)}
        self._linux = {host.name: self._linux_host(host, uids) for host in LINUX}
        self._windows = {host.name: self._windows_host(host, rids) for host in WINDOWS}
        self._firewall = Firewall(self._log("fw01/firewall.log", Rfc3164("fw01", span), weekly=True))
        self._vpn = VpnGateway(self._log("vpn01/openvpn.log", Rfc3164("vpn01", span), weekly=True))
        self._web = WebServer(self._log("web01/access.log", CombinedFormat(span), weekly=True))
        self._handlers = self._table()

    def write(self, happening: h.Happening) -> None:
        """Write the lines of one happening. Happenings come in order of time."""
        if happening.at - self._settled >= MINUTE:
            for log in self.logs:
                log.settle(happening.at)
            self._settled = happening.at
        self._handlers[type(happening)](happening)

    def close(self) -> None:
        """Finish all files: what would be written after the span's end has not happened yet."""
        for log in self.logs:
            log.close(self._span.end)

    def _log(self, path: str, render: Render, *, weekly: bool = False) -> LogFile:
        log = LogFile(self._folder, f"logs/{path}", render, self._truth, self._span.rotations() if weekly else ())
        self.logs.append(log)
        return log

    def _linux_host(self, host: Host, uids: dict[str, int]) -> LinuxHost:
        if "journal" in host.logs:
            journal = self._log(f"{host.name}/journal.jsonl", Journal(host.name, host.address, self._span))
            return LinuxHost(host, uids, journal, journal)
        auth = self._log(f"{host.name}/auth.log", Rfc3164(host.name, self._span), weekly=True)
        old = "syslog-3164" in host.logs
        style: Render = Rfc3164(host.name, self._span) if old else Rfc5424(host.name, self._span)
        return LinuxHost(host, uids, auth, self._log(f"{host.name}/syslog", style, weekly=True))

    def _windows_host(self, host: Host, rids: dict[str, int]) -> WindowsHost:
        xml = "windows-xml" in host.logs
        render = partial(as_xml if xml else as_json, host=host.name)
        ending = "xml" if xml else "jsonl"
        security = self._log(f"{host.name}/Security.{ending}", render)
        return WindowsHost(host, rids, security, self._log(f"{host.name}/System.{ending}", render))

    def _table(self) -> dict[type[h.Happening], Callable[[Any], None]]:
        def on_linux(method: Callable[[LinuxHost, Any], None]) -> Callable[[Any], None]:
            return lambda e: method(self._linux[e.host], e)

        def on_windows(method: Callable[[WindowsHost, Any], None]) -> Callable[[Any], None]:
            return lambda e: method(self._windows[e.host], e)

        return {
            h.SshFailure: on_linux(LinuxHost.ssh_failure),
            h.SshSession: on_linux(LinuxHost.ssh_session),
            h.Sudo: on_linux(LinuxHost.sudo),
            h.Su: on_linux(LinuxHost.su),
            h.CronJob: on_linux(LinuxHost.cron_job),
            h.CrontabReplaced: on_linux(LinuxHost.crontab_replaced),
            h.LocalAccountAdded: on_linux(LinuxHost.account_added),
            h.LocalGroupAdded: on_linux(LinuxHost.group_added),
            h.LocalGroupJoined: on_linux(LinuxHost.group_joined),
            h.LocalPasswordSet: on_linux(LinuxHost.password_set),
            h.UnitRun: on_linux(LinuxHost.unit_run),
            h.WebRequest: self._web.request,
            h.Packet: self._packet,
            h.Reboot: self._reboot,
            h.VpnProbe: self._vpn.probe,
            h.VpnFailure: self._vpn_failure,
            h.VpnSession: self._vpn_session,
            h.DomainLogon: self._domain_logon,
            h.DomainLogonFailure: self._domain_logon_failure,
            h.TicketGrantingTicket: on_windows(WindowsHost.ticket_granting_ticket),
            h.ServiceTicket: on_windows(WindowsHost.service_ticket),
            h.ExplicitCredentials: on_windows(WindowsHost.explicit_credentials),
            h.ProcessStarted: on_windows(WindowsHost.process_started),
            h.DomainAccountCreated: on_windows(WindowsHost.account_created),
            h.GroupMemberAdded: on_windows(WindowsHost.member_added),
            h.PasswordReset: on_windows(WindowsHost.password_reset),
            h.AccountLockedOut: on_windows(WindowsHost.locked_out),
            h.EventLogCleared: on_windows(WindowsHost.log_cleared),
            h.ServiceInstalled: on_windows(WindowsHost.service_installed),
        }

    def _packet(self, e: h.Packet) -> None:
        self._linux[e.host].packet(e) if e.host in self._linux else self._firewall.packet(e)

    def _reboot(self, e: h.Reboot) -> None:
        self._linux[e.host].reboot(e) if e.host in self._linux else self._windows[e.host].reboot(e)

    def _vpn_failure(self, e: h.VpnFailure) -> None:
        self._vpn.failure(e)
        status = _BAD_PASSWORD if e.known else _NO_SUCH_USER
        controller = self._windows[e.domain_controller]
        controller.credential_check(e.at + 240 * MILLISECOND, e.mark, e.user, "VPN01", status)

    def _vpn_session(self, e: h.VpnSession) -> None:
        self._vpn.session(e)
        controller = self._windows[e.domain_controller]
        controller.credential_check(e.at + 240 * MILLISECOND, e.mark, e.user, "VPN01", "0x0")

    def _domain_logon(self, e: h.DomainLogon) -> None:
        """The sign-in on its host, and before it what the domain controller saw of it."""
        controller = self._windows[e.domain_controller]
        if e.ntlm:
            controller.credential_check(e.at, e.mark, e.user, e.workstation, "0x0")
        elif e.address:
            self._kerberos(e)
        self._windows[e.host].logon(e)

    def _kerberos(self, e: h.DomainLogon) -> None:
        controller = self._windows[e.domain_controller]
        if e.fresh_ticket:
            granting = h.TicketGrantingTicket(
                at=e.at, host=e.domain_controller, mark=e.mark, user=e.user, address=e.address, port=e.port
            )
            controller.ticket_granting_ticket(granting)
        ticket = h.ServiceTicket(
            at=e.at + 8 * MILLISECOND,
            host=e.domain_controller,
            mark=e.mark,
            user=e.user,
            service=f"{e.host.upper()}$",
            address=e.address,
            port=e.port + 1 if e.port < _LAST_PORT else _FIRST_CLIENT_PORT,
        )
        controller.service_ticket(ticket)

    def _domain_logon_failure(self, e: h.DomainLogonFailure) -> None:
        status = {"bad password": _BAD_PASSWORD, "no such user": _NO_SUCH_USER}.get(e.reason, "0xc0000234")
        self._windows[e.domain_controller].credential_check(e.at, e.mark, e.user, e.workstation, status)
        self._windows[e.host].logon_failure(e)
