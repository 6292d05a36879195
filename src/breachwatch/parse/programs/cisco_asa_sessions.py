"""Cisco ASA: sign-ins, VPN sessions and commands, the messages that name an account (`cisco_asa` says what counts)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import canonical_ip, put_source
from breachwatch.parse.programs.meaning import DEVICE, VPN, Values, pattern

Reader = Callable[[re.Match[str], str, Values, Values], str]
"""Reads one message that its form matched, by its number: fills in the values and gives the dataset."""

_AAA: Final = pattern(
    r"""
    AAA[ ]user[ ]auth\w+[ ](?P<word>Successful|Rejected)[ ]*:[ ](?:reason[ ]=[ ](?P<why>.*?)[ ]*:[ ])?
    (?:server[ ]=[ ]+(?P<server>[^ ,:]+)[ ]*[:,][ ]|local[ ]database[ ]*[:,][ ])?
    [Uu]ser[ ]=[ ](?P<user>.*?)(?:[ ]*[:,][ ]user[ ]IP[ ]=[ ](?P<address>[^ ]+))?
    """
)
_SESSION: Final = pattern(
    r"""
    Group[ ]<(?P<group>[^>]*)>[ ]User[ ]<(?P<user>[^>]*)>[ ]IP[ ]<(?P<address>[^>]*)>[ ]
    (?:IPv4[ ]Address[ ]<(?P<assigned>[^>]*)>.*|(?P<text>.*))
    """
)
_ENDED: Final = pattern(
    r"""
    Group[ ]=[ ](?P<group>.*?),[ ]Username[ ]=[ ](?P<user>.*?),[ ]IP[ ]=[ ](?P<address>[^ ,]+),[ ]
    (?:Session[ ]disconnected.*?Reason:[ ](?P<why>.*)|(?P<text>.*))
    """
)
_LOGIN: Final = pattern(
    r"""
    Login[ ](?P<word>permitted|denied)[ ]from[ ](?P<address>[^ /]+)(?:/(?P<port>\d+))?[ ]to[ ]
    (?:[^ :]+:)?(?P<own>[^ ]+?)/(?P<service>[^ ]+)[ ]for[ ]user[ ]"(?P<user>.*)"
    """
)
_AUTHENTICATED: Final = pattern(
    r"""
    User[ ]authentication[ ](?P<word>succeeded|failed):[ ]
    (?:IP[ ]address:[ ](?P<address>[^ ,]+),[ ])?Uname:[ ](?P<user>.*)
    """
)
_LOGGED_OUT: Final = pattern(r"User[ ]logged[ ]out:[ ]Uname:[ ](?P<user>.*)")
_COMMAND: Final = (
    pattern(r"User[ ]'(?P<user>.*?)'[ ]executed[ ](?:the[ ]|cmd:[ ])'?(?P<command>.*?)'?(?:[ ]command\.?)?"),
    pattern(
        r"User[ ]'(?P<user>.*?)',[ ]running[ ]'.*?'[ ]from[ ]IP[ ](?P<address>[^ ,]+),[ ]executed[ ]'(?P<command>.*)'"
    ),
)


def account(text: str | None) -> str | None:
    """A name as the device writes it; `*****` stands for one that it hides."""
    return None if not text or set(text) == {"*"} else text.strip()


def _aaa(found: re.Match[str], number: str, values: Values, extra: Values) -> str:
    values["user"] = account(found["user"])
    put_source(values, extra, found["address"])
    values["auth_method"] = "password"
    if found["word"] == "Successful":
        values["outcome"] = actions.SUCCESS
    else:
        values["outcome"], values["failure_reason"] = actions.FAILURE, found["why"] or "rejected"
        values["action"] = actions.LOGON if number in {"113005", "113015"} else None
    if found["server"]:
        extra["server"] = found["server"]
    return VPN


def _session(found: re.Match[str], number: str, values: Values, extra: Values) -> str:
    values["user"], values["group"] = account(found["user"]), found["group"]
    put_source(values, extra, found["address"])
    text = found["text"] or ""
    if found["assigned"]:
        values["action"], values["assigned_ip"] = actions.SESSION_OPENED, canonical_ip(found["assigned"])
    elif number in {"113039", "716001"}:
        values["action"], values["outcome"] = actions.LOGON, actions.SUCCESS
        values["client"] = "AnyConnect" if number == "113039" else "WebVPN"
    elif number in {"716038", "716039"}:
        values["outcome"] = actions.SUCCESS if number == "716038" else actions.FAILURE
    elif "terminated" in text or "disconnect" in text:
        values["action"] = actions.LOGOFF
    return VPN


def _session_ended(found: re.Match[str], number: str, values: Values, extra: Values) -> str:  # noqa: ARG001
    values["user"], values["group"] = account(found["user"]), found["group"]
    put_source(values, extra, found["address"])
    if found["why"]:
        values["action"], extra["reason"] = actions.LOGOFF, found["why"]
    return VPN


def _login(found: re.Match[str], number: str, values: Values, extra: Values) -> str:  # noqa: ARG001
    values["user"] = account(found["user"])
    put_source(values, extra, found["address"], found["port"])
    permitted = found["word"] == "permitted"
    values["action"], values["outcome"] = actions.LOGON, actions.SUCCESS if permitted else actions.FAILURE
    values["failure_reason"] = None if permitted else "login denied"
    extra["service"] = found["service"]
    return DEVICE


def _authenticated(found: re.Match[str], number: str, values: Values, extra: Values) -> str:  # noqa: ARG001
    values["user"] = account(found["user"])
    put_source(values, extra, found["address"])
    values["outcome"] = actions.SUCCESS if found["word"] == "succeeded" else actions.FAILURE
    return DEVICE


def _logged_out(found: re.Match[str], number: str, values: Values, extra: Values) -> str:  # noqa: ARG001
    values["user"], values["action"] = account(found["user"]), actions.LOGOFF
    return DEVICE


def _command(found: re.Match[str], number: str, values: Values, extra: Values) -> str:  # noqa: ARG001
    values["user"], values["command"] = account(found["user"]), found["command"]
    values["action"] = actions.COMMAND_RUN
    put_source(values, extra, found.groupdict().get("address"))
    return DEVICE


SESSION_READERS: Final[tuple[tuple[frozenset[str], re.Pattern[str], Reader], ...]] = (
    (frozenset(("113004", "113005", "113012", "113015", "113021")), _AAA, _aaa),
    (frozenset(("113039", "716001", "716002", "716038", "716039", "722022", "722023", "722051")), _SESSION, _session),
    (frozenset(("113019", "713228", "713052", "713119")), _ENDED, _session_ended),
    (frozenset(("605004", "605005")), _LOGIN, _login),
    (frozenset(("611101", "611102")), _AUTHENTICATED, _authenticated),
    (frozenset(("611103",)), _LOGGED_OUT, _logged_out),
    *((frozenset(("111008", "111009", "111010")), form, _command) for form in _COMMAND),
)
"""Numbers of messages, the form of one, and what reads it."""
