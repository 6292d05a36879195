"""How bad an incident is, and why: from its rules, the systems and accounts it touches, and the data they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from breachwatch.model.finding import Level
from breachwatch.model.systems import DataCategory


class About(StrEnum):
    """What a reason speaks of."""

    RULE = "rule"
    SYSTEM = "system"
    DATA = "data"
    ACCOUNT = "account"
    PERSON = "person"  # somebody set it
    REGISTER = "register"  # which could not be read


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason for a severity; `raises` says by how many steps."""

    about: About
    text: str
    raises: int = 0


@dataclass(frozen=True, slots=True)
class Severity:
    """A severity as it was judged at one time. `level` holds, `computed` is what the reasons alone give."""

    level: Level
    computed: Level
    grounds: tuple[Ground, ...]
    data: tuple[DataCategory, ...] = ()  # kinds of data that may be touched
    systems: tuple[str, ...] = ()  # of the register
    records: int = 0  # people about whom these systems hold data, as far as the register says
    set_by: str = ""  # who set the level that holds; "" where it was computed
    at: datetime | None = None  # aware UTC
