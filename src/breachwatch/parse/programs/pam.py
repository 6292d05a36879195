"""Linux-PAM modules, whatever program they run in.

Messages: Linux-PAM modules/pam_unix/{support,pam_unix_sess}.c, pam_faillock(8), pam_tally2(8), sssd's and winbind's
PAM modules.

What counts as an attempt to sign in (`action = logon`):

====================================================  ==================================================
`authentication failure` of a service that logs its    no: sshd, sudo, su, doas, polkit-1, cron, smtp, dovecot,
own attempts                                           nor screen unlocks (who sits there is known already)
`authentication failure` of any other service          yes, failure: login, gdm-password, vsftpd, webmin, ...
`session opened` of a console or desktop service       yes, success: login, gdm-password, lightdm, xrdp-sesman, ...
                                                       (the only line that tells of it)
`session opened` of any other service                  no: `action = session-opened`
====================================================  ==================================================

In sudo, su and their like the account that acts (`by ...`) is `user` and the one acted as is `target_user`.
"""

from __future__ import annotations

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, Values, pattern

_HEAD = pattern(
    r"""
    (?:pam_\w+\((?P<service>[^():]*)(?::\w+)?\):  # pam_unix(sshd:auth):
      |\(pam_\w+\)|pam_\w+:)                     # older: the service is the program
    [ ]+(?P<rest>.*)
    """
)
_OPENED = pattern(
    r"""
    session[ ](?P<word>opened|closed)[ ]for[ ]user[ ](?P<user>.{0,256}?)
    (?:\(uid=(?P<uid>\d+)\))?                          # since Linux-PAM 1.4
    (?:[ ]by[ ](?P<by>.{0,256}?)\(uid=(?P<by_uid>\d+)\))?    # the name is empty where PAM knew none
    """
)
_FAILURE = pattern(
    r"""
    (?:(?P<more>\d+)[ ]more[ ])?authentication[ ]failures?;[ ]
    logname=(?P<logname>[^ ]*)[ ]uid=(?P<uid>\d*)[ ]euid=\d*[ ]tty=(?P<tty>[^ ]*)[ ]
    ruser=(?:(?P<ruser>[^ ]*)[ ]rhost=(?P<rhost>[^ ]*)(?:[ ]+user=(?P<user>.{0,256}))?[ ]*
            |(?P<long_ruser>.{0,256})[ ]rhost=(?P<last_rhost>[^ ]*))  # a name that imitates what follows it
    """
)
_UNKNOWN_USER = "check pass; user unknown"
_CHANGED = pattern(r"password[ ]changed[ ]for[ ](?P<user>.{0,256})")
_EXPIRED = pattern(
    r"""
    (?:account[ ](?P<user>.{0,256})[ ]has[ ]expired[ ]\((?P<why>.{0,256})\)|
       expired[ ]password[ ]for[ ]user[ ](?P<user2>.{0,256})[ ]\((?P<why2>.{0,256})\))
    """
)
_LOCKED = pattern(
    r"""
    (?:Consecutive[ ]login[ ]failures[ ]for[ ]user[ ](?P<user>.{0,256}?)[ ]account[ ]temporarily[ ]locked|
       user[ ](?P<user2>.{0,256}?)[ ]\(\d+\)[ ](?:tally[ ]\d+,[ ]deny[ ]\d+|has[ ]been[ ]locked.*))
    """
)

_OWN_LINES = frozenset(
    {"sshd", "sudo", "sudo-i", "su", "su-l", "runuser", "doas", "polkit-1", "cron", "crond", "smtp", "dovecot"}
)
_UNLOCKS = frozenset({"gnome-screensaver", "xscreensaver", "kscreensaver", "screen", "vlock", "i3lock", "swaylock"})
_ACTING_AS = frozenset({"sudo", "sudo-i", "su", "su-l", "runuser", "runuser-l", "doas", "polkit-1"})
_CONSOLES = frozenset(
    {"login", "remote", "gdm", "gdm-password", "gdm-fingerprint", "gdm-smartcard", "gdm-autologin", "lightdm"}
    | {"lightdm-autologin", "sddm", "sddm-autologin", "kde", "kdm", "xdm", "lxdm", "xrdp-sesman", "cockpit"}
)


def read(program: str | None, message: str, values: Values, extra: Values) -> str | None:
    """The meaning of a message that begins with `pam_` or `(pam_`; None if it only looks like one of PAM's."""
    head = _HEAD.fullmatch(message)
    service = (head["service"] or program) if head is not None else None
    if head is None or service is None:
        return None
    return read_for_service(service, head["rest"], values, extra)


def read_for_service(service: str, rest: str, values: Values, extra: Values) -> str:
    """The meaning of what a PAM module said for a service."""
    values["service"] = service
    if rest.startswith("session "):
        _session(service, rest, values)
    elif rest == _UNKNOWN_USER:
        values["outcome"], values["failure_reason"], values["auth_method"] = actions.FAILURE, "invalid user", "pam"
    elif found := _FAILURE.fullmatch(rest):
        _failure(service, found.groupdict(), values, extra)
    elif found := _CHANGED.fullmatch(rest):
        values["action"], values["outcome"] = actions.PASSWORD_CHANGED, actions.SUCCESS
        values["target_user"] = found["user"]
    elif found := _EXPIRED.fullmatch(rest):
        values["user"] = found["user"] or found["user2"]
        values["outcome"], values["failure_reason"] = actions.FAILURE, "expired"
        extra["reason"] = found["why"] or found["why2"]
    elif found := _LOCKED.fullmatch(rest):
        values["action"], values["target_user"] = actions.USER_LOCKED_OUT, found["user"] or found["user2"]
    return AUTH


def _session(service: str, rest: str, values: Values) -> None:
    found = _OPENED.fullmatch(rest)
    if found is None:
        return
    opened = found["word"] == "opened"
    values["action"] = actions.SESSION_OPENED if opened else actions.SESSION_CLOSED
    if opened and service in _CONSOLES:
        values["action"], values["auth_method"] = actions.LOGON, "pam"
    if opened:
        values["outcome"] = actions.SUCCESS
    if service in _ACTING_AS:
        values["target_user"] = found["user"]
        values["user"] = found["by"] or None
        uid = found["by_uid"]
    else:
        values["user"] = found["user"]
        uid = found["uid"]
    if uid:
        values["uid"] = int(uid) if len(uid) < 11 else uid


def _failure(service: str, found: dict[str, str | None], values: Values, extra: Values) -> None:
    values["outcome"], values["failure_reason"] = actions.FAILURE, "authentication failure"
    values["auth_method"] = "pam"
    if found["more"]:
        extra["more_failures"] = int(found["more"][:9])
    elif service not in _OWN_LINES and service not in _UNLOCKS:
        values["action"] = actions.LOGON
    if service in _ACTING_AS:
        values["user"] = found["ruser"] or found["logname"] or found["user"] or None
        # sudo asks for the password of the one who calls it, su for that of the other account.
        values["target_user"] = found["user"] if service.startswith(("su-", "runuser")) or service == "su" else None
    else:
        # FTP and mail servers give the name that was tried as ruser; `user` follows only where it exists.
        values["user"] = found["user"] or found["ruser"] or found["long_ruser"] or None
        if found["ruser"] and found["user"]:
            extra["ruser"] = found["ruser"]
    if found["tty"]:
        values["tty"] = found["tty"]
    if found["uid"]:
        values["uid"] = int(found["uid"]) if len(found["uid"]) < 11 else found["uid"]
    put_source(values, extra, found["rhost"] or found["last_rhost"])
