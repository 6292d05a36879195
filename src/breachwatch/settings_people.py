"""Who is who: the tables `[[people]]` of the settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from breachwatch.model.people import Role
from breachwatch.settings_base import Section


class PersonOfCity(Section):
    """Somebody with a part in the process. `login` is the account on the machine where breachwatch is used."""

    login: Annotated[str, Field(min_length=1, max_length=128)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    title: str = ""
    phone: str = ""
    email: str = ""
    location: str = ""

    @field_validator("roles")
    @classmethod
    def _people_only(cls, value: tuple[Role, ...]) -> tuple[Role, ...]:
        if Role.PROGRAM in value:
            msg = "the role 'program' is breachwatch's own; nobody can have it"
            raise ValueError(msg)
        return value

    @property
    def contact(self) -> str:
        """Telephone and mail address, where they are known."""
        return ", ".join(part for part in (self.phone, self.email) if part)
