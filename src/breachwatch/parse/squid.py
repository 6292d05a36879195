"""Squid's access log in its native format, from a file or through syslog.

    1795336500.123    512 10.0.0.7 TCP_MISS/200 5070 GET http://example.com/a?b jmeyer HIER_DIRECT/203.0.113.9 text/html

Format: Squid wiki, "Squid Log Files", "Native Log Format"; times are seconds since 1970, UTC. The request line is the
client's own text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final

from breachwatch.model import actions
from breachwatch.model.segment import Segment
from breachwatch.parse.address import canonical_ip, put_source
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.lines import UnreadableError, read_lines
from breachwatch.settings import Limits

Values = dict[str, Any]

PROXY: Final = "network.proxy"

_LINE: Final = re.compile(
    r"\s*(?P<seconds>\d{9,11})\.(?P<part>\d{3}) +(?P<took>-?\d{1,12}) (?P<client>\S{1,256}) "
    r"(?P<result>[A-Z_]{1,64})/(?P<status>\d{3}) (?P<size>\d{1,19}) (?P<method>\S{1,64}) (?P<uri>.*) "
    r"(?P<user>\S{1,256}) (?P<hierarchy>[A-Z_]{1,64})/(?P<peer>\S{1,256}) (?P<kind>\S{1,256})\s*",
    re.DOTALL,
)
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive by design: all times of rows are UTC
_URI: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,31}://)?(?:[^/@]{0,256}@)?(?P<host>\[[^\]]*\]|[^/:?]*)(?::\d{1,5})?(?P<target>.*)",
    re.DOTALL,
)
_EXTENSION: Final = re.compile(r"\.([A-Za-z0-9]{1,16})$")


def parse_squid(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every request as an event; a line of another shape as a reject."""

    def read_line(text: str) -> tuple[str, Values, Values]:
        values: Values = {}
        extra: Values = {}
        if read(text, values, extra) is None:
            msg = "the line is no request in squid's native log format"
            raise UnreadableError(msg)
        return PROXY, values, extra

    yield from read_lines(segment, data, limits, read_line)


def read(message: str, values: Values, extra: Values) -> str | None:
    """One request; None for a message that is none."""
    found = _LINE.fullmatch(message)
    if found is None:
        return None
    values["time_text"] = f"{found['seconds']}.{found['part']}"
    values["time"] = _EPOCH + timedelta(seconds=int(found["seconds"]), milliseconds=int(found["part"]))
    values["program"], values["vendor"], values["message"] = "squid", "squid", message
    put_source(values, extra, found["client"])
    values["device_action"], status = found["result"], int(found["status"])
    blocked = "DENIED" in found["result"]
    values["action"] = actions.CONNECTION_BLOCKED if blocked else actions.HTTP_REQUEST
    values["outcome"] = actions.FAILURE if blocked or status >= 400 else actions.SUCCESS
    values["sc_status"], values["sc_bytes"] = status, int(found["size"])
    values["cs_method"], values["user"] = found["method"], None if found["user"] == "-" else found["user"]
    put_uri(found["uri"], values)
    values["destination_ip"] = canonical_ip(found["peer"])
    values["cs_mime_type"] = None if found["kind"] == "-" else found["kind"]
    extra["hierarchy"], extra["milliseconds"] = found["hierarchy"], found["took"]
    return PROXY


def put_uri(uri: str, values: Values) -> None:
    """Fill in the address that was asked for and its parts, under the names of Sigma's category proxy."""
    values["c_uri"] = uri
    parts = _URI.match(uri)
    if parts is None:
        return
    values["cs_host"] = parts["host"] or None
    stem, mark, query = parts["target"].partition("?")
    values["c_uri_stem"], values["c_uri_query"] = stem or None, query if mark else None
    extension = _EXTENSION.search(stem)
    values["c_uri_extension"] = extension[1] if extension else None
