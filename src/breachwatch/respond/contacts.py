"""The directory: people of the city by their roles, and who outside is turned to, with the official forms.

Odessa's guide asks where staff and vendors find official forms and contacts; three roles of the house take part in
every incident: the IT director, the records officer and legal counsel.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from breachwatch.errors import SettingsError
from breachwatch.model.people import Actor, Permission, Role
from breachwatch.people import require
from breachwatch.settings_contacts import Contact, ContactKind
from breachwatch.settings_people import PersonOfCity
from breachwatch.workspace import Workspace

MANDATORY = (Role.IT_DIRECTOR, Role.RECORDS_OFFICER, Role.COUNSEL)
"""The roles of the house that both guides name in every incident."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody who can be turned to, and what is missing, each with the place and what to do."""

    people: tuple[PersonOfCity, ...]
    contacts: tuple[Contact, ...]
    missing: tuple[str, ...]


def directory(ws: Workspace, *, by: Actor, kind: ContactKind | None = None) -> Directory:
    """The directory of the settings, of one kind of contacts where that is named. Raises NotPermittedError."""
    require(by, Permission.REPORT)
    contacts = tuple(item for item in ws.settings.contacts if kind is None or item.kind is kind)
    unreachable = tuple(
        f"contacts: {item.name!r} has no address, phone, email or form; add one below its [[contacts]]."
        for item in contacts
        if not item.reachable
    )
    return Directory(ws.settings.people, contacts, (*missing_roles(ws), *unreachable))


def missing_roles(ws: Workspace, roles: Collection[Role] = MANDATORY) -> tuple[str, ...]:
    """What the settings lack for the roles, in the order of the guides: nobody, or nobody who can be reached."""
    told = []
    for role in (role for role in MANDATORY if role in roles):
        having = [person for person in ws.settings.people if role in person.roles]
        if not having:
            told.append(
                f'people: nobody is the {role.words}; add a [[people]] with roles = ["{role.value}"], phone and email.'
            )
        elif not any(person.contact for person in having):
            told.append(
                f"people: the {role.words} {having[0].name} has no phone or email; add one below that [[people]]."
            )
    return tuple(told)


def require_roles(ws: Workspace, fields: Collection[str], what: str) -> None:
    """Raises SettingsError where a paper prints how to reach a role of the house, and nobody of it can be reached.

    `fields` are those that the paper leaves to the settings; they are named as the roles are.
    """
    told = missing_roles(ws, {role for role in MANDATORY if role.value in fields})
    if told:
        msg = f"{what} says how to reach the roles of the house, and breachwatch.toml lacks them. {' '.join(told)}"
        raise SettingsError(msg)
