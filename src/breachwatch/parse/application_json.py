"""Logs of applications that people run themselves, as JSON lines: Nextcloud, GitLab, SFTPGo, Teleport, Grafana.

Sources: Nextcloud administration manual, "Logging"; GitLab "Log system", `production_json.log`; SFTPGo "Logs"; Teleport
"Audit events"; Grafana "Configure logging". What counts as an attempt to sign in (`action = logon`):

===========  =======================================================================================================
Nextcloud    `Login failed: <user> (Remote IP: ...)`; successes with the app admin_audit: `Login successful: "<user>"`
GitLab       a request to `SessionsController#create` (success: answered 302), to `OmniauthCallbacksController`
SFTPGo       `User "..." logged in with ...`; the sender `connection_failed`
Teleport     the event `user.login`
Grafana      `Invalid username or password`
===========  =======================================================================================================

All other records are events with their time and words. What has no column goes to `extra`, as in the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

from breachwatch.model import actions
from breachwatch.model.segment import Segment
from breachwatch.parse.address import put_source
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.lines import UnreadableError, json_value, read_lines
from breachwatch.parse.programs.meaning import AUTH, SYSLOG
from breachwatch.settings import Limits

Values = dict[str, Any]
_Product = Callable[[Values, Values, Values], str]

_NEXTCLOUD: Final = re.compile(
    r"Login (?:(?P<bad>failed): '?(?P<user>.{0,256}?)'?|successful: \"(?P<taken>.{0,256}?)\")"
    r"(?: \(Remote IP: '?(?P<address>[0-9A-Fa-f.:]{2,45})'?\))?",
    re.DOTALL,
)
_SFTPGO: Final = re.compile(
    r'User "(?P<user>.{0,256}?)" logged in with "(?P<method>[^"]{1,64})",? from ip "(?P<address>[^"]{1,64})".*',
    re.DOTALL,
)
_FAILED_BEFORE: Final = "connection_failed"


def parse_application_json(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every line that one of the products writes as an event, every other as a reject."""
    zone = ZoneInfo(segment.time_zone)

    def read(text: str) -> tuple[str, Values, Values]:
        record = json_value(text)
        product = _product(record) if isinstance(record, dict) else None
        if product is None:
            raise UnreadableError("the JSON object is a record of no application that is known here")
        name, meaning = product
        said = record.get("message")
        values: Values = {
            "time": _time(record.get("time"), zone),
            "time_text": _text(record.get("time")),
            "program": name,
            "message": said if isinstance(said, str) and said else text,
        }
        extra = {key: value for key, value in record.items() if key not in ("time", "message")}
        return meaning(record, values, extra), values, extra

    return read_lines(segment, data, limits, read)


def _product(record: Values) -> tuple[str, _Product] | None:
    for name, needed, meaning in _PRODUCTS:
        if all(key in record for key in needed):
            return name, meaning
    return None


def _nextcloud(record: Values, values: Values, extra: Values) -> str:
    put_source(values, extra, _text(record.get("remoteAddr")))
    found = _NEXTCLOUD.fullmatch(values["message"])
    if found is None:
        return SYSLOG
    _attempt(values, "nextcloud", found["user"] or found["taken"], succeeded=not found["bad"])
    if found["address"]:
        put_source(values, extra, found["address"])
    return AUTH


def _gitlab(record: Values, values: Values, extra: Values) -> str:
    put_source(values, extra, _text(record.get("remote_ip")) or _text(record.get("meta.remote_ip")))
    values["user"] = _text(record.get("username")) or _text(record.get("meta.user"))
    controller, action = record.get("controller"), record.get("action")
    if controller == "SessionsController" and action == "create":
        succeeded = record.get("status") == 302
    elif controller == "OmniauthCallbacksController":
        succeeded = action != "failure" and record.get("status") == 302
    else:
        return SYSLOG
    _attempt(values, "gitlab", values["user"] or _given_name(record.get("params")), succeeded=succeeded)
    return AUTH


def _given_name(params: Any) -> str | None:
    """The name that was typed into the form: `user[login]`, or `username` for LDAP."""
    for item in params if isinstance(params, list) else ():
        key, value = (item.get("key"), item.get("value")) if isinstance(item, dict) else (None, None)
        if key == "user" and isinstance(value, dict):
            return _text(value.get("login"))
        if key == "username":
            return _text(value)
    return None


def _sftpgo(record: Values, values: Values, extra: Values) -> str:
    found = _SFTPGO.fullmatch(values["message"])
    if found is not None:
        _attempt(values, "sftpgo", found["user"], succeeded=True)
        values["auth_method"] = found["method"]
        put_source(values, extra, found["address"])
        return AUTH
    put_source(values, extra, _text(record.get("client_ip")) or _text(record.get("ip")))
    if record.get("sender") != _FAILED_BEFORE:
        return SYSLOG
    _attempt(values, "sftpgo", _text(record.get("username")), succeeded=False)
    values["auth_method"] = _text(record.get("login_type"))
    return AUTH


def _teleport(record: Values, values: Values, extra: Values) -> str:
    address, _, port = (_text(record.get("addr.remote")) or "").rpartition(":")
    put_source(values, extra, address.strip("[]") or None, port or None)
    values["user"], values["message"] = _text(record.get("user")), _text(record.get("event")) or values["message"]
    if record.get("event") != "user.login":
        return SYSLOG
    _attempt(values, "teleport", values["user"], succeeded=record.get("success") is True)
    values["auth_method"], values["session_id"] = _text(record.get("method")), _text(record.get("sid"))
    return AUTH


def _grafana(record: Values, values: Values, extra: Values) -> str:
    values["time"], values["time_text"] = _time(record["t"], ZoneInfo("UTC")), _text(record["t"])
    values["message"], values["user"] = _text(record["msg"]) or values["message"], _text(record.get("uname"))
    put_source(values, extra, _text(record.get("remote_addr")))
    refused = record["msg"] == "Invalid username or password" or "[password-auth.failed]" in str(record.get("error"))
    if not refused:
        return SYSLOG
    _attempt(values, "grafana", values["user"], succeeded=False)
    return AUTH


_PRODUCTS: Final[tuple[tuple[str, tuple[str, ...], _Product], ...]] = (
    ("nextcloud", ("reqId", "remoteAddr", "app"), _nextcloud),
    ("gitlab", ("controller", "action", "method", "path"), _gitlab),
    ("teleport", ("ei", "event", "code", "cluster_name"), _teleport),
    ("grafana", ("logger", "level", "msg", "t"), _grafana),
    ("sftpgo", ("level", "sender", "time"), _sftpgo),
)
"""Which members tell a product's records from the others'."""


def _attempt(values: Values, service: str, user: str | None, *, succeeded: bool) -> None:
    values["action"], values["service"], values["user"] = actions.LOGON, service, user or None
    values["outcome"] = actions.SUCCESS if succeeded else actions.FAILURE
    if not succeeded:
        values["failure_reason"] = "authentication failure"


def _text(value: Any) -> str | None:
    return value or None if isinstance(value, str) else None


def _time(value: Any, zone: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=moment.tzinfo or zone).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
