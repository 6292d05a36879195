"""Applications that people run themselves and that tell of sign-ins in lines of text: one pattern each.

Sources: AdGuard Home internal/home/auth.go; Grafana pkg/services/contexthandler; Immich AuthService; Jellyfin
UserManager.cs; Magento's Admin log; Navidrome server/server.go; OpenPegasus cimserver; Perdition; Pterodactyl Wings
sftp/server.go; SABnzbd interface.py; Servarr (Sonarr, Radarr, Prowlarr, Lidarr) AuthenticationService.cs; Stirling PDF
CustomAuthenticationFailureHandler.java; TeamSpeak 3 server; Microsoft Exchange "Protocol logging", IMAP4 and POP3.

What counts as an attempt to sign in (`action = logon`): each line below. A group `taken` marks the patterns of sign-ins
that succeeded; the others tell of refused ones.
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, MessageReader, OwnLog, Values, pattern

_ADDRESS: Final = r"\[?(?P<address>[0-9A-Fa-f.:]{2,45})\]?"
_ENDPOINT: Final = r"\[?(?P<address>[0-9A-Fa-f.:]{2,45}?)\]?:(?P<port>\d{1,5})"

# By application: how its own log is known by what stands behind the time (empty where it only writes to syslog), and
# its lines about sign-ins.
_APPLICATIONS: Final = {
    "adguardhome": (
        r"\[\w{4,5}\] [A-Z]{3,7} [0-9A-Fa-f.:]{2,45} /control/",
        r"\[error\][ ][A-Z]{3,7}[ ](?:[^ ]{2,64}[ ]/control/login:[ ]from[ ]ip[ ])?"
        + _ADDRESS
        + r"(?:[ ]/control/login)?:[ ]invalid[ ]username[ ]or[ ]password",
    ),
    "cimserver": ("", r"PGS17200:[ ]Authentication[ ]failed[ ]for[ ]user[ ](?P<user>[^ ]{1,256}?)\.?"),
    "exchange": (
        r"[0-9A-F]{16},\d{1,9},",
        r"""
        [0-9A-F]{16},\d{1,9},[^,]{1,64},"""
        + _ENDPOINT
        + r""",(?P<user>[^,]{0,256}),\d{1,9},\d{1,9},\d{1,9},
        (?:authenticate|login|auth|pass),(?P<method>[\w-]{0,32})[^,]{0,512},
        .{0,512}?(?:(?P<taken>R=ok|"R=""\w{1,32}[ ]OK)|AuthFailed|NO[ ](?:AUTHENTICATE|LOGIN)[ ]failed).{0,1024}
        """,
    ),
    "grafana": (
        r"logger=\w{1,64} (?:userId|level|t)=|(?:.{0,256} )?logger=context ",
        r"(?:.{0,256}[ ])?logger=context[ ](?:.{0,256}[ ])?uname=(?P<user>[^ ]{0,256})[ ].{0,256}?"
        r'msg=(?:"Invalid[ ]username[ ]or[ ]password"|Unauthorized[ ]error="\[password-auth\.failed\])[ ]'
        r".{0,256}?remote_addr=" + _ADDRESS + r"(?:[ ].*)?",
    ),
    "immich": (
        r"(?:WARN|LOG|ERROR|DEBUG|VERBOSE) \[",
        r"WARN[ ]\[(?:\w{1,32}:)?AuthService\][ ]Failed[ ]login[ ]attempt[ ]for[ ]user[ ]"
        r"(?P<user>.{0,256})[ ]from[ ]ip[ ]address[ ]" + _ADDRESS,
    ),
    "jellyfin": (
        r"\[[A-Z]{3}\] \[\d{1,6}\] (?:Jellyfin|Emby|MediaBrowser)\.",
        r".{0,256}?Authentication[ ]request[ ]for[ ]\"?(?P<user>.{0,256}?)\"?[ ]has[ ]been[ ]"
        r"(?:denied|(?P<taken>succeeded))[ ]\(IP:[ ]\"?" + _ADDRESS + r"\"?\)\.?",
    ),
    "magento": (
        r"[\w-]{1,64}\.(?:INFO|WARNING|ERROR|CRITICAL|DEBUG): ",
        r"[\w-]{1,64}\.\w{1,16}:[ ]{1,2}.{0,64}?\"type\":\"ADMIN_LOGIN_FAILED\",\"ip\":\"" + _ADDRESS + r"\".*",
    ),
    "navidrome": (
        r"level=\w{4,7} msg=\"HTTP: ",
        r"level=warning[ ]msg=\"HTTP:[ ]POST[ ][^ \"]{1,512}/auth/login\"[ ].{0,256}?httpStatus=401[ ]"
        r"remoteAddr=" + _ADDRESS + r"(?:[ ].*)?",
    ),
    "perdition": (
        "",
        r"Auth:[ ]" + _ENDPOINT + r"->[^ ]{1,64}[ ].{0,256}?authentication_id=\"(?P<user>.{0,256}?)\"[ ].{0,512}?"
        r"status=\"(?:(?P<taken>ok)|failed:.{0,256}?)\".*",
    ),
    "pterodactyl-wings": (
        r"(?:failed to validate user credentials|.{0,256} subsystem=sftp)",
        r"failed[ ]to[ ]validate[ ]user[ ]credentials[ ]\([^()]{1,128}\)[ ]ip="
        + _ENDPOINT
        + r"[ ]subsystem=sftp[ ]username=(?P<user>.{0,256})",
    ),
    "sabnzbd": (
        r":(?:WARNING|INFO|ERROR|DEBUG)::\[\w{1,64}:\d{1,6}\] ",
        r":WARNING::\[\w{1,64}:\d{1,6}\][ ]Unsuccessful[ ]login[ ]attempt[ ]from[ ]" + _ADDRESS + r"(?:[ ].*)?",
    ),
    "servarr": (
        r"(?:Warn|Info|Error|Debug|Trace)\|\w{1,64}\|",
        r"\w{4,5}\|Auth\|Auth-(?:Failure|Unauthorized|(?P<taken>Success))[ ]ip[ ]"
        + _ADDRESS
        + r"[ ]username[ ]'(?P<user>.{0,256})'",
    ),
    "stirling-pdf": (
        r"[A-Z]{4,5} +[\w.]{1,128} \[[\w-]{1,64}\] ",
        r"[A-Z]{4,5}[ ]+[\w.]{1,128}\.CustomAuthenticationFailureHandler[ ]\[[\w-]{1,64}\][ ]"
        r"Failed[ ]login[ ]attempt[ ]from[ ]IP:[ ]" + _ADDRESS,
    ),
    "teamspeak": (
        r"(?:INFO|WARNING|ERROR|DEBUG) *\|\w{1,32} *\|",
        r"\w{1,8}[ ]*\|Query[ ]*\|[ \d]*\|query[ ]from[ ]\d{1,10}[ ]"
        + _ENDPOINT
        + r"[ ]attempted[ ]to[ ]login[ ]with[ ]account[ ]\"(?P<user>.{0,256})\"[ ]and[ ]failed!",
    ),
}


def _reader(service: str, form: re.Pattern[str]) -> MessageReader:
    def read(message: str, values: Values, extra: Values) -> str | None:
        found = form.fullmatch(message)
        if found is None:
            return SYSLOG
        fields = found.groupdict()
        taken = bool(fields.get("taken"))
        values["action"], values["service"] = actions.LOGON, service
        values["outcome"] = actions.SUCCESS if taken else actions.FAILURE
        values["user"], values["auth_method"] = fields.get("user") or None, (fields.get("method") or "").lower() or None
        if not taken:
            values["failure_reason"] = "authentication failure"
        put_source(values, extra, fields.get("address"), fields.get("port"))
        return AUTH

    return read


_NAMES: Final = {
    "servarr": ("sonarr", "radarr", "prowlarr", "lidarr", "readarr"),
    "perdition": ("perdition.imaps", "perdition.imap4", "perdition.imap4s", "perdition.pop3", "perdition.pop3s"),
    "teamspeak": ("ts3server",),
    "pterodactyl-wings": ("wings",),
    "exchange": (),
}
"""Further names under which they write to syslog."""

READERS: Final = {
    name: reader
    for service, (_, form) in _APPLICATIONS.items()
    for reader in (_reader(service, pattern(form)),)
    for name in (service, *_NAMES.get(service, ()))
}
OWN_LOGS: Final = tuple(OwnLog(service, re.compile(sign)) for service, (sign, _) in _APPLICATIONS.items() if sign)
