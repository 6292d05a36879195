"""What the messages of sudo, su and the account tools mean: exactly the columns that each fills."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.parse.support import auth, meaning

ACCOUNTS = [
    (
        "sudo",
        "  jmeyer : TTY=pts/0 ; PWD=/home/jmeyer ; USER=root ; COMMAND=/usr/bin/vim /etc/hosts ; echo",
        auth(
            action="privilege-used",
            outcome="success",
            user="jmeyer",
            target_user="root",
            tty="pts/0",
            working_directory="/home/jmeyer",
            command="/usr/bin/vim /etc/hosts ; echo",
        ),
    ),
    (
        "sudo",
        "jmeyer : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
        auth(
            action="privilege-used",
            outcome="failure",
            user="jmeyer",
            target_user="root",
            tty="pts/0",
            working_directory="/",
            command="/bin/sh",
            failure_reason="incorrect password",
        ),
    ),
    (
        "sudo",
        "temp01 : user NOT in sudoers ; TTY=pts/1 ; PWD=/tmp ; USER=www-data ; GROUP=www-data ; COMMAND=/bin/id",
        auth(
            action="privilege-used",
            outcome="failure",
            user="temp01",
            target_user="www-data",
            tty="pts/1",
            working_directory="/tmp",
            command="/bin/id",
            failure_reason="not in sudoers",
            group="www-data",
        ),
    ),
    (
        "sudo",
        "jmeyer : command not allowed ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
        auth(
            action="privilege-used",
            outcome="failure",
            user="jmeyer",
            target_user="root",
            working_directory="/",
            command="/bin/sh",
            failure_reason="command not allowed",
        ),
    ),
    ("sudo", "jmeyer : (command continued) --and-more", auth()),
    (
        "su",
        "(to root) jmeyer on pts/1",
        auth(action="privilege-used", outcome="success", user="jmeyer", target_user="root", tty="pts/1"),
    ),
    (
        "su",
        "FAILED SU (to root) jmeyer on pts/1",
        auth(action="privilege-used", outcome="failure", user="jmeyer", target_user="root", tty="pts/1"),
    ),
    (
        "su",
        "Successful su for root by jmeyer",
        auth(action="privilege-used", outcome="success", user="jmeyer", target_user="root"),
    ),
    (
        "su",
        "FAILED su for root by jmeyer",
        auth(action="privilege-used", outcome="failure", user="jmeyer", target_user="root"),
    ),
    ("su", "+ /dev/pts/0 jmeyer:root", auth(outcome="success", user="jmeyer", target_user="root", tty="/dev/pts/0")),
    (
        "su",
        "BAD SU jmeyer to root on /dev/ttyp0",
        auth(action="privilege-used", outcome="failure", user="jmeyer", target_user="root", tty="/dev/ttyp0"),
    ),
    (
        "su",
        "'su root' failed for lonvick on /dev/pts/8",
        auth(action="privilege-used", outcome="failure", user="lonvick", target_user="root", tty="/dev/pts/8"),
    ),
    (
        "useradd",
        "new user: name=svc-backup, UID=0, GID=0, home=/var/lib/x, shell=/bin/bash, from=/dev/pts/0",
        auth(action="user-created", outcome="success", target_user="svc-backup", uid=0, tty="/dev/pts/0"),
    ),
    (
        "useradd",
        "failed adding user 'jmeyer', data deleted",
        auth(action="user-created", outcome="failure", target_user="jmeyer"),
    ),
    ("groupadd", "new group: name=ops, GID=1010", auth(action="group-created", outcome="success", group="ops")),
    ("groupadd", "group added to /etc/gshadow: name=ops", auth()),
    ("groupdel", "group 'ops' removed", auth(action="group-deleted", outcome="success", group="ops")),
    ("groupdel", "group 'ops' removed from /etc/gshadow", auth()),
    ("userdel", "delete user 'jmeyer'", auth(action="user-deleted", outcome="success", target_user="jmeyer")),
    (
        "usermod",
        "add 'jmeyer' to group 'sudo'",
        auth(action="group-member-added", outcome="success", target_user="jmeyer", group="sudo"),
    ),
    ("usermod", "add 'jmeyer' to shadow group 'sudo'", auth()),
    (
        "gpasswd",
        "user jmeyer added by root to group docker",
        auth(action="group-member-added", outcome="success", user="root", target_user="jmeyer", group="docker"),
    ),
    (
        "gpasswd",
        "user jmeyer removed by root from group docker",
        auth(action="group-member-removed", outcome="success", user="root", target_user="jmeyer", group="docker"),
    ),
    (
        "passwd",
        "password for 'jmeyer' changed by 'root'",
        auth(action="password-reset", outcome="success", user="root", target_user="jmeyer"),
    ),
    (
        "passwd",
        "password for 'jmeyer' changed by 'jmeyer'",
        auth(action="password-changed", outcome="success", user="jmeyer", target_user="jmeyer"),
    ),
    ("usermod", "lock user 'jmeyer' password", auth(action="user-disabled", outcome="success", target_user="jmeyer")),
    ("usermod", "unlock user 'jmeyer' password", auth(action="user-enabled", outcome="success", target_user="jmeyer")),
    (
        "usermod",
        "change user 'jmeyer' shell from '/bin/sh' to '/bin/bash'",
        auth(action="user-changed", outcome="success", target_user="jmeyer"),
    ),
    (
        "chage",
        "changed password expiry for jmeyer",
        auth(action="user-changed", outcome="success", target_user="jmeyer"),
    ),
]


@pytest.mark.parametrize(
    ("program", "text", "expected"), ACCOUNTS, ids=lambda value: value[:60] if isinstance(value, str) else ""
)
def test_meaning(program: str, text: str, expected: dict[str, Any]) -> None:
    assert meaning(program, text) == expected
