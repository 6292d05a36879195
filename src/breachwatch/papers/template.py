"""A template of a paper: what its file says about itself, and its text, checked before anything is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from jinja2 import nodes
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

FIELD = r"^[a-z][a-z0-9_]{0,63}$"
_Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
_Words = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class Audience(StrEnum):
    """Who receives a paper."""

    RESIDENT = "resident"
    PUBLIC = "public"
    REGULATOR = "regulator"
    INSIDE = "inside"
    REPORTER = "reporter"
    REQUESTER = "requester"
    RECEIVER = "receiver"  # police, prosecutors, vendors: whoever a case or a package is handed to

    @property
    def outside(self) -> bool:
        """Whether it leaves the house, so that counsel approves it first."""
        return self is not Audience.INSIDE


class FrontMatter(BaseModel):
    """What a template says about itself, between the two lines `---` at its head."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    title: _Words
    audience: Audience
    obligations: tuple[_Slug, ...] = ()
    fields: Mapping[Annotated[str, StringConstraints(pattern=FIELD)], _Words] = Field(default={}, max_length=200)
    size_points: Annotated[float, Field(ge=8, le=24)] | None = None
    headings_from: _Slug | None = None

    @field_validator("title")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if "\n" in value:
            msg = "is one line"
            raise ValueError(msg)
        return value


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was read and checked. `parsed` and `title` are Jinja2's own trees of its text and title."""

    id: str
    language: str
    front: FrontMatter
    title: nodes.Template
    parsed: nodes.Template
    first_line: int  # of the text in the file, from 1
    origin: str  # "built in", or the file in the workspace
    path: str  # for messages
    sha256: str  # of the file's bytes

    def at(self, line: int) -> str:
        """A place in the file, for messages."""
        return f"{self.path}, line {line}"
