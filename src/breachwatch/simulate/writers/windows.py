"""What Windows servers and domain controllers write to their Security and System logs."""

from __future__ import annotations

from collections.abc import Mapping

from breachwatch.simulate import happenings as h
from breachwatch.simulate.inventory import DOMAIN, Host
from breachwatch.simulate.span import MILLISECOND, SECOND
from breachwatch.simulate.writers import windows_fields as fields
from breachwatch.simulate.writers.counters import Counters
from breachwatch.simulate.writers.logfile import LogFile
from breachwatch.simulate.writers.windows_fields import DOMAIN_SID, NOBODY, SYSTEM_SID, Fields, Who
from breachwatch.simulate.writers.windows_render import (
    AUDIT_FAILURE,
    AUDIT_SUCCESS,
    CLASSIC,
    CLASSIC_EVENTLOG,
    EVENTLOG,
    SECURITY_AUDITING,
    SERVICE_CONTROL,
    WindowsEvent,
)

# The "Task" (audit subcategory) that Windows writes with each event id.
_TASKS = {
    4624: 12544,
    4625: 12544,
    4648: 12544,
    4634: 12545,
    4672: 12548,
    4688: 13312,
    4720: 13824,
    4722: 13824,
    4724: 13824,
    4740: 13824,
    4728: 13826,
    4732: 13826,
    4776: 14336,
    4769: 14337,
    4768: 14339,
    4771: 14339,
}
_VERSIONS = {4624: 2, 4688: 2}
_LOG_CLEARED_TASK = 104


class WindowsHost:
    """Writes one Windows host's Security and System logs."""

    def __init__(self, host: Host, rids: Mapping[str, int], security: LogFile, system: LogFile) -> None:
        self._host = host
        self._rids = rids
        self._security = security
        self._system = system
        self._count = Counters(host.name)
        self._sessions: dict[str, str] = {}  # the last logon id of each account here: what it acts from

    def who(self, user: str) -> Who:
        """The account as this host's events name it, acting from its latest session here."""
        if user == "SYSTEM":
            return Who(SYSTEM_SID, f"{self._host.name.upper()}$", DOMAIN, "0x3e7")
        rid = self._rids.get(user) or 5000 + sum(user.encode())
        return Who(f"{DOMAIN_SID}-{rid}", user, DOMAIN, self._sessions.get(user, "0x3e5a1"))

    def _audit(self, at: int, mark: str, event_id: int, data: Fields, keywords: str = AUDIT_SUCCESS) -> None:
        version = _VERSIONS.get(event_id, 0)
        event = WindowsEvent(
            event_id, SECURITY_AUDITING, "Security", _TASKS[event_id], data, keywords=keywords, version=version
        )
        self._security.add(at, event, mark)

    def logon(self, e: h.DomainLogon) -> None:
        logon_id = self._count.logon_id()
        self._sessions[e.user] = logon_id
        who = self.who(e.user)
        subject = NOBODY if e.logon_type == 3 else self.who("SYSTEM")
        data = fields.logon(who, subject, e.logon_type, e.address, e.port, e.workstation, e.ntlm)
        at = e.at + 20 * MILLISECOND
        if e.elevated:
            privileges: Fields = {**who.subject(), "PrivilegeList": fields.PRIVILEGES}
            self._audit(at + MILLISECOND, e.mark, 4672, privileges)
        self._audit(at, e.mark, 4624, data)
        gone: Fields = {
            "TargetUserSid": who.sid,
            "TargetUserName": who.name,
            "TargetDomainName": DOMAIN,
            "TargetLogonId": logon_id,
            "LogonType": e.logon_type,
        }
        self._audit(max(e.until, at + SECOND), e.mark, 4634, gone)

    def logon_failure(self, e: h.DomainLogonFailure) -> None:
        data = fields.logon_failure(e.user, e.logon_type, e.address, e.port, e.workstation, e.reason)
        self._audit(e.at + 20 * MILLISECOND, e.mark, 4625, data, AUDIT_FAILURE)

    def ticket_granting_ticket(self, e: h.TicketGrantingTicket) -> None:
        who = self.who(e.user)
        if e.succeeds:
            self._audit(e.at, e.mark, 4768, fields.ticket_granting_ticket(who, e.address, e.port))
        else:
            self._audit(e.at, e.mark, 4771, fields.preauthentication_failed(who, e.address, e.port), AUDIT_FAILURE)

    def service_ticket(self, e: h.ServiceTicket) -> None:
        data = fields.service_ticket(e.user, self.who(e.service), e.address, e.port, e.encryption)
        self._audit(e.at, e.mark, 4769, data)

    def credential_check(self, at: int, mark: str, user: str, workstation: str, status: str) -> None:
        """4776 on a domain controller; status 0x0 is a right password."""
        keywords = AUDIT_SUCCESS if status == "0x0" else AUDIT_FAILURE
        self._audit(at, mark, 4776, fields.credential_check(user, workstation, status), keywords)

    def explicit_credentials(self, e: h.ExplicitCredentials) -> None:
        data = {
            **self.who(e.user).subject(),
            "LogonGuid": fields.guid(e.user, e.at),
            "TargetUserName": e.target_user,
            "TargetDomainName": DOMAIN,
            "TargetLogonGuid": fields.guid(e.target_user, e.at),
            "TargetServerName": e.server,
            "TargetInfo": e.server,
            "ProcessId": "0x9d0",
            "ProcessName": e.process,
            "IpAddress": "-",
            "IpPort": "-",
        }
        self._audit(e.at, e.mark, 4648, data)

    def process_started(self, e: h.ProcessStarted) -> None:
        pid = 0x1000 + self._count.pid() % 0x4000 * 4
        self._audit(
            e.at, e.mark, 4688, fields.process_started(self.who(e.user), pid, e.image, e.command_line, e.parent)
        )

    def account_created(self, e: h.DomainAccountCreated) -> None:
        who, by = self.who(e.user), self.who(e.by)
        self._audit(e.at, e.mark, 4720, fields.account_created(who, by))
        self._audit(e.at + 12 * MILLISECOND, e.mark, 4722, fields.account_touched(who, by))
        self._audit(e.at + 15 * MILLISECOND, e.mark, 4724, fields.account_touched(who, by))

    def member_added(self, e: h.GroupMemberAdded) -> None:
        data = fields.member_added(self.who(e.user), e.group, self.who(e.by), local=e.local)
        self._audit(e.at, e.mark, 4732 if e.local else 4728, data)

    def password_reset(self, e: h.PasswordReset) -> None:
        self._audit(e.at, e.mark, 4724, fields.account_touched(self.who(e.user), self.who(e.by)))

    def locked_out(self, e: h.AccountLockedOut) -> None:
        who = self.who(e.user)
        data = {
            "TargetUserName": who.name,
            "TargetDomainName": e.workstation,  # here Windows names the calling computer
            "TargetSid": who.sid,
            **self.who("SYSTEM").subject(),
        }
        self._audit(e.at, e.mark, 4740, data)

    def log_cleared(self, e: h.EventLogCleared) -> None:
        by = self.who(e.by)
        security = e.channel == "Security"
        data: dict[str, str | int] = {"SubjectUserName": by.name, "SubjectDomainName": by.domain}
        if security:
            data = dict(by.subject())
        else:
            data |= {"Channel": e.channel, "BackupPath": ""}
        event = WindowsEvent(
            1102 if security else 104,
            EVENTLOG,
            e.channel,
            _LOG_CLEARED_TASK,
            data,
            keywords="0x4020000000000000" if security else "0x8000000000000000",
            level=4,
            user_sid="" if security else by.sid,
            log_cleared=True,
        )
        (self._security if security else self._system).add(e.at, event, e.mark)

    def service_installed(self, e: h.ServiceInstalled) -> None:
        data = {
            "ServiceName": e.service,
            "ImagePath": e.image_path,
            "ServiceType": "user mode service",
            "StartType": e.start_type,
            "AccountName": "LocalSystem",
        }
        event = WindowsEvent(
            7045,
            SERVICE_CONTROL,
            "System",
            0,
            data,
            keywords="0x8080000000000000",
            level=4,
            qualifiers=16384,
            user_sid=self.who(e.by).sid,
        )
        self._system.add(e.at, event, e.mark)

    def reboot(self, e: h.Reboot) -> None:
        for at, event_id in ((e.at, 6006), (e.at + e.seconds * SECOND, 6005)):
            event = WindowsEvent(
                event_id, CLASSIC_EVENTLOG, "System", 0, {}, keywords=CLASSIC, level=4, qualifiers=32768, process_id=0
            )
            self._system.add(at, event, e.mark)
        self._sessions.clear()
