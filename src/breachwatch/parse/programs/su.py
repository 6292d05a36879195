"""su, in the wordings of util-linux, shadow, BSD and older Unix.

Messages: util-linux login-utils/su-common.c; shadow src/su.c; RFC 3164's own example. `user` is who called su,
`target_user` the account acted as. Acting as somebody else is no sign-in.

shadow writes two lines for one su, `Successful su for root by jmeyer` and `+ /dev/pts/0 jmeyer:root`: only the first is
the deed.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.programs.meaning import AUTH, Values, pattern

_FORMS = (
    # util-linux: "(to root) jmeyer on pts/1", "FAILED SU (to root) jmeyer on pts/1"
    pattern(r"(?P<failed>FAILED[ ]SU[ ])?\(to[ ](?P<target>.{0,256}?)\)[ ](?P<user>.{0,256})[ ]on[ ](?P<tty>[^ ]*)"),
    # shadow: "Successful su for root by jmeyer", "FAILED su for root by jmeyer"
    pattern(r"(?:Successful|(?P<failed>FAILED))[ ]su[ ]for[ ](?P<target>.{0,256})[ ]by[ ](?P<user>.{0,256})"),
    # older Unix: "'su root' failed for jmeyer on /dev/pts/8"
    pattern(
        r"""
        'su[ ](?P<target>.{0,256})'[ ](?:succeeded|(?P<failed>failed))[ ]for[ ]
        (?P<user>.{0,256}?)(?:[ ]on[ ](?P<tty>[^ ]*))?
        """
    ),
    # BSD: "jmeyer to root on /dev/ttyp0", "BAD SU jmeyer to root on /dev/ttyp0"
    pattern(r"(?P<failed>BAD[ ]SU[ ])?(?P<user>[^ ]+)[ ]to[ ](?P<target>[^ ]+)(?:[ ]on[ ](?P<tty>[^ ]*))"),
)
_SECOND_LINE = pattern(r"(?P<sign>[+-])[ ](?P<tty>[^ ]*)[ ](?P<user>[^:]*)[:-](?P<target>.{0,256})")


def read(message: str, values: Values, extra: Values) -> str | None:  # noqa: ARG001 - the shape of all readers
    """The meaning of one message of su."""
    for form in _FORMS:
        found = form.fullmatch(message)
        if found is not None:
            failed = bool(found["failed"])
            values["action"] = actions.PRIVILEGE_USED
            values["outcome"] = actions.FAILURE if failed else actions.SUCCESS
            values["user"], values["target_user"] = found["user"], found["target"]
            values["tty"] = found.groupdict().get("tty")
            return AUTH
    found = _SECOND_LINE.fullmatch(message)
    if found is not None:
        values["outcome"] = actions.SUCCESS if found["sign"] == "+" else actions.FAILURE
        values["user"], values["target_user"], values["tty"] = found["user"], found["target"], found["tty"]
    return AUTH


READERS: Final = {"su": read}
