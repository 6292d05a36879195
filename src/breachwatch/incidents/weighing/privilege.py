"""Accounts that may do much: those that the settings name by patterns, and those that logs say so of.

Windows 4672 (special privileges assigned to a new logon), sudo and su to root that succeeded, members added to groups
of administrators, roles given in Entra ID and Okta. What is learnt is kept, with the event that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, timedelta

from sqlalchemy import Connection, select

from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.common import patterns
from breachwatch.incidents.entities import storable
from breachwatch.model import actions
from breachwatch.model.finding import Window
from breachwatch.records.triage import privileged_account
from breachwatch.workspace import Workspace

_AT_MOST = timedelta(days=7)  # of a window; a hunt over years learns from its last days
_ACCOUNTS = 20_000  # learnt in one run
_NAME_CHARS = 200

_ADMIN_GROUPS = (
    *("sudo", "wheel", "admin", "root", "docker", "lxd", "administrators", "domain admins", "enterprise admins"),
    *("schema admins", "account operators", "backup operators", "server operators", "group policy creator owners"),
)

_AS_ROOT = "coalesce(target_user, 'root') = 'root'"

_SAYS: tuple[tuple[str, str, str, str], ...] = (
    (
        "windows.security",
        f"action = '{actions.PRIVILEGE_ASSIGNED}' AND \"user\" NOT LIKE '%$'",
        '"user"',
        "special privileges at sign-in (Windows 4672)",
    ),
    (
        "linux.auth",
        f"action = '{actions.PRIVILEGE_USED}' AND outcome = '{actions.SUCCESS}' AND {_AS_ROOT}",
        '"user"',
        "acted as root (sudo or su)",
    ),
    (
        "linux.auth",
        f"action = '{actions.GROUP_MEMBER_ADDED}' AND lower(\"group\") IN ({', '.join(map(repr, _ADMIN_GROUPS))})",
        "target_user",
        "was added to a group of administrators",
    ),
    (
        "entra.audit",
        f"OperationName ILIKE 'Add%member to role%' AND outcome = '{actions.SUCCESS}'",
        "target_user",
        "was given a role in Entra ID",
    ),
    (
        "okta.system",
        f"eventType = 'user.account.privilege.grant' AND outcome = '{actions.SUCCESS}'",
        "target_user",
        "was made an administrator in Okta",
    ),
)
"""Dataset, condition, column of the account, and what that says of it."""

_SYSTEM = ("system", "local service", "network service", "anonymous logon", "root")


class Privileged:
    """Which of an incident's accounts may do much, and why."""

    def __init__(self, connection: Connection, names: Iterable[str]) -> None:
        self._connection = connection
        self._names = patterns(names)

    def among(self, accounts: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Account and why, for those of the accounts (in lower case, with a domain or not) that are privileged."""
        listed = list(dict.fromkeys(accounts))
        spelt = {name: {name, *_plain(name)} for name in listed}
        learnt: dict[str, str] = {}
        for chunk in chunks({text for texts in spelt.values() for text in texts}):
            query = select(privileged_account.c.account, privileged_account.c.why)
            learnt.update(
                (row.account, row.why)
                for row in self._connection.execute(query.where(privileged_account.c.account.in_(chunk)))
            )
        found = []
        for name in listed:
            why = next((learnt[text] for text in sorted(spelt[name]) if text in learnt), "")
            if any(self._names.fullmatch(text) for text in spelt[name]):
                why = "the settings name it under incidents.privileged"
            if why:
                found.append((name, why))
        return tuple(found)


def learn(ws: Workspace, window: Window) -> tuple[list[dict[str, object]], str]:
    """What the logs of a window say about privileges, as rows to keep; and why it could not be read, if so.

    Reads the lake, so it is called before the write transaction in which `keep` writes the rows.
    """
    # A night learns; whoever only looks at incidents need not wait for DuckDB to load.
    import duckdb

    from breachwatch import lake
    from breachwatch.model.datasets import DATASETS

    since = max(window.start, window.end - _AT_MOST)
    there = {file.dataset for file in lake.files_around(ws, since, window.end)}
    asked = [item for item in _SAYS if item[0] in there]
    if not asked:
        return [], ""
    # Without the views of the lake, which take longer to make than all that is asked here.
    events = {name: lake.select_between(ws, DATASETS[name], since, window.end) for name, *_ in asked}
    rows: dict[str, dict[str, object]] = {}
    try:
        with lake.connect_bare(ws) as connection:
            for dataset, condition, account, why in asked:
                for name, event_id, seen in connection.execute(_sql(events[dataset], condition, account)).fetchall():
                    text = storable(name)[:_NAME_CHARS].casefold()
                    rows[text] = {
                        "account": text,
                        "why": why,
                        "dataset": dataset,
                        "event_id": event_id,
                        "seen_at": seen.replace(tzinfo=UTC) if seen.tzinfo is None else seen,
                    }
    except duckdb.Error as error:
        return [], f"what logs say about privileges was not read: {str(error).splitlines()[0][:200]}"
    return list(rows.values()), ""


def keep(connection: Connection, rows: Iterable[dict[str, object]]) -> None:
    """Write what was learnt, within a transaction: the latest event for each account."""
    for chunk in _pieces(list(rows)):
        names = [row["account"] for row in chunk]
        connection.execute(privileged_account.delete().where(privileged_account.c.account.in_(names)))
        connection.execute(privileged_account.insert(), chunk)


def _pieces(rows: list[dict[str, object]]) -> Iterable[list[dict[str, object]]]:
    for start in range(0, len(rows), 500):
        yield rows[start : start + 500]


def _sql(events: str, condition: str, account: str) -> str:
    system = ", ".join(map(repr, _SYSTEM))
    return (
        f"SELECT lower({account}) AS account, arg_max(event_id, time), max(time) "
        f"FROM ({events}) WHERE ({condition}) AND {account} IS NOT NULL AND {account} NOT IN ('', '-') "
        f"AND lower({account}) NOT IN ({system}) "
        f"GROUP BY 1 ORDER BY 3 DESC LIMIT {_ACCOUNTS}"
    )


def _plain(name: str) -> Iterable[str]:
    """The account without its domain: both of `city/adm` (with a backslash) and `adm@city.example` are `adm`."""
    yield name.rsplit("\\", 1)[-1]
    if "@" in name:
        yield name.partition("@")[0].rsplit("\\", 1)[-1]
