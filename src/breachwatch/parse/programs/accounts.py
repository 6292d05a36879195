"""Account and group changes by the shadow tools, from useradd to chage.

Messages: shadow-utils src/*.c (SYSLOG calls) and lib/.

`target_user` is the account changed, `user` the one who changed it, where the line says so. One deed, one event: the
further lines about the shadow copies of the same files (`group added to /etc/gshadow`) have no action.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.programs.meaning import AUTH, Values, pattern

_TOOLS: Final = (
    *(
        "useradd",
        "userdel",
        "usermod",
        "groupadd",
        "groupdel",
        "groupmod",
        "gpasswd",
        "passwd",
        "chpasswd",
        "chgpasswd",
    ),
    *("chage", "chfn", "chsh", "newusers", "adduser", "addgroup", "deluser", "delgroup"),
)
_FORMS = (
    # useradd, newusers: new user: name=jmeyer, UID=1005, GID=1005, home=/home/jmeyer, shell=/bin/bash, from=/dev/pts/0
    (
        pattern(
            r"""
            new[ ]user:[ ]name=(?P<target_user>.{0,256}?),[ ]UID=(?P<uid>\d+),[ ]GID=(?P<gid>\d+),[ ]
            home=(?P<home>.{0,256}?),[ ]shell=(?P<shell>.{0,256}?)(?:,[ ]from=(?P<tty>.{0,256}))?
            """
        ),
        actions.USER_CREATED,
        actions.SUCCESS,
    ),
    (
        pattern(r"failed[ ]adding[ ]user[ ]['`](?P<target_user>.{0,256})',[ ](?P<reason>.*)"),
        actions.USER_CREATED,
        actions.FAILURE,
    ),
    (pattern(r"new[ ]group:[ ]name=(?P<group>.{0,256}?),[ ]GID=(?P<gid>\d+)"), actions.GROUP_CREATED, actions.SUCCESS),
    (pattern(r"group[ ]'(?P<group>.{0,256})'[ ]removed"), actions.GROUP_DELETED, actions.SUCCESS),
    (
        pattern(r"removed[ ]group[ ]['`](?P<group>.{0,256})'[ ]owned[ ]by[ ]['`](?P<target_user>.{0,256})'"),
        actions.GROUP_DELETED,
        actions.SUCCESS,
    ),
    (pattern(r"delete[ ]user[ ]['`](?P<target_user>.{0,256})'"), actions.USER_DELETED, actions.SUCCESS),
    # useradd, usermod: add 'jmeyer' to group 'sudo'; the shadow group's line says "to shadow group"
    (
        pattern(r"add[ ]['`](?P<target_user>.{0,256})'[ ]to[ ]group[ ]['`](?P<group>.{0,256})'"),
        actions.GROUP_MEMBER_ADDED,
        actions.SUCCESS,
    ),
    (
        pattern(r"delete[ ]['`](?P<target_user>.{0,256})'[ ]from[ ]group[ ]['`](?P<group>.{0,256})'"),
        actions.GROUP_MEMBER_REMOVED,
        actions.SUCCESS,
    ),
    # gpasswd: user jmeyer added by root to group sudo; older: add member jmeyer to group sudo by root
    (
        pattern(
            r"user[ ](?P<target_user>.{0,256})[ ]added[ ]by[ ](?P<user>.{0,256})[ ]to[ ]group[ ](?P<group>.{0,256})"
        ),
        actions.GROUP_MEMBER_ADDED,
        actions.SUCCESS,
    ),
    (
        pattern(
            r"add[ ]member[ ](?P<target_user>.{0,256})[ ]to[ ]group[ ](?P<group>.{0,256})[ ]by[ ](?P<user>.{0,256})"
        ),
        actions.GROUP_MEMBER_ADDED,
        actions.SUCCESS,
    ),
    (
        pattern(
            r"user[ ](?P<target_user>.{0,256})[ ]removed[ ]by[ ](?P<user>.{0,256})[ ]from[ ]group[ ](?P<group>.{0,256})"
        ),
        actions.GROUP_MEMBER_REMOVED,
        actions.SUCCESS,
    ),
    (
        pattern(
            r"""
            remove[ ]member[ ](?P<target_user>.{0,256})[ ]from[ ]group[ ](?P<group>.{0,256})[ ]by[ ]
            (?P<user>.{0,256})
            """
        ),
        actions.GROUP_MEMBER_REMOVED,
        actions.SUCCESS,
    ),
    # passwd, chpasswd: password for 'jmeyer' changed by 'root'; usermod: change user 'jmeyer' password
    (
        pattern(r"password[ ]for[ ]['`](?P<target_user>.{0,256})'[ ]changed[ ]by[ ]['`](?P<user>.{0,256})'"),
        actions.PASSWORD_CHANGED,
        actions.SUCCESS,
    ),
    (pattern(r"change[ ]user[ ]['`](?P<target_user>.{0,256})'[ ]password"), actions.PASSWORD_CHANGED, actions.SUCCESS),
    (pattern(r"lock[ ]user[ ]['`](?P<target_user>.{0,256})'[ ]password"), actions.USER_DISABLED, actions.SUCCESS),
    (pattern(r"unlock[ ]user[ ]['`](?P<target_user>.{0,256})'[ ]password"), actions.USER_ENABLED, actions.SUCCESS),
    (pattern(r"change[ ]user[ ]name[ ]['`](?P<target_user>.{0,256}?)'[ ].*"), actions.USER_CHANGED, actions.SUCCESS),
    (pattern(r"changed?[ ]user[ ]['`](?P<target_user>.{0,256}?)'[ ].*"), actions.USER_CHANGED, actions.SUCCESS),
    (pattern(r"changed[ ]password[ ]expiry[ ]for[ ](?P<target_user>.{0,256})"), actions.USER_CHANGED, actions.SUCCESS),
)
_COLUMNS = ("target_user", "user", "group", "tty")


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of the shadow tools."""
    for form, action, outcome in _FORMS:
        found = form.fullmatch(message)
        if found is None:
            continue
        fields = {name: text for name, text in found.groupdict().items() if text}
        values["action"], values["outcome"] = action, outcome
        for name in _COLUMNS:
            if name in fields:
                values[name] = fields.pop(name)
        if "uid" in fields:
            uid = fields.pop("uid")
            values["uid"] = int(uid) if len(uid) < 11 else uid
        if action == actions.PASSWORD_CHANGED and values.get("user", values["target_user"]) != values["target_user"]:
            values["action"] = actions.PASSWORD_RESET  # by somebody else
        extra.update(fields)
        return AUTH
    return AUTH


READERS: Final = dict.fromkeys(_TOOLS, read)
