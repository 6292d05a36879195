"""Cisco's messages in syslog: `%FACILITY-SEVERITY-MNEMONIC: text`, of ASA and PIX by number, of IOS and NX-OS by name.

In front of the percent sign IOS may write a sequence number, the device's own time and a colon. Messages of IOS: Cisco,
"System Message Guide"; command accounting: "archive log config" (PARSER-5-CFGLOG_LOGGEDCMD).
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import canonical_ip, put_source
from breachwatch.parse.programs import cisco_asa
from breachwatch.parse.programs.meaning import DEVICE, FIREWALL, Values, pattern

_MESSAGE: Final = re.compile(
    r"(?:[^%]{0,80}[ :])?%{1,2}(?P<facility>[A-Z][A-Z0-9_]{0,31})-(?:[A-Z0-9_]{1,31}-){0,2}?(?P<severity>[0-7])-"
    r"(?P<mnemonic>[A-Z0-9_]{1,64}):?\s*(?P<text>.*)",
    re.DOTALL,
)
_NUMBERED: Final = frozenset({"ASA", "PIX", "FTD", "FWSM"})

_ACCESS_LIST: Final = pattern(
    r"""
    list[ ](?P<rule>[^ ]+)[ ](?P<verb>denied|permitted)[ ](?P<protocol>\w+)[ ]
    (?P<a>[0-9A-Fa-f.:]+)(?:\((?P<a_port>\d+)\))?(?:[ ]\([^)]*\))?[ ]->[ ]
    (?P<b>[0-9A-Fa-f.:]+)(?:\((?P<b_port>\d+)\))?.*
    """
)
_LOGIN: Final = pattern(
    r"""
    Login[ ](?:Success|failed)[^\[]*\[user:[ ]?(?P<user>.*?)\][ ]\[Source:[ ](?P<address>[^\]]*)\]
    (?:[ ]\[localport:[ ](?P<port>\d+)\])?(?:[ ]\[Reason:[ ](?P<why>[^\]]*)\])?.*
    """
)
_CONFIGURED: Final = pattern(
    r"Configured[ ]from[ ][^ ]+[ ]by[ ](?P<user>.*?)(?:[ ]on[ ](?P<line>[^ ]+))?(?:[ ]\((?P<address>[^)]+)\))?"
)
_LOGGED: Final = pattern(r"User:(?P<user>.*?)[ ]+logged[ ]command:(?P<command>.*)")


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of a message that holds Cisco's mark; None where it holds none."""
    found = _MESSAGE.fullmatch(message)
    if found is None:
        return None
    facility, mnemonic, text = found["facility"], found["mnemonic"], found["text"]
    values["vendor"] = "cisco"
    values["message_id"] = f"{facility}-{found['severity']}-{mnemonic}"
    values["message"] = f"%{values['message_id']}: {text}"
    if facility in _NUMBERED:
        values["program"] = "asa"
        return cisco_asa.read(mnemonic, text, values, extra)
    values["program"] = "ios"
    return _read_ios(mnemonic, text, values, extra)


def _read_ios(mnemonic: str, text: str, values: Values, extra: Values) -> str:
    if mnemonic.startswith("IPACCESSLOG") and (found := _ACCESS_LIST.fullmatch(text)):
        denied = found["verb"] == "denied"
        values["action"] = actions.CONNECTION_BLOCKED if denied else actions.CONNECTION_ALLOWED
        values["rule"], values["protocol"] = found["rule"], found["protocol"].lower()
        put_source(values, extra, found["a"], found["a_port"])
        values["destination_ip"], values["destination_port"] = canonical_ip(found["b"]), found["b_port"]
        return FIREWALL
    if "LOGIN" in mnemonic and (found := _LOGIN.fullmatch(text)):
        failed = text.startswith("Login failed")
        values["action"], values["outcome"] = actions.LOGON, actions.FAILURE if failed else actions.SUCCESS
        values["user"], values["failure_reason"] = found["user"] or None, found["why"] if failed else None
        put_source(values, extra, found["address"])
    elif mnemonic in {"CONFIG_I", "CONFIG_P"} and (found := _CONFIGURED.fullmatch(text)):
        values["action"], values["user"] = actions.CONFIGURATION_CHANGED, found["user"]
        put_source(values, extra, found["address"])
    elif found := _LOGGED.fullmatch(text):
        values["action"], values["user"] = actions.COMMAND_RUN, found["user"].strip() or None
        values["command"] = found["command"].strip()
    return DEVICE
