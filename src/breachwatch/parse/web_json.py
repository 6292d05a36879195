"""Web server access logs as JSON lines: Caddy, nginx under the names of its variables, Traefik.

Sources: Caddy "Structured logging" (`http.log.access`); nginx ngx_http_log_module with `escape=json`, whose documented
variables are the names; Traefik "Access logs", format `json`. Names that none of them knows go to `extra`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

from breachwatch.model import actions
from breachwatch.model.segment import Segment
from breachwatch.parse.address import put_source
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.lines import UnreadableError, json_value, read_lines
from breachwatch.settings import Limits

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# For each column the names that may hold it, the first that does; Caddy's are those of its nested objects.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "time": ("ts", "time_iso8601", "@timestamp", "StartUTC", "time", "time_local", "msec", "timestamp"),
    "client": ("request.client_ip", "request.remote_ip", "remote_addr", "ClientHost", "clientip", "remote_ip"),
    "port": ("request.remote_port", "remote_port", "ClientPort"),
    "user": ("user_id", "remote_user", "ClientUsername"),
    "line": ("request",),
    "cs_method": ("request.method", "request_method", "RequestMethod", "method"),
    "cs_uri": ("request.uri", "request_uri", "RequestPath", "uri"),
    "cs_version": ("request.proto", "server_protocol", "RequestProtocol"),
    "cs_host": ("request.host", "host", "http_host", "RequestHost", "server_name"),
    "cs_referer": ("request.headers.Referer", "http_referer", "request_Referer"),
    "cs_user_agent": ("request.headers.User-Agent", "http_user_agent", "request_User-Agent"),
    "status": ("status", "DownstreamStatus"),
    "size": ("size", "body_bytes_sent", "bytes_sent", "DownstreamContentSize"),
}
_TEXTS: Final = ("cs_method", "cs_uri", "cs_version", "cs_host", "cs_referer", "cs_user_agent")


def parse_web_json(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every line that tells of a request as an event, every other as a reject."""
    zone = ZoneInfo(segment.time_zone)

    def read(text: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        document = json_value(text)
        if not isinstance(document, dict):
            raise UnreadableError("the record is no JSON object")
        return _request(document, text, zone)

    yield from read_lines(segment, data, limits, read)


def _request(document: dict[str, Any], text: str, zone: ZoneInfo) -> tuple[str, dict[str, Any], dict[str, Any]]:
    fields = _flat(document)
    found = {column: _first(fields, names) for column, names in _NAMES.items()}
    _split_line(found)
    if found["client"] is None or found["cs_uri"] is None:
        raise UnreadableError("the JSON object tells of no request to a web server")
    values: dict[str, Any] = {
        "time": _time(found["time"], zone),
        "time_text": None if found["time"] is None else str(found["time"]),
        "user": _text(found["user"]),
        "action": actions.HTTP_REQUEST,
        "message": text,
        **{name: _text(found[name]) for name in _TEXTS},
        "sc_bytes": _number(found["size"]),
    }
    status = _number(found["status"])
    if status:
        values["sc_status"], values["outcome"] = status, actions.SUCCESS if status < 400 else actions.FAILURE
    stem, mark, query = str(values["cs_uri"]).partition("?")
    values["cs_uri_stem"], values["cs_uri_query"] = stem, query if mark else None
    known = {name for names in _NAMES.values() for name in names}
    extra = {name: value for name, value in fields.items() if name not in known and value not in ("", "-", None)}
    put_source(values, extra, str(found["client"]), _text(found["port"]))
    return "web.access", values, extra


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    """The members, and those of `request` and its headers under dotted names."""
    request = document.get("request")
    if not isinstance(request, dict):
        return dict(document)
    headers = request.get("headers")
    return {
        **{name: value for name, value in document.items() if name != "request"},
        **{f"request.{name}": value for name, value in request.items() if name != "headers"},
        **{f"request.headers.{name}": value for name, value in (headers.items() if isinstance(headers, dict) else ())},
    }


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        value = fields.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if value not in (None, "", "-") and not isinstance(value, dict | list):
            return value
    return None


def _split_line(found: dict[str, Any]) -> None:
    """The `request` of nginx holds method, target and protocol as the client sent them."""
    parts = str(found["line"]).split(" ") if found["line"] is not None else []
    if len(parts) == 3 and found["cs_uri"] is None:
        found["cs_method"], found["cs_uri"], found["cs_version"] = parts
    elif found["cs_uri"] is None and found["line"] is not None:
        found["cs_uri"] = found["line"]  # no HTTP at all


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _time(value: Any, zone: ZoneInfo) -> datetime | None:
    """Naive UTC, from seconds since 1970, ISO 8601 or the time of the common log format."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return (_EPOCH + timedelta(seconds=value)).replace(tzinfo=None)
        text = str(value)
        if text.replace(".", "", 1).isdecimal():
            return (_EPOCH + timedelta(seconds=float(text))).replace(tzinfo=None)
        moment = datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z") if "/" in text else datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or zone).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
