"""Settings of notifications: channels, who is told of what, how long they have to answer, and who is told then.

A channel's address is an Apprise URL and a secret: it stands in the file that `url_file` names, or in the environment
variable BREACHWATCH_SECRET_NOTIFY_<NAME>_URL, never in the settings.
"""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from breachwatch.model.finding import Level
from breachwatch.model.people import Role
from breachwatch.settings_base import Section

ChannelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
_FOR_PEOPLE = "the role 'program' is breachwatch's own; nobody with it can be told anything"


class Channel(Section):
    """One way to reach people: a mailbox, a room of a chat service, a pager."""

    name: ChannelName
    url_file: str = ""
    roles: tuple[Role, ...] = ()  # who reads it
    people: tuple[str, ...] = ()  # logins of [[people]]: with their roles, and as custodians of holds

    @field_validator("roles")
    @classmethod
    def _people_only(cls, value: tuple[Role, ...]) -> tuple[Role, ...]:
        if Role.PROGRAM in value:
            raise ValueError(_FOR_PEOPLE)
        return value

    @model_validator(mode="after")
    def _reaches_somebody(self) -> Channel:
        if not self.roles and not self.people:
            msg = "say who reads it: roles, people, or both"
            raise ValueError(msg)
        return self


class Telling(Section):
    """Who is told of an incident of one severity, how long they have to acknowledge it, and who is told after that."""

    roles: tuple[Role, ...] = ()
    acknowledge_minutes: Annotated[int, Field(ge=0, le=7 * 24 * 60)] = 0  # 0: no answer is waited for
    escalate: tuple[tuple[Role, ...], ...] = ()  # one step each time the minutes have passed again

    @field_validator("escalate", mode="before")
    @classmethod
    def _one_step(cls, value: Any) -> Any:
        """A plain list of roles is one step."""
        return [value] if isinstance(value, list | tuple) and value and isinstance(value[0], str) else value

    @model_validator(mode="after")
    def _waits(self) -> Telling:
        if Role.PROGRAM in {*self.roles, *(role for step in self.escalate for role in step)}:
            raise ValueError(_FOR_PEOPLE)
        if self.escalate and not self.acknowledge_minutes:
            msg = "escalate needs acknowledge_minutes: how long to wait for an answer"
            raise ValueError(msg)
        return self


_GUIDE = (Role.IT_DIRECTOR, Role.COUNSEL, Role.RECORDS_OFFICER)


class Clocks(Section):
    """Who is reminded of deadlines, who is told when one was due and is not met after so many minutes, the calendar."""

    incident: tuple[Role, ...] = (Role.ANALYST, Role.COUNSEL)
    request: tuple[Role, ...] = (Role.RECORDS_OFFICER,)
    escalate: tuple[Role, ...] = (Role.IT_DIRECTOR, Role.COUNSEL)
    escalate_minutes: Annotated[int, Field(ge=0, le=7 * 24 * 60)] = 240
    calendar: str = ""  # a file of open clocks for calendars to subscribe to, relative to the workspace; empty: none

    @field_validator("incident", "request", "escalate")
    @classmethod
    def _people_only(cls, value: tuple[Role, ...]) -> tuple[Role, ...]:
        if Role.PROGRAM in value:
            raise ValueError(_FOR_PEOPLE)
        return value


class Notify(Section):
    """Notifications. Without channels nothing is sent."""

    channels: tuple[Channel, ...] = ()
    critical: Telling = Telling(roles=(Role.ANALYST, Role.IT_DIRECTOR), acknowledge_minutes=30, escalate=(_GUIDE,))
    high: Telling = Telling(roles=(Role.ANALYST,), acknowledge_minutes=240, escalate=((Role.IT_DIRECTOR,),))
    medium: Telling = Telling(roles=(Role.ANALYST,))
    low: Telling = Telling()
    informational: Telling = Telling()
    clocks: Clocks = Clocks()
    digest: tuple[Role, ...] = (Role.ANALYST, Role.IT_DIRECTOR)
    digest_at: str = ""  # local time, like "07:00"; empty: at the end of the nightly run
    quiet: dict[Role, tuple[int, int]] = Field(
        default={}
    )  # local hours [from, to) in which a role is left in peace ...
    quiet_below: str = "high"  # ... by incidents below this severity
    name_entities: bool = True  # whether accounts, hosts and addresses are named in what goes out
    most_at_once: Annotated[int, Field(ge=1, le=1000)] = 10  # more new incidents than this are one message

    @field_validator("digest_at")
    @classmethod
    def _time(cls, value: str) -> str:
        if value and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value) is None:
            msg = "must be a time of day like '07:00', or empty"
            raise ValueError(msg)
        return value

    @field_validator("quiet")
    @classmethod
    def _hours(cls, value: dict[Role, tuple[int, int]]) -> dict[Role, tuple[int, int]]:
        for role, (begin, end) in value.items():
            if not (0 <= begin < 24 and 0 <= end < 24 and begin != end):
                msg = f"{role.value} = [{begin}, {end}] must be two different hours from 0 to 23, like [20, 6]"
                raise ValueError(msg)
        return value

    @field_validator("quiet_below")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.upper() not in Level.__members__:
            msg = f"{value!r} is no level (informational, low, medium, high, critical)"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _names_differ(self) -> Notify:
        names = [channel.name for channel in self.channels]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = f"two channels are named {twice[0]!r}; names must differ"
            raise ValueError(msg)
        return self

    def telling(self, severity: Level) -> Telling:
        """Who is told of incidents of that severity."""
        told: Telling = getattr(self, str(severity).lower())
        return told

    @property
    def digest_time(self) -> time | None:
        """The local time of the morning digest; None: at the end of the nightly run."""
        return time.fromisoformat(self.digest_at) if self.digest_at else None
