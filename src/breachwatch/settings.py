"""The settings: `breachwatch.toml`, typed, with environment variables on top.

Every key is documented in the commented file that `breachwatch init` writes (`settings_template.toml`). Unknown keys
are errors. `BREACHWATCH_` variables override the file, with `__` between levels:
`BREACHWATCH_CITY__TIME_ZONE=America/Denver`.
Secrets are never written into the file: they come from the environment or from a file named by a `*_file` key.
"""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from breachwatch.errors import UnknownNameError
from breachwatch.settings_base import Section, sigma_level
from breachwatch.settings_base import time_zone as iana_zone
from breachwatch.settings_contacts import Contact
from breachwatch.settings_incidents import Incidents, Systems
from breachwatch.settings_intake import Intake
from breachwatch.settings_lake import Lake
from breachwatch.settings_notify import Notify
from breachwatch.settings_people import PersonOfCity
from breachwatch.settings_sources import Source
from breachwatch.settings_trust import Ledger, Recheck, Timestamp

SETTINGS_NAME = "breachwatch.toml"

_MIB = 1024 * 1024


class City(Section):
    """Who runs this, and in which time zone its people live."""

    name: str = "City"
    time_zone: str = "UTC"
    jurisdiction: str = ""  # a profile of `breachwatch jurisdiction list`
    address: tuple[str, ...] = ()  # its lines, as they stand in a letter
    phone: str = ""
    email: str = ""
    website: str = ""

    _check_zone = field_validator("time_zone")(iana_zone)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def letterhead(self) -> tuple[str, ...]:
        """Who writes, for the head of a letter."""
        reach = " · ".join(part for part in (self.phone, self.email, self.website) if part)
        return tuple(line for line in (self.name, *self.address, reach) if line)


class Run(Section):
    """How a run goes about its work."""

    parallel_sources: Annotated[int, Field(ge=1, le=64)] = 2
    cores: Annotated[int, Field(ge=0, le=64)] = 0  # processes that land one source's logs; 0: one for each core
    schedule: str = "15 4 * * *"  # cron, in the city's time zone; 04:15 never falls into a clock change

    @field_validator("schedule")
    @classmethod
    def _check_schedule(cls, value: str) -> str:
        match = re.fullmatch(r"(\d{1,2}) (\d{1,2}) \* \* \S+", value.strip())
        if match is None or int(match[1]) > 59 or int(match[2]) > 23:
            msg = "must be a cron line with one minute and one hour, like '15 4 * * *'"
            raise ValueError(msg)
        if int(match[2]) < 3:
            msg = "runs in the hours of clock changes, which come twice or not at all; choose 3 o'clock or later"
            raise ValueError(msg)
        return value.strip()

    @property
    def time_of_day(self) -> time:
        """The local time of day that the schedule names."""
        minute, hour = self.schedule.split()[:2]
        return time(int(hour), int(minute))


class Alarm(Section):
    """Who is told when a nightly run fails, is partial or stays away. Without an address the alarm shows in Prefect."""

    webhook_url: SecretStr = SecretStr("")
    webhook_url_file: str = ""
    hours: Annotated[float, Field(gt=0)] = 26.0  # no completed run for so long raises the alarm


class Detect(Section):
    """Which rules run, and what holds for all of them."""

    # "builtin", "packs" (what `rules add` installed), or folders, files and zips of rules, relative to the workspace
    rules: tuple[str, ...] = ("builtin", "packs")
    filters: tuple[str, ...] = ()
    attack_data: str = ""  # enterprise-attack.json of MITRE ATT&CK, for names in coverage and checks
    minimum_level: str = "informational"
    levels: dict[str, str] = Field(default={})  # rule id to the level of its alerts here
    lookback_days: Annotated[int, Field(ge=1, le=366)] = 7  # how far an episode that goes on is followed back
    max_findings_per_rule: Annotated[int, Field(ge=1)] = 10_000
    learning_days: Annotated[float, Field(ge=0, le=366)] = 7.0  # of a new log, in which first-seen rules stay silent
    # values of %NAME% in rules (modifier `expand`): a folder of files NAME.txt, relative to the workspace, or a table
    placeholders: str | dict[str, tuple[str, ...]] = ""
    working_hours: tuple[int, int] = (6, 20)  # local hours [from, to) in which people sign in
    working_days: tuple[int, ...] = (1, 2, 3, 4, 5)  # ISO weekdays, 1 = Monday

    _level = field_validator("minimum_level")(sigma_level)

    @field_validator("levels")
    @classmethod
    def _levels(cls, value: dict[str, str]) -> dict[str, str]:
        return {rule: sigma_level(level) for rule, level in value.items()}

    @field_validator("working_hours")
    @classmethod
    def _hours(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 0 <= value[0] < value[1] <= 24:
            msg = "must be two hours, from and up to, with 0 <= from < to <= 24"
            raise ValueError(msg)
        return value

    @field_validator("working_days")
    @classmethod
    def _days(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not set(value) <= set(range(1, 8)):
            msg = "must be days of the week from 1 (Monday) to 7 (Sunday)"
            raise ValueError(msg)
        return value


class GeoIP(Section):
    """Files that say where addresses are: MaxMind DB files, and a list of the user's own; relative to the workspace."""

    city_database: str = ""
    country_database: str = ""
    asn_database: str = ""
    places: str = ""  # CSV of networks, see breachwatch.lake.places


class Evidence(Section):
    """Who seals evidence, and how much is kept around what matched."""

    custodian: str = "breachwatch nightly run"
    title: str = ""
    contact: str = ""
    location: str = ""
    authority: str = ""  # the policy or order under which evidence is kept
    whole_segment_bytes: Annotated[int, Field(ge=0)] = 4 * _MIB  # segments up to this size are kept whole
    context_records: Annotated[int, Field(ge=0)] = 20  # around each match, where the segment is not kept whole
    context_hours: Annotated[float, Field(ge=0, le=24 * 366)] = 24.0  # of the accounts' and hosts' other activity
    context_events: Annotated[int, Field(ge=0, le=1_000_000)] = 5000  # at most before, during and after the case each
    retention_days: Annotated[int, Field(ge=0, le=36_500)] = 0  # after the incident was closed; 0: for ever
    key_file: str = ""  # the private key, where it is kept outside keys/
    key_passphrase: SecretStr = SecretStr("")
    key_passphrase_file: str = ""
    timestamp: Timestamp = Timestamp()
    ledger: Ledger = Ledger()
    verify: Recheck = Recheck()


class Limits(Section):
    """Bounds on hostile input."""

    record_bytes: Annotated[int, Field(ge=1024)] = _MIB  # a longer record becomes a reject
    segment_bytes: Annotated[int, Field(ge=64 * 1024)] = 16 * _MIB
    expanded_bytes: Annotated[int, Field(ge=_MIB)] = 8 * 1024 * _MIB  # of one compressed file
    expansion_ratio: Annotated[float, Field(gt=1)] = 250.0  # checked beyond the first 64 MiB


class Database(Section):
    """Where records (catalog, alerts, incidents, custody) are kept; empty: SQLite in the workspace."""

    url: SecretStr = SecretStr("")
    url_file: str = ""

    @model_validator(mode="after")
    def _one(self) -> Database:
        if self.url.get_secret_value() and self.url_file:
            msg = "give url or url_file, not both"
            raise ValueError(msg)
        return self


class Settings(BaseSettings):
    """All settings of a workspace."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="BREACHWATCH_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    city: City = City()
    run: Run = Run()
    alarm: Alarm = Alarm()
    detect: Detect = Detect()
    geoip: GeoIP = GeoIP()
    incidents: Incidents = Incidents()
    systems: Systems = Systems()
    evidence: Evidence = Evidence()
    limits: Limits = Limits()
    database: Database = Database()
    lake: Lake = Lake()
    intake: Intake = Intake()
    people: tuple[PersonOfCity, ...] = ()
    contacts: tuple[Contact, ...] = ()
    notify: Notify = Notify()
    sources: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Settings:
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = f"two sources are named {twice[0]!r}; names must differ"
            raise ValueError(msg)
        logins = [person.login for person in self.people]
        twice = sorted({login for login in logins if logins.count(login) > 1})
        if twice:
            msg = f"two people have the login {twice[0]!r}; give one of them all the roles"
            raise ValueError(msg)
        strangers = [login for channel in self.notify.channels for login in channel.people if login not in logins]
        if strangers:
            msg = f"notify.channels name {strangers[0]!r}, who is not among [[people]]"
            raise ValueError(msg)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The environment wins over the file, whose content arrives as init arguments.
        return env_settings, init_settings

    def source(self, name: str) -> Source:
        """The source of that name; raises UnknownNameError."""
        for source in self.sources:
            if source.name == name:
                return source
        raise UnknownNameError("source", name, (source.name for source in self.sources))
