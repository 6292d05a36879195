"""What one audit record means by itself: who acts, what was done, with what outcome.

Types: audit-documentation, `specs/messages/message-dictionary.csv`; fields of sign-ins: OpenSSH audit-linux.c,
Linux-PAM libpam/pam_audit.c, shadow and util-linux.

`action = logon` marks USER_LOGIN, which a program writes once for each attempt; USER_AUTH, USER_ACCT, CRED_ACQ and
USER_START tell of steps on the way and carry account, address and outcome without being an attempt of their own.
"""

from __future__ import annotations

from typing import Any, Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.auditd.fields import Fields

Values = dict[str, Any]

NOBODY: Final = frozenset({"4294967295", "-1", "unset", "unknown"})
"""How the login user is written where nobody logged in."""

_ACTIONS: Final = {
    "ADD_GROUP": actions.GROUP_CREATED,
    "ADD_USER": actions.USER_CREATED,
    "ACCT_LOCK": actions.USER_DISABLED,
    "ACCT_UNLOCK": actions.USER_ENABLED,
    "CONFIG_CHANGE": actions.CONFIGURATION_CHANGED,
    "DAEMON_CONFIG": actions.CONFIGURATION_CHANGED,
    "DAEMON_END": actions.SERVICE_STOPPED,
    "DAEMON_START": actions.SERVICE_STARTED,
    "DEL_GROUP": actions.GROUP_DELETED,
    "DEL_USER": actions.USER_DELETED,
    "SERVICE_START": actions.SERVICE_STARTED,
    "SERVICE_STOP": actions.SERVICE_STOPPED,
    "SYSTEM_BOOT": actions.SYSTEM_STARTED,
    "SYSTEM_SHUTDOWN": actions.SYSTEM_STOPPED,
    "USER_CMD": actions.PRIVILEGE_USED,
    "USER_END": actions.SESSION_CLOSED,
    "USER_LOGIN": actions.LOGON,
    "USER_LOGOUT": actions.LOGOFF,
    "USER_START": actions.SESSION_OPENED,
}
# Of records about accounts, `acct` (or `id`) is whom it was done to; the actor is the login user.
_ABOUT_ACCOUNTS: Final = frozenset(
    ("ADD_USER", "DEL_USER", "USER_MGMT", "ADD_GROUP", "DEL_GROUP", "GRP_MGMT", "ACCT_LOCK", "ACCT_UNLOCK")
)
_OUTCOMES: Final = {
    "success": actions.SUCCESS,
    "yes": actions.SUCCESS,
    "1": actions.SUCCESS,
    "failed": actions.FAILURE,
    "no": actions.FAILURE,
    "0": actions.FAILURE,
}
_NO_ACCOUNT: Final = ("(", "unknown")  # "(invalid user)", "(unknown user)", "unknown user"


def name_of(fields: Fields, field: str) -> str | None:
    """The account that an id field means: as the record names it, or root for 0; None where only a number is known."""
    name = fields.get(field.upper()) or fields.get(field)
    if name == "0":
        return "root"
    return None if name is None or name.isdecimal() or name in NOBODY else name


def actor(fields: Fields) -> str | None:
    """Who acts: whoever logged in, or else the account that the process runs as."""
    return name_of(fields, "auid") or name_of(fields, "uid")


def put_meaning(kind: str, fields: Fields, values: Values, extra: Values) -> None:
    """Fill in user, action, outcome, address and what else the event core has."""
    result = fields.get("res") or fields.get("result") or fields.get("success") or ""
    values["outcome"] = _OUTCOMES.get(result)
    values["action"] = _ACTIONS.get(kind)
    if kind in _ABOUT_ACCOUNTS:
        values["user"] = actor(fields)
        values["target_user"] = account(fields)
        values["action"] = values["action"] or _of_operation(kind, fields.get("op", "").lower())
    elif kind == "USER_CHAUTHTOK":
        values["user"], values["target_user"] = actor(fields), account(fields)
        values["action"] = actions.PASSWORD_CHANGED
    elif kind.startswith(("USER_", "CRED_", "CRYPTO_")) and kind not in {"USER_CMD", "USER_TTY", "USER_AVC"}:
        values["user"] = account(fields) if "acct" in fields or "id" in fields else actor(fields)
        _put_sign_in(kind, fields, values, extra)
    else:
        values["user"] = actor(fields)
        if kind in {"AVC", "USER_AVC"}:
            denied = fields.get("apparmor") == "DENIED" or "denied" in values["message"]
            values["outcome"] = actions.FAILURE if denied else values["outcome"]
        if kind == "USER_CMD":
            values["CommandLine"], values["CurrentDirectory"] = fields.get("cmd"), fields.get("cwd")
            values["target_user"] = account(fields)


def account(fields: Fields) -> str | None:
    """The account that a record is about."""
    name = fields.get("acct")
    if name is not None:
        return None if name.startswith(_NO_ACCOUNT) else name
    return name_of(fields, "id")


def _put_sign_in(kind: str, fields: Fields, values: Values, extra: Values) -> None:
    address, name = fields.get("addr"), fields.get("hostname")
    put_source(values, extra, address or name, fields.get("rport"))
    session = fields.get("ses")
    values["session_id"] = None if session in NOBODY else session
    operation = fields.get("op", "")
    if kind == "USER_AUTH":
        values["auth_method"] = "publickey" if "key" in operation else "pam" if "PAM" in operation else None
    if values["outcome"] == actions.FAILURE and kind in {"USER_LOGIN", "USER_AUTH", "USER_ERR"}:
        invalid = fields.get("acct", "").startswith(_NO_ACCOUNT) or "bad_ident" in operation
        values["failure_reason"] = "invalid user" if invalid else "authentication failure"


def _of_operation(kind: str, operation: str) -> str | None:
    """What was done to a user or a group, by the tool's own words (`add-user-to-group`, `changing password`)."""
    if kind == "GRP_MGMT":
        if ("add" in operation and "to" in operation) and ("user" in operation or "member" in operation):
            return actions.GROUP_MEMBER_ADDED
        if ("delet" in operation or "remov" in operation) and ("user" in operation or "member" in operation):
            return actions.GROUP_MEMBER_REMOVED
        return None
    return actions.PASSWORD_CHANGED if "passw" in operation else actions.USER_CHANGED
