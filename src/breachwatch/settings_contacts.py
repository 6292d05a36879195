"""Who outside the house is turned to, and with which form: the tables `[[contacts]]` of the settings."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from breachwatch.settings_base import Section

_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[!-~]*)?")


class ContactKind(StrEnum):
    """What somebody outside is in the process that the city guides describe."""

    POLICE = "police"
    CITY_ATTORNEY = "city_attorney"
    DISTRICT_ATTORNEY = "district_attorney"
    REGULATOR = "regulator"
    STATE_CYBER = "state_cyber"
    INSURER = "insurer"
    CREDIT_AGENCY = "credit_agency"
    MEDIA = "media"
    VENDOR = "vendor"
    OTHER = "other"

    @property
    def words(self) -> str:
        """The kind as people say it."""
        return {"city_attorney": "City Attorney", "district_attorney": "District Attorney"}.get(
            self.value, self.value.replace("_", " ")
        )


class Contact(Section):
    """Somebody outside, with the ways to reach them and the official form where there is one."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    kind: ContactKind
    person: str = ""  # whom to ask for
    address: tuple[str, ...] = ()
    phone: str = ""
    email: str = ""
    form: str = ""  # address of the official form; of a credit agency, its website
    obligations: tuple[str, ...] = ()  # ids of those that it receives
    note: str = ""

    @field_validator("form")
    @classmethod
    def _link(cls, value: str) -> str:
        if value and not _LINK.fullmatch(value):
            msg = "is no address of a page, like https://www.example.gov/report"
            raise ValueError(msg)
        return value

    @property
    def reachable(self) -> bool:
        """Whether there is any way to reach them."""
        return bool(self.address or self.phone or self.email or self.form)
