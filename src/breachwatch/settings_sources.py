"""The settings of sources: `[[sources]]`, one table for each place logs come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from breachwatch.errors import UnknownNameError
from breachwatch.model.formats import format_named
from breachwatch.settings_api import TABLES, CloudTrail, Entra, GoogleWorkspace, Microsoft365, Okta, check_table
from breachwatch.settings_base import Section
from breachwatch.settings_base import time_zone as iana_zone
from breachwatch.settings_objects import Objects
from breachwatch.settings_ssh import Ssh


class Source(Section):
    """One place logs come from."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
    kind: Literal["files", "journal", "ssh", "objects", "entra", "m365", "okta", "google-workspace", "cloudtrail"] = (
        "files"
    )
    paths: tuple[str, ...] = ()  # globs; relative ones start at the workspace
    format: str = "auto"
    time_zone: str = ""  # of times that name none; empty: the city's
    host: str = ""  # where a record names none
    optional: bool = False  # True: it may be absent without making the run partial
    enabled: bool = True
    # Silent for longer raises an alert, 0 never does; "usual" learns from the source's own past how long is too long.
    silent_after_hours: Annotated[float, Field(ge=0)] | Literal["usual"] = "usual"
    settle_seconds: Annotated[float, Field(ge=0)] = 60.0  # an unfinished last line is left this long for its writer
    since_hours: Annotated[float, Field(gt=0)] = 24.0 * 14  # journal, APIs: how far back the first run reads
    max_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = (
        120.0  # files: a run looks at no further file after so long
    )
    ssh: Ssh | None = None
    objects: Objects | None = None
    entra: Entra | None = None
    m365: Microsoft365 | None = None
    okta: Okta | None = None
    google_workspace: GoogleWorkspace | None = None
    cloudtrail: CloudTrail | None = None

    @field_validator("time_zone")
    @classmethod
    def _check_zone(cls, value: str) -> str:
        return iana_zone(value) if value else value

    @field_validator("format")
    @classmethod
    def _check_format(cls, value: str) -> str:
        if value != "auto":
            try:
                format_named(value)
            except UnknownNameError as error:
                raise ValueError(str(error)) from error
        return value

    @model_validator(mode="after")
    def _paths_fit(self) -> Source:
        if self.kind == "files" and not self.paths:
            msg = f"source {self.name!r} of kind 'files' needs paths"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _far_places_fit(self) -> Source:
        for kind, table in (("ssh", self.ssh), ("objects", self.objects)):
            if self.kind == kind and table is None:
                msg = f"source {self.name!r} of kind {kind!r} needs a table [sources.{kind}]"
                raise ValueError(msg)
            if self.kind != kind and table is not None:
                msg = f"source {self.name!r} has a table [sources.{kind}] but is of kind {self.kind!r}: mend one"
                raise ValueError(msg)
        if self.kind == "ssh" and not (self.paths and all(path.startswith("/") for path in self.paths)):
            msg = f"source {self.name!r} of kind 'ssh' needs paths on the other host that begin with /"
            raise ValueError(msg)
        if self.objects is not None:
            self.objects.check_paths(self.name, self.paths)
        return self

    @model_validator(mode="after")
    def _api_table_fits(self) -> Source:
        check_table(self.name, self.kind, {table for table in TABLES.values() if getattr(self, table) is not None})
        return self
