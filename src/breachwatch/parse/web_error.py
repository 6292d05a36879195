"""Error logs of Apache and nginx.

    [Sat Jul 20 21:39:11.978080 2013] [auth_basic:error] [pid 17:tid 14] [client 203.0.113.9:51390] AH01617: user ...
    [Wed Jul 17 22:18:52 2013] [error] [client 203.0.113.9] user jmeyer not found: /admin          Apache 2.2
    2012/04/09 11:53:36 [error] 2865#0: *66647 user "jmeyer": password mismatch, client: 203.0.113.9, server: ...

Formats: Apache core.c `ErrorLogFormat` defaults of 2.2 and 2.4; nginx src/core/ngx_log.c. Through syslog the same
messages come without the time. Messages: Apache mod_auth_basic, mod_auth_digest, mod_authz_core, mod_authnz_pam; nginx
ngx_http_auth_basic_module, ngx_mail_auth_http_module. A refused user name and password is an attempt to sign in
(`action = logon`); successes are in no error log. Names in the messages are the client's own text: the last address
counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

from breachwatch.model import actions
from breachwatch.model.segment import Segment
from breachwatch.parse.address import put_source
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.lines import UnreadableError, read_lines
from breachwatch.parse.syslogtime import MONTHS
from breachwatch.settings import Limits

Values = dict[str, Any]

WEB_ERROR: Final = "web.error"

_APACHE: Final = re.compile(
    r"(?:\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d{1,6})? \d{4})\] )?"
    r"\[(?:(?P<module>[\w-]{0,64}):)?(?P<level>[a-z]{1,10}\d?)\] "
    r"(?:\[pid (?P<pid>\d{1,19})(?::tid (?P<tid>\d{1,20}))?\] )?"
    r"(?:\[(?:client|remote) (?P<client>[^\] ]{1,64}\]?(?::\d{1,5})?)\] )?"
    r"(?:(?P<code>AH\d{5}): )?(?P<text>.*)",
    re.DOTALL,
)
_NGINX: Final = re.compile(
    r"(?:(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) )?\[(?P<level>[a-z]{1,10})\] (?P<pid>\d{1,19})#(?P<tid>\d{1,20}): "
    r"(?:\*(?P<connection>\d{1,20}) )?(?P<text>.*)",
    re.DOTALL,
)
_ABOUT: Final = re.compile(
    r"(?P<what>.*), client: (?P<client>[0-9A-Fa-f.:]{2,45}|unix:)(?:, server: (?P<server>[^,]{0,256}))?"
    r"(?:, request: \"(?P<method>[A-Z]{1,32}) (?P<uri>\S*)[^\"]{0,16}\")?(?P<more>.*)",
    re.DOTALL,
)
_MORE: Final = re.compile(r'(host|referrer|login): "([^"]{0,2048})"')
_TIME: Final = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d(?:\.\d{1,6})?) (\d{4})")

_REASONS: Final = (
    ("not found", "unknown user"),
    ("was not found", "unknown user"),
    ("ismatch", "wrong password"),
    ("wrong authentication scheme", "wrong scheme"),
    ("authentication failure", "authentication failure"),
    ("credentials invalid", "wrong name or password"),
)
_REFUSED: Final = (
    re.compile(r'user "(?P<user>.{0,256})"(?:: password mismatch|:? was not found in ".*")', re.DOTALL),
    re.compile(r"PAM: user '(?P<user>.{0,256})' - not authenticated: (?P<why>.{0,256})", re.DOTALL),
    re.compile(r"user (?P<user>.{0,256}): authentication failure for \".*\": (?P<why>.{0,256})", re.DOTALL),
    re.compile(r"(?:Digest: )?user (?P<user>.{0,256}): password mismatch: .*", re.DOTALL),
    re.compile(r"(?:Digest: )?user `(?P<user>.{0,256})' in realm `.*' not found: .*", re.DOTALL),
    re.compile(r"user (?P<user>.{0,256}) not found(?:: .*)?", re.DOTALL),
    re.compile(r"client login failed: \"(?P<why>[^\"]{0,256})\" while in http auth state", re.DOTALL),
)


def parse_web_error(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every record as an event; a line of another shape (a stack trace, a script's output) as a reject."""

    def read(text: str) -> tuple[str, Values, Values]:
        values: Values = {"message": text}
        extra: Values = {}
        found = _NGINX.fullmatch(text) or _APACHE.fullmatch(text)
        if found is None or found["time"] is None:
            msg = "the line is no record of an Apache or nginx error log"
            raise UnreadableError(msg)
        values["time"], values["time_text"] = _time(found["time"], segment.time_zone), found["time"]
        _put(found, values, extra)
        return WEB_ERROR, values, extra

    yield from read_lines(segment, data, limits, read)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message that a web server wrote to syslog; None for one that is no error record."""
    found = _NGINX.fullmatch(message) or _APACHE.fullmatch(message)
    if found is None:
        return None
    _put(found, values, extra)
    return WEB_ERROR


def _put(found: re.Match[str], values: Values, extra: Values) -> None:
    nginx = found.re is _NGINX
    values["program"], values["level"] = "nginx" if nginx else "apache", found["level"]
    values["process_id"] = int(found["pid"]) if found["pid"] else values.get("process_id")
    if nginx:
        text, client = _put_request(found["text"], values, extra), None
    else:
        text, client = found["text"], found["client"]
        values["module"], values["error_code"] = found["module"] or None, found["code"]
        text, _, referer = text.partition(", referer: ")
        values["cs_referer"] = referer or None
    if client:
        address, colon, port = client.rpartition(":")
        bare = client.count(":") > 1 and not client.startswith("[")  # an IPv6 address without a port
        put_source(values, extra, client if bare or not colon else address, None if bare or not colon else port)
    _put_refusal(text, values)


def _put_request(text: str, values: Values, extra: Values) -> str:
    """What nginx appends to a message: who asked for what. Gives the message without it."""
    found = _ABOUT.fullmatch(text)
    if found is None:
        return text
    put_source(values, extra, found["client"])
    values["server_name"] = found["server"] or None
    values["cs_method"], values["cs_uri"] = found["method"], found["uri"]
    more = dict(_MORE.findall(found["more"]))
    values["cs_host"], values["cs_referer"] = more.get("host"), more.get("referrer")
    values["user"] = more.get("login")
    return found["what"]


def _put_refusal(text: str, values: Values) -> None:
    refused = next((found for form in _REFUSED if (found := form.fullmatch(text))), None)
    if refused is None:
        if values["level"] in {"error", "crit", "alert", "emerg"}:
            values["outcome"] = actions.FAILURE
        return
    values["action"], values["outcome"] = actions.LOGON, actions.FAILURE
    values["user"] = refused.groupdict().get("user") or values.get("user")
    values["auth_method"] = "digest" if "igest" in text or values.get("module") == "auth_digest" else "password"
    values["failure_reason"] = next((reason for word, reason in _REASONS if word in text), "authentication failure")


@lru_cache(maxsize=4096)
def _time(text: str, time_zone: str) -> datetime | None:
    """Naive UTC, from the server's local time; None for no such time."""
    try:
        if text[0].isdigit():
            moment = datetime.fromisoformat(text.replace("/", "-"))
        else:
            found = _TIME.fullmatch(text)
            if found is None or found[1] not in MONTHS:
                return None
            moment = datetime.fromisoformat(f"{found[4]}-{MONTHS[found[1]]:02}-{int(found[2]):02} {found[3]}")
        return moment.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
