"""Web server access logs in the common and combined format (NCSA; Apache mod_log_config, nginx `combined`).

    203.0.113.9 - jmeyer [22/Nov/2026:04:15:00 -0600] "GET /index.php?a=1 HTTP/1.1" 200 512 "referer" "agent"

An own field behind those (request time, X-Forwarded-For) goes to `extra`. With a virtual host in front (Apache's
vhost_combined) it becomes cs_host. The request line is the client's own text and may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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

_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_HEAD = r"""
    (?:(?P<vhost>[^ "]+)[ ](?=[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+[ ]))?  # a virtual host, if an address comes second
    (?P<client>[^ "]+)[ ]
    (?P<ident>[^ ]+)[ ]
    (?P<user>[^\[]{1,256}?)[ ]                                      # Apache writes a user's blanks as they are
    \[(?P<time>[^\]]{1,64})\][ ]
    """
_ANSWER = r"[ ](?P<status>\d{3}|-)[ ](?P<size>\d+|-)"
_LINE: Final = re.compile(
    rf"{_HEAD} {_QUOTED} {_ANSWER} (?:[ ]{_QUOTED}[ ]{_QUOTED})? (?:[ ](?P<rest>.*))?", re.VERBOSE | re.DOTALL
)
# Some servers do not escape a quote in the request: then it ends where the first status and size follow a quote.
_LOOSE: Final = re.compile(
    rf'{_HEAD} "(.*?)" {_ANSWER} (?:[ ]"(.*?)"[ ]"(.*)")? (?:[ ](?P<rest>.*))?', re.VERBOSE | re.DOTALL
)
_REQUEST: Final = re.compile(r"([A-Za-z_-]{1,32}) (\S+)(?: (HTTP/[\d.]+))?")
_TIME: Final = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?: ([+-]\d{4}))?")


def parse_web_access(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every request as an event; a line of another shape as a reject."""

    def read(text: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        return read_request(text, segment.time_zone)

    yield from read_lines(segment, data, limits, read)


def read_request(text: str, time_zone: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """One line as (dataset, values, extra). Raises UnreadableError for a line of another shape."""
    found = _LINE.fullmatch(text) or _LOOSE.fullmatch(text)
    if found is None:
        msg = "the line is no request in common or combined log format"
        raise UnreadableError(msg)
    vhost, client, ident, user, time_text, request, status, size, referer, agent, rest = found.groups()
    values: dict[str, Any] = {
        "time": _time(time_text, time_zone),
        "time_text": time_text,
        "user": None if user in {"-", '""'} else user,
        "action": actions.HTTP_REQUEST,
        "message": text,
        "cs_host": vhost,
        "cs_referer": None if referer in {None, "-"} else referer,
        "cs_user_agent": None if agent in {None, "-"} else agent,
        "sc_bytes": None if size == "-" else int(size[:20]),
    }
    extra: dict[str, Any] = {}
    put_source(values, extra, client)
    if status != "-":
        values["sc_status"] = int(status)
        values["outcome"] = actions.SUCCESS if int(status) < 400 else actions.FAILURE
    line = _REQUEST.fullmatch(request)
    if line is None:
        extra["request"] = request  # no HTTP at all: scanners send TLS hellos and worse
    else:
        values["cs_method"], target, values["cs_version"] = line.groups()
        stem, mark, query = target.partition("?")
        values["cs_uri"], values["cs_uri_stem"] = target, stem
        values["cs_uri_query"] = query if mark else None
    if ident != "-":
        extra["ident"] = ident
    if rest:
        extra["rest"] = rest
    return "web.access", values, extra


@lru_cache(maxsize=4096)
def _time(text: str, time_zone: str) -> datetime | None:
    """Naive UTC; None for no such time."""
    found = _TIME.fullmatch(text)
    month = MONTHS.get(found[2]) if found else None
    if found is None or month is None:
        return None
    try:
        moment = datetime(int(found[3]), month, int(found[1]), int(found[4]), int(found[5]), int(found[6]))  # noqa: DTZ001
        if found[7]:
            return moment - _offset(found[7])
        return moment.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=64)
def _offset(text: str) -> timedelta:
    """Of `-0600`, minutes and all. Raises ValueError for a zone that no clock can have."""
    return datetime.strptime(text, "%z").utcoffset() or timedelta()
