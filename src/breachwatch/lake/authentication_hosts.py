"""The sign-in attempts of Linux hosts, VPN, network devices and web servers, as branches of the view `authentication`.

The view's own text says what counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

_SAME_HOST = "split_part(lower(told.host), '.', 1) = split_part(lower({view}.host), '.', 1)"
_SAME_SSH = ("host", "process_id", '"user"', "source_ip")
_GRACE = "'10 minutes'"  # sshd's LoginGraceTime is two minutes unless somebody gives its users longer
_NAMED_ONLY = f"""
    lone.program IN ('sshd', 'sshd-session') AND lone.action IS NULL AND lone.failure_reason = 'invalid user'
    AND (starts_with(lone.message, 'Invalid user ') OR starts_with(lone.message, 'Illegal user '))
    AND NOT EXISTS (
        SELECT 1 FROM linux_auth AS told
        WHERE told.action = 'logon' AND told.program IN ('sshd', 'sshd-session')
        AND told.failure_reason = 'invalid user'
        AND {" AND ".join(f"told.{name} IS NOT DISTINCT FROM lone.{name}" for name in _SAME_SSH)}
        AND told.time BETWEEN lone.time - INTERVAL {_GRACE} AND lone.time + INTERVAL {_GRACE})"""
"""sshd's "Invalid user NAME from IP" where no way to sign in was tried after it: one process serves one client."""


def host_attempts(filled: Collection[str], passed_on: str) -> Iterator[str]:
    """The SELECT of each branch; the first names the columns. `passed_on` are columns taken as they are."""
    yield f"""
        SELECT {passed_on}, 'linux.auth' AS dataset, "user" AS account, NULL AS account_domain, NULL AS sid,
               coalesce(service, program) AS application, auth_method, outcome, failure_reason, session_id,
               NULL AS logon_type
        FROM linux_auth WHERE action = 'logon'"""
    yield f"""
        SELECT {passed_on}, 'linux.auth', "user", NULL, NULL, program, auth_method, outcome, failure_reason, session_id,
               NULL
        FROM linux_auth AS lone WHERE {_NAMED_ONLY}"""
    told = [name for name in ("linux.auth", "linux.auditd") if name in filled]
    if "linux.auditd" in filled:
        yield f"""
            SELECT {passed_on}, 'linux.auditd', "user", NULL, NULL,
                   coalesce(nullif(regexp_extract(exe, '[^/]*$'), ''), program), auth_method, outcome, failure_reason,
                   session_id, NULL
            FROM linux_auditd WHERE action = 'logon' {_untold("linux_auditd", told[:-1])}"""
    if "linux.utmp" in filled:
        yield f"""
            SELECT {passed_on}, 'linux.utmp', "user", NULL, NULL, coalesce(program, 'login'), auth_method, outcome,
                   failure_reason, session_id, NULL
            FROM linux_utmp WHERE action = 'logon' {_untold("linux_utmp", told)}"""
    for name in ("network.vpn", "network.device", "web.error"):
        if name in filled:
            yield f"""
                SELECT {passed_on}, '{name}', "user", NULL, NULL, coalesce(program, '{name.partition(".")[2]}'),
                       auth_method, outcome, failure_reason, session_id, NULL
                FROM {name.replace(".", "_")} WHERE action = 'logon'"""


def _untold(view: str, better: Collection[str]) -> str:
    """The condition that none of the better datasets has an attempt on that host."""
    return " ".join(
        f"""AND NOT EXISTS (
            SELECT 1 FROM {name.replace(".", "_")} AS told
            WHERE told.action = 'logon' AND {_SAME_HOST.format(view=view)})"""
        for name in better
    )
