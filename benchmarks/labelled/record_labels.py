"""Sign-ins as the records' own fields name them, read a second time and apart from the parsers.

For a vendor's record its documentation says which is a sign-in and where account, address and result stand; here that
is one small function a product. Of text logs a plain regular expression, of utmp the dump of another tool is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from evtx import PyEvtxParser

from benchmarks.labelled.signins import SignIn

# Error codes with which Entra interrupts a sign-in that goes on (a second factor, a consent, a new password).
# Microsoft, "Microsoft Entra authentication and authorization error codes".
_INTERRUPTS: Final = frozenset(
    {
        *("50055", "50058", "50072", "50074", "50076", "50079", "50097", "50125", "50127", "50129", "50140", "50143"),
        *("50144", "65001", "16000", "16001", "50011"),
    }
)


def of_document(record: Any) -> SignIn | None:
    """The sign-in that a cloud service's record tells of, if it tells of one."""
    if not isinstance(record, dict):
        return None
    return next((label for read in _PRODUCTS if (label := read(record)) is not None), None)


def _okta(record: dict[str, Any]) -> SignIn | None:
    if record.get("eventType") != "user.session.start" or "legacyEventType" not in record:
        return None
    success = _at(record, "outcome", "result") in ("SUCCESS", "ALLOW")
    result = "success" if success else "failure" if _at(record, "outcome", "result") else None
    return SignIn(result, _at(record, "actor", "alternateId"), _at(record, "client", "ipAddress"))


def _entra(record: dict[str, Any]) -> SignIn | None:
    inner = record.get("properties")
    body = inner if isinstance(inner, dict) and "userPrincipalName" in inner else record
    names = {name.lower(): value for name, value in body.items()}
    if not {"createddatetime", "userprincipalname", "appdisplayname"} <= names.keys():
        return None
    status = names.get("status")
    status = json.loads(status) if isinstance(status, str) and status.startswith("{") else status
    code = str((status.get("errorCode") if isinstance(status, dict) else None) or record.get("ResultType") or "0")
    outcome = "success" if code == "0" else None if code in _INTERRUPTS else "failure"
    return SignIn(outcome, names["userprincipalname"], names.get("ipaddress") or record.get("callerIpAddress"))


def _m365(record: dict[str, Any]) -> SignIn | None:
    if "AuditData" in record:
        inner = record["AuditData"]
        record = json.loads(inner) if isinstance(inner, str) else inner
    outcome = {"UserLoggedIn": "success", "UserLoginFailed": "failure"}.get(str(record.get("Operation")))
    if outcome is None or "RecordType" not in record:
        return None
    return SignIn(outcome, record.get("UserId"), record.get("ClientIP") or record.get("ActorIpAddress"))


def _google(record: dict[str, Any]) -> SignIn | None:
    if _at(record, "id", "applicationName") != "login":
        return None
    names = {event.get("name") for event in record.get("events") or [record] if isinstance(event, dict)}
    outcome = {"login_success": "success", "login_failure": "failure"}
    found = next((outcome[name] for name in names if name in outcome), None)
    return SignIn(found, _at(record, "actor", "email"), record.get("ipAddress")) if found else None


def _cloudtrail(record: dict[str, Any]) -> SignIn | None:
    record = record["detail"] if isinstance(record.get("detail"), dict) else record
    if record.get("eventName") != "ConsoleLogin" or "userIdentity" not in record:
        return None
    result = _at(record, "responseElements", "ConsoleLogin")
    who = _at(record, "userIdentity", "userName")
    return SignIn(str(result).lower() if result else None, who, record.get("sourceIPAddress"))


def _onelogin(record: dict[str, Any]) -> SignIn | None:
    outcome = {"5": "success", "6": "failure"}.get(str(record.get("event_type_id")))
    return SignIn(outcome, record.get("user_name"), record.get("ipaddr")) if outcome else None


_PRODUCTS: Final[tuple[Callable[[dict[str, Any]], SignIn | None], ...]] = (
    *(_okta, _entra, _m365, _google, _cloudtrail, _onelogin),
)


def of_windows(record: Any) -> SignIn | None:
    """The sign-in that a Windows event in any of the JSON shapes tells of: 4624 (but for its filtered twin), 4625."""
    if not isinstance(record, dict):
        return None
    flat = dict(_leaves(record))
    number = str(flat.get("EventID", flat.get("EventId", "")))
    if number not in ("4624", "4625") or "TargetUserName" not in flat:
        return None
    twin = flat.get("ElevatedToken") == "%%1843" and str(flat.get("TargetLinkedLogonId", "0x0")) != "0x0"
    if number == "4624" and twin:
        return None
    address = str(flat.get("IpAddress") or "-")
    return SignIn("success" if number == "4624" else "failure", str(flat["TargetUserName"] or ""), address)


def of_evtx(path: str) -> Iterator[SignIn]:
    """The sign-ins of an EVTX file as the library that reads the format gives them; damaged parts are left out."""
    records = iter(PyEvtxParser(path).records_json())
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except RuntimeError:  # a damaged chunk: the next one may be whole
            continue
        label = of_windows(json.loads(record["data"])) if '"Security"' in record["data"] else None
        if label is not None:
            yield label


_SSHD: Final = re.compile(
    r"sshd(?:-session)?(?:\[\d+\])?: (Accepted|Failed) (?!none)(\S+) for (?:invalid user )?(.*) from (\S+) port \d+"
)


def of_sshd(line: str) -> SignIn | None:
    """The sign-in that a line of sshd tells of."""
    found = _SSHD.search(line)
    return SignIn("success" if found[1] == "Accepted" else "failure", found[3], found[4]) if found else None


_DUMPED: Final = re.compile(r"\[(\d+)\] \[\d+\] \[.{4}\] \[(.*?) *\] \[(.*?) *\] \[(.*?) *\] \[(.*?) *\] \[[^\]]+\]")


def of_utmp_dump(dump: str, name: str) -> list[SignIn | None]:
    """What utmpdump says of a file, record by record; `name` is the file's heading in the dump."""
    part = dump.partition(f"## {name}\n")[2].partition("\n## ")[0]
    failed = name.rsplit("/", 1)[-1].startswith("btmp")
    labels: list[SignIn | None] = []
    for line in part.splitlines():
        found = _DUMPED.match(line)
        if found is None:
            continue
        kind, user, _, host, address = found.groups()
        # An address of twelve zero bytes at its end looks like one of four bytes; the name beside it holds it whole.
        address = host if ":" in host else address
        attempt = bool(user) if failed else kind == "7"
        labels.append(
            SignIn("failure" if failed else "success", user, "" if address == "0.0.0.0" else address)
            if attempt
            else None
        )
    return labels


def _leaves(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict):
            if "#text" in value:
                yield name, value["#text"]
            yield from _leaves(value)
        else:
            yield (name[:1].upper() + name[1:], value)


def _at(record: Any, *names: str) -> Any:
    for name in names:
        record = record.get(name) if isinstance(record, dict) else None
    return record
