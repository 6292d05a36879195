"""Who acts, and whether the role permits it.

Roles keep honest people to the process and make the log say who did what. They are no wall against somebody who can
write to the workspace's files: that is the operating system's part, and the chains and signatures show it afterwards.
"""

from __future__ import annotations

import os

from breachwatch.errors import NotPermittedError, UnknownNameError
from breachwatch.model.people import MAY, Actor, Permission, Role, Via
from breachwatch.workspace import Workspace


def acting(ws: Workspace, login: str | None = None, via: Via = Via.CLI) -> Actor:
    """The person of the settings whose login is `login`, or that of the account that runs this.

    Settings without `[[people]]` give whoever may run the command every role: a city with one person for everything.
    Raises UnknownNameError for a login that the settings lack, NotPermittedError for an account that they lack.
    """
    account = account_name()
    if not ws.settings.people:
        name = login or account
        return Actor(name=name, login=name, account=account, roles=frozenset(Role) - {Role.PROGRAM}, via=via)
    for person in ws.settings.people:
        if person.login == (login or account):
            return Actor(
                name=person.name,
                login=person.login,
                account=account,
                roles=frozenset(person.roles),
                title=person.title,
                contact=person.contact,
                location=person.location,
                via=via,
            )
    known = [person.login for person in ws.settings.people]
    if login is not None:
        raise UnknownNameError("person", login, known)
    msg = (
        f"the account {account!r} is no login of [[people]] in the settings, so it has no role. "
        "Add it there, or say who you are: `breachwatch --as LOGIN ...` (the log names the account too)."
    )
    raise NotPermittedError(msg)


def account_name() -> str:
    """The operating system's name of the account that runs this, or its number; not what the environment claims."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account without an entry, as in containers
        return f"uid {os.getuid()}"


def require(actor: Actor, permission: Permission) -> None:
    """Raises NotPermittedError that says who may, unless one of the actor's roles permits it."""
    if actor.may(permission):
        return
    may = ", ".join(sorted(role.words for role in MAY[permission] - {Role.PROGRAM}))
    has = ", ".join(sorted(role.words for role in actor.roles)) or "no role"
    msg = f"{actor.name} ({has}) may not {permission.value}; that is for: {may}."
    raise NotPermittedError(msg)
