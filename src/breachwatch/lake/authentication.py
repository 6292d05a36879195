"""The view `authentication`: one row for each attempt to sign in, whatever product wrote it.

What counts as an attempt, so that none is counted twice:

linux.auth        rows with action `logon`; sshd's "Invalid user", unless the same process tells of an attempt of that
                  user: a server that takes keys only says no more of who names accounts that are not there
linux.auditd      rows with action `logon` (USER_LOGIN), of hosts from which no such row of linux.auth is read: programs
                  tell the audit system what they write to the auth log. Hosts are compared by their short name
linux.utmp        rows with action `logon`, of hosts from which no row of those two is read: wtmp and btmp repeat them
network.vpn, network.device, web.error  rows with action `logon`
windows.security  4624 and 4625, on the computer that was signed in to. Of the two 4624 that Windows writes for an
                  administrator under UAC (linked logons), the one with the elevated token
                  4771, 4768 and 4776 where they report a failure: a domain controller turned the account down. Left
                  out where a 4625 of the same account name lies in the same or a neighbouring slot of two seconds:
                  that is the same attempt, told by the computer where it was made. Their successes are no rows: the
                  4624 of the target follows. 0x19 (pre-authentication required) is no failure
entra.signin      every sign-in, interactive or not, of people and applications. One that was interrupted (a second
                  factor is asked for, a consent) has the outcome `unknown`: the next row tells how it went on
m365.audit        UserLoggedIn and UserLoginFailed, unless entra.signin has the same request (IntraSystemId is its Id)
                  or the same account's with the same outcome in the same chain of requests (InterSystemsId is the
                  CorrelationId)
okta.system       user.session.start; user.authentication.auth_via_* (a factor, RADIUS, another provider), unless the
                  same transaction has a user.session.start
google.workspace  login_success and login_failure
aws.cloudtrail    ConsoleLogin, and UserAuthentication of IAM Identity Center
onelogin.events   event types 5, 6 and 9. duo.audit has none: Duo is a factor of a sign-in that its application tells

Computers and the system's own accounts are rows too; `account_kind` tells them from people.
Event numbers and status codes: Microsoft, "Audit logon events" and [MS-ERREF] 2.3.1; Kerberos codes: RFC 4120, 7.5.9.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from breachwatch.lake import sql
from breachwatch.lake.authentication_cloud import APPLICATION, cloud_attempts
from breachwatch.lake.authentication_hosts import host_attempts
from breachwatch.lake.authentication_windows import windows_attempts
from breachwatch.lake.places import LOCATED, PLACE_FIELDS
from breachwatch.model.events import CORE, EXTRA, PROVENANCE, TIME
from breachwatch.settings import Settings

AUTHENTICATION_SCHEMA = pa.schema(
    [
        *[CORE.field(name) for name in ("event_id", "time")],
        pa.field("dataset", pa.string(), nullable=False, metadata={"doc": "the dataset the row was taken from"}),
        *[CORE.field(name) for name in ("source", "host")],
        pa.field("user", pa.string(), metadata={"doc": "account name without its domain"}),
        pa.field("user_domain", pa.string(), metadata={"doc": "as recorded, or from DOMAIN\\user or user@domain"}),
        *[CORE.field(name) for name in ("source_ip", "source_port")],
        *PLACE_FIELDS,
        pa.field("application", pa.string(), metadata={"doc": "what was signed in to: sshd, windows, kerberos, ..."}),
        pa.field("auth_method", pa.string(), metadata={"doc": "password, publickey, kerberos, ntlm, interactive, ..."}),
        CORE.field("outcome"),
        pa.field("failure_reason", pa.string()),
        pa.field("session_id", pa.string()),
        pa.field("logon_type", pa.string(), metadata={"doc": "Windows LogonType (3 network, 10 remote desktop, ...)"}),
        pa.field("account_kind", pa.string(), metadata={"doc": "person, service, computer or system, by the name"}),
        *[CORE.field(name) for name in ("program", "message", "repeat_count")],
        pa.field("local_time", TIME, metadata={"doc": "in the city's time zone"}),
        pa.field("local_hour", pa.int64()),
        pa.field("local_weekday", pa.int64(), metadata={"doc": "ISO: Monday is 1"}),
        pa.field("outside_hours", pa.bool_(), metadata={"doc": "outside detect.working_hours and working_days"}),
        *PROVENANCE,
        *[CORE.field(name) for name in ("observed_at", "process_id", "action")],
        EXTRA,
        CORE.field("time_text"),
    ]
)
"""The columns of the view, in order."""

ALWAYS_THERE = "linux.auth"
"""The dataset that the view reads even where it has no files, so that the view has its columns."""

_PASSED_ON = (
    "event_id, time, source, host, source_ip, source_port, program, message, repeat_count, segment_id, record_number, "
    "byte_offset, byte_length, observed_at, process_id, action, extra, time_text"
)
"""Columns that every branch takes from its dataset as they are."""


def authentication_view(filled: Collection[str], settings: Settings, *, places: bool = False) -> str:
    """The statement that makes the view, over the datasets that have files.

    `local_time`, `local_hour` and `local_weekday` (ISO, Monday is 1) are in the city's time zone; `outside_hours` says
    that the attempt lies outside `detect.working_hours` and `detect.working_days`. With `places` the table
    `located_addresses` says where addresses are; without, nothing is known of that.
    """
    branches = list(host_attempts(filled, _PASSED_ON))
    if "windows.security" in filled:
        branches.append(windows_attempts(_PASSED_ON))
    branches.extend(cloud_attempts(filled, _PASSED_ON))
    return (
        f"CREATE VIEW authentication AS WITH attempts AS ({' UNION ALL '.join(branches)}), "
        f"named AS ({_NAMED}), placed AS ({_placed(settings.city.time_zone)}) "
        f"SELECT {_columns(settings, places)} FROM placed{_LOCATED if places else ''}"
    )


# DOMAIN\user and user@domain fall into their halves; a name without either is left as it is.
_NAMED = r"""
    SELECT * REPLACE (nullif(nullif(account, ''), '-') AS account,
                      nullif(nullif(account_domain, ''), '-') AS account_domain),
           strpos(account, '\') AS slash,
           strpos(account, '@') AS at_sign,
           CASE WHEN slash > 0 THEN substr(account, slash + 1)
                WHEN at_sign > 1 THEN substr(account, 1, at_sign - 1)
                ELSE nullif(nullif(account, ''), '-') END AS bare_user,
           CASE WHEN slash > 1 THEN substr(account, 1, slash - 1)
                WHEN slash = 0 AND at_sign > 1 THEN nullif(substr(account, at_sign + 1), '') END AS named_domain
    FROM attempts"""


def _placed(zone: str) -> str:
    # Times that no calendar holds (a broken clock may write any) have no local time.
    return f"""
        SELECT *,
               CASE WHEN time BETWEEN TIMESTAMP '0002-01-01' AND TIMESTAMP '9998-12-31'
                    THEN time AT TIME ZONE 'UTC' AT TIME ZONE {sql.text(zone)} END AS local_time
        FROM named"""


_ACCOUNT_KIND = f"""
    CASE WHEN bare_user IS NULL THEN NULL
         WHEN sid = {sql.text(APPLICATION)} THEN 'service'
         WHEN sid IN ('S-1-5-7', 'S-1-5-18', 'S-1-5-19', 'S-1-5-20') THEN 'system'
         WHEN upper(bare_user) IN ('ROOT', 'SYSTEM', 'LOCAL SERVICE', 'NETWORK SERVICE', 'ANONYMOUS LOGON')
              THEN 'system'
         WHEN regexp_matches(bare_user, '^(DWM|UMFD)-[0-9]+$', 'i') THEN 'system'
         WHEN ends_with(bare_user, '$') THEN 'computer'
         WHEN regexp_matches(bare_user, '^svc[-_]', 'i') THEN 'service'
         ELSE 'person' END"""


_LOCATED = f" LEFT JOIN {LOCATED} AS located ON located.located_address = placed.source_ip"


def _places(known: bool) -> str:
    if known:
        return ", ".join(f"located.{item.name}" for item in PLACE_FIELDS)
    return ", ".join(f"CAST(NULL AS {sql.type_of(item)}) AS {item.name}" for item in PLACE_FIELDS)


def _columns(settings: Settings, places: bool) -> str:
    first, end = settings.detect.working_hours
    days = ", ".join(str(int(day)) for day in settings.detect.working_days) or "0"
    return f"""
        event_id, time, dataset, source, host,
        bare_user AS "user", coalesce(account_domain, named_domain) AS user_domain, source_ip, source_port,
        {_places(places)},
        application, auth_method, outcome, failure_reason, session_id, CAST(logon_type AS VARCHAR) AS logon_type,
        {_ACCOUNT_KIND} AS account_kind,
        program, message, repeat_count,
        local_time, hour(local_time) AS local_hour, isodow(local_time) AS local_weekday,
        hour(local_time) < {int(first)} OR hour(local_time) >= {int(end)} OR isodow(local_time) NOT IN ({days})
            AS outside_hours,
        segment_id, record_number, byte_offset, byte_length, observed_at, process_id, action, extra, time_text"""
