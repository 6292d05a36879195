"""Audit logs of Duo, GitHub, Bitbucket, OneLogin and Kubernetes: one function each.

A field `action` of theirs is stored as `audit_action` or `admin_action`: `action` is breachwatch's own word for a deed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.cloud.layout import Record, at, by_whom, first_text, member, put_address, spread, text_of
from breachwatch.parse.windows_event import parse_time

Read = tuple[str, Record, Record]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONELOGIN_ACTIONS: Final = {"5": actions.LOGON, "6": actions.LOGON, "7": actions.LOGOFF, "9": actions.LOGON}
"""OneLogin event types: signed in, failed to sign in, signed out, signed in by a one-time password."""
_GITHUB_ACTIONS: Final = {
    "org.add_member": actions.GROUP_MEMBER_ADDED,
    "org.remove_member": actions.GROUP_MEMBER_REMOVED,
    "team.add_member": actions.GROUP_MEMBER_ADDED,
    "team.remove_member": actions.GROUP_MEMBER_REMOVED,
}


def saas_reader(record: Record, names: set[str]) -> Callable[[Record], Read] | None:
    """The function for a record; None where it is of another service. `names` are its members' in lower case."""
    if {"access_device", "result"} <= names or {"factor", "integration", "result"} <= names:
        return read_duo
    version = text_of(member(record, "apiVersion")) or ""
    if version.startswith("audit.k8s.io/") or ("verb" in names and names & {"objectref", "requesturi"}):
        return read_kubernetes
    if "audittype" in names:
        return read_bitbucket
    if "event_type_id" in names and names & {"actor_user_name", "user_name", "account_id"}:
        return read_onelogin
    if {"action", "actor"} <= names and names & {"org", "business", "repo", "_document_id"}:
        return read_github
    return read_duo if {"action", "username", "isotimestamp"} <= names else None


def read_duo(record: Record) -> Read:
    """An authentication with Duo, or a deed of one of its administrators."""
    address = first_text(at(record, "access_device", "ip"), record.get("ip"))
    country = first_text(at(record, "access_device", "location", "country"), at(record, "location", "country"))
    time_text = text_of(record.get("isotimestamp")) or text_of(record.get("timestamp"))
    values, extra = spread("duo.audit", record, {"action": "admin_action"})
    values["time"], values["time_text"] = _moment(time_text), time_text
    values["user"] = first_text(values.get("user.name"), values.get("username"), values.get("email"))
    put_address(values, address)
    values["country"] = country
    values["program"] = first_text(values.get("application.name"), values.get("integration")) or "Duo"
    values["auth_method"] = (first_text(values.get("factor")) or "").lower() or None
    result = (first_text(values.get("result")) or "").lower()
    known = {
        "success": actions.SUCCESS,
        "denied": actions.FAILURE,
        "failure": actions.FAILURE,
        "fraud": actions.FAILURE,
    }
    values["outcome"] = known.get(result, actions.UNKNOWN if result or "factor" in values else actions.SUCCESS)
    if values["outcome"] == actions.FAILURE:
        values["failure_reason"] = "reported as fraud" if result == "fraud" else first_text(values.get("reason"))
    said = first_text(values.get("admin_action"), values.get("factor")) or "authentication"
    values["message"] = f"{said}{by_whom(values)} for {values['program']}: {result or values['outcome']}"
    return "duo.audit", values, extra


def read_github(record: Record) -> Read:
    """An entry of GitHub's audit log."""
    time_text = text_of(record.pop("created_at", None)) or text_of(record.get("@timestamp"))
    values, extra = spread("github.audit", record, {"action": "audit_action", "user": "target_user"})
    values["time"], values["time_text"] = _moment(time_text), time_text
    values["user"] = first_text(values.get("actor"))
    put_address(values, values.get("actor_ip"))
    values["program"] = "GitHub"
    deed = values.get("audit_action") or ""
    values["action"] = _GITHUB_ACTIONS.get(deed)
    values["outcome"] = actions.SUCCESS
    where = first_text(values.get("repo"), values.get("repository"), values.get("org"), values.get("business"))
    values["message"] = f"{deed}{by_whom(values)}" + (f" in {where}" if where else "")
    return "github.audit", values, extra


def read_bitbucket(record: Record) -> Read:
    """An event of Bitbucket Data Center's audit log."""
    stamp = record.pop("timestamp", None)
    seconds = at(stamp, "epochSecond")
    time_text = text_of(seconds if seconds is not None else stamp)
    source = record.pop("source", None)
    record["sourceAddress"] = source
    values, extra = spread("bitbucket.audit", record)
    values["time"], values["time_text"] = _moment(time_text), time_text
    values["user"] = first_text(values.get("author.name"))
    put_address(values, (text_of(source) or "").partition(",")[0])
    values["program"] = "Bitbucket"
    values["outcome"] = actions.UNKNOWN
    values["message"] = f"{values.get('auditType.action')}{by_whom(values)} ({values.get('auditType.category')})"
    return "bitbucket.audit", values, extra


def read_onelogin(record: Record) -> Read:
    """An event of OneLogin."""
    time_text = text_of(record.pop("created_at", None))
    values, extra = spread("onelogin.events", record)
    kind = values.get("event_type_id") or ""
    values["time"], values["time_text"] = _moment(time_text), time_text
    values["user"] = first_text(values.get("actor_user_name"), values.get("user_name"))
    values["target_user"] = first_text(values.get("user_name"))
    put_address(values, values.get("ipaddr"))
    values["program"] = first_text(values.get("app_name")) or "OneLogin"
    values["action"] = _ONELOGIN_ACTIONS.get(kind)
    values["outcome"] = actions.FAILURE if kind == "6" else actions.SUCCESS
    values["message"] = f"event {kind}{by_whom(values)} on {values['target_user']}"
    return "onelogin.events", values, extra


def read_kubernetes(record: Record) -> Read:
    """An audit event of the Kubernetes API (audit.k8s.io/v1)."""
    time_text = first_text(
        *(text_of(member(record, name)) for name in ("requestReceivedTimestamp", "stageTimestamp", "timestamp"))
    )
    addresses = record.get("sourceIPs")
    values, extra = spread("kubernetes.audit", record)
    values["time"], values["time_text"] = _moment(time_text), time_text
    values["user"] = first_text(values.get("user.username"))
    put_address(values, addresses[0] if isinstance(addresses, list) and addresses else addresses)
    values["program"] = "kube-apiserver"
    code = values.get("responseStatus.code") or ""
    values["outcome"] = (
        actions.UNKNOWN if not code.isdecimal() else actions.SUCCESS if int(code[:9]) < 400 else actions.FAILURE
    )
    parts = ("namespace", "resource", "name", "subresource")
    on = "/".join(found for part in parts if (found := values.get(f"objectRef.{part}")))
    values["message"] = f"{values.get('verb')} {on or values.get('requestURI')}{by_whom(values)}: {code}"
    return "kubernetes.audit", values, extra


def _moment(text: str | None) -> datetime | None:
    """A time as text, or as seconds or milliseconds since 1970; naive UTC."""
    if not text or not text.replace(".", "", 1).isdecimal() or len(text) > 20:
        return parse_time(text)
    number = float(text)
    try:
        return (_EPOCH + timedelta(seconds=number / 1000 if number > 1e11 else number)).replace(tzinfo=None)
    except OverflowError:
        return None
