"""The fields of Windows Security and System events, in the order in which Windows writes them.

Field names and codes as in Microsoft's "Advanced security auditing" reference for each event id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from breachwatch.simulate.inventory import DOMAIN, REALM
from breachwatch.simulate.writers.windows_render import Value

Fields = Mapping[str, Value]

DOMAIN_SID = "S-1-5-21-1004336348-1177238915-682003330"
SYSTEM_SID, NOBODY_SID = "S-1-5-18", "S-1-0-0"
# Well-known SIDs (MS-DTYP section 2.4.2.4).
GROUP_SIDS = {"Domain Admins": f"{DOMAIN_SID}-512", "Remote Desktop Users": "S-1-5-32-555"}
_FIRST_GROUP_RID = 1900

# (status, substatus, failure reason) of event 4625; NTSTATUS values (MS-ERREF section 2.3.1).
REFUSALS = {
    "bad password": ("0xc000006d", "0xc000006a", "%%2313"),
    "no such user": ("0xc000006d", "0xc0000064", "%%2313"),
    "locked out": ("0xc0000234", "0x0", "%%2307"),
}
PRIVILEGES = "\r\n\t\t\t".join(
    (
        *("SeSecurityPrivilege", "SeBackupPrivilege", "SeRestorePrivilege", "SeTakeOwnershipPrivilege"),
        *("SeDebugPrivilege", "SeSystemEnvironmentPrivilege", "SeLoadDriverPrivilege", "SeImpersonatePrivilege"),
    )
)


def guid(*parts: object) -> str:
    """A made-up GUID, the same for the same parts."""
    text = hashlib.sha256(" ".join(str(part) for part in parts).encode()).hexdigest()[:32].upper()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@dataclass(frozen=True, slots=True)
class Who:
    """An account as events name it: SID, name, domain, and the id of the session it acts from."""

    sid: str
    name: str
    domain: str
    logon_id: str = "0x0"

    def subject(self) -> dict[str, Value]:
        return {
            "SubjectUserSid": self.sid,
            "SubjectUserName": self.name,
            "SubjectDomainName": self.domain,
            "SubjectLogonId": self.logon_id,
        }


NOBODY = Who(NOBODY_SID, "-", "-")


def group_sid(group: str) -> str:
    """The group's SID: a well-known one, or made up."""
    return GROUP_SIDS.get(group) or f"{DOMAIN_SID}-{_FIRST_GROUP_RID + sum(group.encode()) % 97}"


def logon(who: Who, subject: Who, logon_type: int, address: str, port: int, workstation: str, ntlm: bool) -> Fields:
    """4624, an account was signed in."""
    package = "NTLM" if ntlm else ("Kerberos" if logon_type == 3 else "Negotiate")
    process = {2: "User32 ", 3: "NtLmSsp " if ntlm else "Kerberos", 5: "Advapi  ", 10: "User32 "}.get(logon_type, "")
    return {
        **subject.subject(),
        "TargetUserSid": who.sid,
        "TargetUserName": who.name,
        "TargetDomainName": REALM if package == "Kerberos" else DOMAIN,
        "TargetLogonId": who.logon_id,
        "LogonType": logon_type,
        "LogonProcessName": process,
        "AuthenticationPackageName": package,
        "WorkstationName": workstation or "-",
        "LogonGuid": "00000000-0000-0000-0000-000000000000" if ntlm else guid(who.name, who.logon_id),
        "TransmittedServices": "-",
        "LmPackageName": "NTLM V2" if ntlm else "-",
        "KeyLength": 128 if ntlm else 0,
        "ProcessId": "0x0" if logon_type == 3 else "0x3c8",
        "ProcessName": "-" if logon_type == 3 else "C:\\Windows\\System32\\svchost.exe",
        "IpAddress": address or "-",
        "IpPort": str(port) if address else "-",
        "ImpersonationLevel": "%%1833",
        "RestrictedAdminMode": "-",
        "TargetOutboundUserName": "-",
        "TargetOutboundDomainName": "-",
        "VirtualAccount": "%%1843",
        "TargetLinkedLogonId": "0x0",
        "ElevatedToken": "%%1842",
    }


def logon_failure(user: str, logon_type: int, address: str, port: int, workstation: str, reason: str) -> Fields:
    """4625, an account failed to sign in. Type 8 is a password handed to the server in clear, by a web portal."""
    status, substatus, why = REFUSALS[reason]
    portal = logon_type == 8
    return {
        **NOBODY.subject(),
        "TargetUserSid": NOBODY_SID,
        "TargetUserName": user,
        "TargetDomainName": DOMAIN,
        "Status": status,
        "FailureReason": why,
        "SubStatus": substatus,
        "LogonType": logon_type,
        "LogonProcessName": "Advapi  " if portal else "NtLmSsp ",
        "AuthenticationPackageName": "Negotiate" if portal else "NTLM",
        "WorkstationName": workstation or "-",
        "TransmittedServices": "-",
        "LmPackageName": "-",
        "KeyLength": 0,
        "ProcessId": "0x1a2c" if portal else "0x0",
        "ProcessName": "C:\\Windows\\System32\\inetsrv\\w3wp.exe" if portal else "-",
        "IpAddress": address or "-",
        "IpPort": str(port) if address else "-",
    }


def ticket_granting_ticket(who: Who, address: str, port: int) -> Fields:
    """4768, a Kerberos ticket-granting ticket was requested."""
    return {
        "TargetUserName": who.name,
        "TargetDomainName": DOMAIN,
        "TargetSid": who.sid,
        "ServiceName": "krbtgt",
        "ServiceSid": f"{DOMAIN_SID}-502",
        "TicketOptions": "0x40810010",
        "Status": "0x0",
        "TicketEncryptionType": "0x12",
        "PreAuthType": "2",
        "IpAddress": f"::ffff:{address}",
        "IpPort": str(port),
        "CertIssuerName": "",
        "CertSerialNumber": "",
        "CertThumbprint": "",
    }


def preauthentication_failed(who: Who, address: str, port: int) -> Fields:
    """4771, Kerberos pre-authentication failed; status 0x18 is a wrong password (RFC 4120 section 7.5.9)."""
    return {
        "TargetUserName": who.name,
        "TargetSid": who.sid,
        "ServiceName": f"krbtgt/{DOMAIN}",
        "TicketOptions": "0x40810010",
        "Status": "0x18",
        "PreAuthType": "2",
        "IpAddress": f"::ffff:{address}",
        "IpPort": str(port),
        "CertIssuerName": "",
        "CertSerialNumber": "",
        "CertThumbprint": "",
    }


def service_ticket(user: str, service: Who, address: str, port: int, encryption: str) -> Fields:
    """4769, a Kerberos service ticket was requested."""
    return {
        "TargetUserName": f"{user}@{REALM}",
        "TargetDomainName": REALM,
        "ServiceName": service.name,
        "ServiceSid": service.sid,
        "TicketOptions": "0x40810000",
        "TicketEncryptionType": encryption,
        "IpAddress": f"::ffff:{address}",
        "IpPort": str(port),
        "Status": "0x0",
        "LogonGuid": guid("ticket", user, service.name, port),
        "TransmittedServices": "-",
    }


def credential_check(user: str, workstation: str, status: str) -> Fields:
    """4776, the domain controller checked a password over NTLM."""
    return {
        "PackageName": "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0",
        "TargetUserName": user,
        "Workstation": workstation,
        "Status": status,
    }


def account_created(who: Who, by: Who) -> Fields:
    """4720, a user account was created."""
    return {
        "TargetUserName": who.name,
        "TargetDomainName": DOMAIN,
        "TargetSid": who.sid,
        **by.subject(),
        "PrivilegeList": "-",
        "SamAccountName": who.name,
        "DisplayName": who.name,
        "UserPrincipalName": f"{who.name}@{REALM.lower()}",
        "HomeDirectory": "-",
        "HomePath": "-",
        "ScriptPath": "-",
        "ProfilePath": "-",
        "UserWorkstations": "-",
        "PasswordLastSet": "%%1794",
        "AccountExpires": "%%1794",
        "PrimaryGroupId": "513",
        "AllowedToDelegateTo": "-",
        "OldUacValue": "0x0",
        "NewUacValue": "0x15",
        "UserAccountControl": "\r\n\t\t%%2080\r\n\t\t%%2082\r\n\t\t%%2084",
        "UserParameters": "-",
        "SidHistory": "-",
        "LogonHours": "%%1793",
    }


def account_touched(who: Who, by: Who) -> Fields:
    """4722 (enabled) and 4724 (password reset)."""
    return {"TargetUserName": who.name, "TargetDomainName": DOMAIN, "TargetSid": who.sid, **by.subject()}


def member_added(who: Who, group: str, by: Who, *, local: bool) -> Fields:
    """4728 (global group) and 4732 (local group): a member was added."""
    return {
        "MemberName": f"CN={who.name},OU=Accounts,DC=portalder,DC=example",
        "MemberSid": who.sid,
        "TargetUserName": group,
        "TargetDomainName": "Builtin" if local else DOMAIN,
        "TargetSid": group_sid(group),
        **by.subject(),
        "PrivilegeList": "-",
    }


def process_started(by: Who, pid: int, image: str, command_line: str, parent: str) -> Fields:
    """4688, a process was created (version 2, with command line)."""
    return {
        **by.subject(),
        "NewProcessId": f"0x{pid:x}",
        "NewProcessName": image,
        "TokenElevationType": "%%1936",
        "ProcessId": f"0x{pid - 0x1F4:x}",
        "CommandLine": command_line,
        "TargetUserSid": NOBODY_SID,
        "TargetUserName": "-",
        "TargetDomainName": "-",
        "TargetLogonId": "0x0",
        "ParentProcessName": parent,
        "MandatoryLabel": "S-1-16-12288",
    }
