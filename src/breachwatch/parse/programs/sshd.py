"""OpenSSH's sshd (and sshd-session since 9.8). Messages: OpenSSH auth.c, auth2.c, packet.c, kex.c, sshd.c; sshd(8).

What counts as an attempt to sign in (`action = logon`): the lines `Accepted METHOD for` and `Failed METHOD for`.
`Failed none` is no attempt: every client asks with the method "none" which methods there are. The other lines about the
same attempt (`Invalid user`, PAM's `authentication failure`, `N more authentication failures`, `maximum authentication
attempts exceeded`) carry user, address and reason, but are no further attempt.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, Values, pattern

_ATTEMPT = pattern(
    r"""
    (?P<word>Accepted|Failed|Postponed|Partial)[ ]
    (?P<method>[^ ]+)[ ]for[ ]                  # password, publickey, keyboard-interactive/pam, gssapi-with-mic, none
    (?P<invalid>(?:invalid|illegal)[ ]user[ ])?
    (?P<user>.*)[ ]from[ ](?P<address>[^ ]+)    # the user name may hold anything, also " from "
    [ ]port[ ](?P<port>\d+)
    (?:[ ]ssh\d?)?
    (?::[ ](?P<key>.*))?                        # key type and fingerprint, certificate id
    (?:[ ]\[preauth\])?
    """
)
_INVALID_USER = pattern(
    r"(?:Invalid|Illegal)[ ]user[ ](?P<user>.*?)[ ]from[ ](?P<address>[^ ]+)(?:[ ]port[ ](?P<port>\d+))?"
)
_OLD_INVALID_USER = pattern(r"input_userauth_request:[ ](?:invalid|illegal)[ ]user[ ](?P<user>.*?)(?:[ ]\[preauth\])?")
_TOO_MANY = pattern(
    r"""
    (?:error:[ ])?maximum[ ]authentication[ ]attempts[ ]exceeded[ ]for[ ]
    (?P<invalid>invalid[ ]user[ ])?(?P<user>.*)[ ]from[ ](?P<address>[^ ]+)[ ]port[ ](?P<port>\d+)
    (?:[ ]ssh\d?)?(?:[ ]\[preauth\])?
    """
)
_ENDED = pattern(
    r"""
    (?:Connection[ ](?:closed|reset)[ ]by|Received[ ]disconnect[ ]from|Disconnected[ ]from|
       (?:fatal:[ ])?Timeout[ ]before[ ]authentication[ ]for)
    [ ](?:remote[ ]host[ ])?(?P<address>[0-9a-zA-Z:.%_-]+?)
    (?:[ ]port[ ](?P<port>\d+))?
    (?::[ ]?(?P<code>\d+))?                     # SSH disconnect reason code, RFC 4253 section 11.1
    (?::[ ](?P<why>.*?))?
    (?:[ ]\[preauth\])?
    """
)
_USER_ENDED = pattern(
    r"""
    (?:Connection[ ](?:closed|reset)[ ]by|Disconnected[ ]from|Disconnecting)[ ]
    (?:(?P<invalid>invalid)[ ]user|authenticating[ ]user|user)[ ](?P<user>.*)
    [ ](?P<address>[^ ]+)[ ]port[ ](?P<port>\d+)
    (?::[ ](?P<why>[^:]*?))?
    (?:[ ]\[preauth\])?
    """
)
_DISCONNECTING = pattern(
    r"Disconnecting:[ ](?P<why>Too[ ]many[ ]authentication[ ]failures)(?:[ ]for[ ](?P<user>.*?))?(?:[ ]\[preauth\])?"
)
_NO_IDENTIFICATION = pattern(
    r"""
    (?:Did[ ]not[ ]receive[ ]identification[ ]string[ ]from|
       Bad[ ]protocol[ ]version[ ]identification[ ]'(?P<said>.*)'[ ]from|
       banner[ ]exchange:[ ]Connection[ ]from)[ ]
    (?P<address>[^ :]+|[0-9a-fA-F:.]+)(?:[ ]port[ ](?P<port>\d+))?(?::[ ](?P<why>.*))?
    """
)
_NEGOTIATE = pattern(
    r"""
    (?:fatal:[ ])?Unable[ ]to[ ]negotiate[ ]with[ ](?P<address>[^ ]+?)(?:[ ]port[ ](?P<port>\d+))?:[ ]
    (?P<why>.*?)(?:[ ]\[preauth\])?
    """
)
_CONNECTION = pattern(r"Connection[ ]from[ ](?P<address>[^ ]+)[ ]port[ ](?P<port>\d+)(?:[ ]on[ ].*)?")
_NOT_ALLOWED = pattern(r"User[ ](?P<user>.*)[ ]from[ ](?P<address>[^ ]+)[ ]not[ ]allowed[ ]because[ ](?P<why>.*)")
_ROOT_REFUSED = pattern(r"ROOT[ ]LOGIN[ ]REFUSED[ ]FROM[ ](?P<address>[^ ]+)(?:[ ]port[ ](?P<port>\d+))?.*")
_MORE_FAILURES = pattern(
    r"""
    PAM[ ](?P<more>\d+)[ ]more[ ]authentication[ ]failures?;
    .*?[ ]rhost=(?P<address>[^ ]*)(?:[ ]+user=(?P<user>.*))?
    """
)
_REVERSE_MAPPING = pattern(
    r"reverse[ ]mapping[ ]checking[ ]getaddrinfo[ ]for[ ](?P<name>.*)[ ]\[(?P<address>[^ ]+)\][ ]failed.*"
)
_STARTING_SESSION = pattern(
    r"""
    Starting[ ]session:[ ](?P<what>.*)[ ]for[ ](?P<user>.*)[ ]from[ ](?P<address>[^ ]+)
    [ ]port[ ](?P<port>\d+)(?:[ ]id[ ]\d+)?
    """
)
_LISTENING = pattern(r"Server[ ]listening[ ]on[ ](?P<address>[^ ]+)[ ]port[ ](?P<port>\d+)\.?")


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message; sshd's messages belong to linux.auth whether understood or not."""
    start = message.removeprefix("error: ").removeprefix("fatal: ")
    for opening, reader in _BY_FIRST_WORD.get(start[: start.find(" ")], ()):
        found = opening.fullmatch(message)
        if found is not None:
            reader(found.groupdict(), values, extra)
            break
    return AUTH


def _who(found: dict[str, str | None], values: Values, extra: Values) -> None:
    # An attempt with an empty user name names nobody: the column stays empty.
    if found.get("user"):
        values["user"] = found["user"]
    put_source(values, extra, found.get("address"), found.get("port"))


def _attempt(found: dict[str, str | None], values: Values, extra: Values) -> None:
    _who(found, values, extra)
    method = str(found["method"])
    values["auth_method"] = (
        "keyboard-interactive" if method.startswith("keyboard-interactive") else _METHODS.get(method, method)
    )
    if found["key"]:
        extra["key"] = found["key"]
    if found["word"] == "Accepted":
        values["action"], values["outcome"] = actions.LOGON, actions.SUCCESS
    elif found["word"] == "Failed":
        values["outcome"] = actions.FAILURE
        if method != "none":
            values["action"] = actions.LOGON
        if found["invalid"]:
            values["failure_reason"] = "invalid user"
        elif method == "password":
            values["failure_reason"] = "bad password"


def _invalid_user(found: dict[str, str | None], values: Values, extra: Values) -> None:
    _who(found, values, extra)
    values["outcome"], values["failure_reason"] = actions.FAILURE, "invalid user"


def _too_many(found: dict[str, str | None], values: Values, extra: Values) -> None:
    _who(found, values, extra)
    values["action"], values["outcome"] = actions.CONNECTION_CLOSED, actions.FAILURE
    values["failure_reason"] = "too many authentication failures"


def _ended(found: dict[str, str | None], values: Values, extra: Values) -> None:
    _who(found, values, extra)
    values["action"] = actions.CONNECTION_CLOSED
    if found.get("invalid"):
        values["failure_reason"] = "invalid user"
    if found["why"] and found["why"].lower().startswith("too many authentication failures"):
        values["outcome"], values["failure_reason"] = actions.FAILURE, "too many authentication failures"
    elif found["why"]:
        extra["reason"] = found["why"]


def _no_protocol(found: dict[str, str | None], values: Values, extra: Values) -> None:
    _who(found, values, extra)
    values["action"], values["outcome"] = actions.CONNECTION, actions.FAILURE
    for name in ("said", "why"):
        if found.get(name):
            extra[name] = found[name]


def _connection(found: dict[str, str | None], values: Values, extra: Values) -> None:
    _who(found, values, extra)
    values["action"] = actions.CONNECTION


def _refused(found: dict[str, str | None], values: Values, extra: Values) -> None:
    _who(found, values, extra)
    values["outcome"] = actions.FAILURE
    values["failure_reason"] = found.get("why") or "root sign-in refused"


def _more_failures(found: dict[str, str | None], values: Values, extra: Values) -> None:
    _who(found, values, extra)
    values["outcome"], values["failure_reason"] = actions.FAILURE, "authentication failure"
    values["auth_method"], values["service"] = "pam", "sshd"
    extra["more_failures"] = int(str(found["more"])[:9])


def _named(found: dict[str, str | None], values: Values, extra: Values) -> None:
    _who(found, values, extra)
    if found.get("name"):
        extra["source_host"] = found["name"]


def _listening(found: dict[str, str | None], values: Values, extra: Values) -> None:
    values["action"] = actions.SERVICE_STARTED
    extra["listens_on"] = f"{found['address']} port {found['port']}"


_METHODS = {"gssapi-with-mic": "gssapi", "gssapi-keyex": "gssapi", "gssapi": "gssapi"}

# The first word picks the patterns that can match at all; a busy log asks this for every line.
_BY_FIRST_WORD = {
    **dict.fromkeys(("Accepted", "Failed", "Postponed", "Partial"), ((_ATTEMPT, _attempt),)),
    **dict.fromkeys(("Invalid", "Illegal"), ((_INVALID_USER, _invalid_user),)),
    "input_userauth_request:": ((_OLD_INVALID_USER, _invalid_user),),
    "maximum": ((_TOO_MANY, _too_many),),
    "Connection": ((_ENDED, _ended), (_USER_ENDED, _ended), (_CONNECTION, _connection)),
    "Disconnected": ((_ENDED, _ended), (_USER_ENDED, _ended)),
    "Disconnecting": ((_USER_ENDED, _ended),),
    "Disconnecting:": ((_DISCONNECTING, _too_many),),
    "Received": ((_ENDED, _ended),),
    "Timeout": ((_ENDED, _ended),),
    **dict.fromkeys(("Did", "Bad", "banner"), ((_NO_IDENTIFICATION, _no_protocol),)),
    "Unable": ((_NEGOTIATE, _no_protocol),),
    "User": ((_NOT_ALLOWED, _refused),),
    "ROOT": ((_ROOT_REFUSED, _refused),),
    "PAM": ((_MORE_FAILURES, _more_failures),),
    "reverse": ((_REVERSE_MAPPING, _named),),
    "Starting": ((_STARTING_SESSION, _named),),
    "Server": ((_LISTENING, _listening),),
}


READERS: Final = {"sshd": read, "sshd-session": read, "sshd-auth": read}
