"""Playbooks: which tasks an incident calls for, by what was detected. YAML in the package, and of the city.

A playbook of the city's folder (`playbooks/` in the workspace) takes the place of ours of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from breachwatch.errors import SettingsError
from breachwatch.model.finding import Level
from breachwatch.model.people import Role

_OURS = Path(__file__).parent / "playbooks"
_LARGEST = 256 * 1024
_MOST = 200
FOLDER = "playbooks"
"""The city's folder in the workspace."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Strict):
    """A task that a playbook asks for. `due_hours` count from when the incident was discovered."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    phase: Annotated[str, Field(pattern=r"^(contain|preserve|tell|investigate|assess|notify|remediate|verify)$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    how: Annotated[str, Field(max_length=2000)] = ""
    role: Role = Role.ANALYST
    due_hours: Annotated[float, Field(gt=0, le=24 * 365)] | None = None
    mandatory: bool = True

    @field_validator("role")
    @classmethod
    def _a_person(cls, value: Role) -> Role:
        if value is Role.PROGRAM:
            msg = "the role 'program' is breachwatch's own; a task is for a person"
            raise ValueError(msg)
        return value


class When(_Strict):
    """Which incidents a playbook is for: any of these of any alert (with `*`); empty means all incidents."""

    tags: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()  # ids
    datasets: tuple[str, ...] = ()
    level: str = "informational"  # from this level on

    @field_validator("level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        return str(Level.parse(value))


class Playbook(_Strict):
    """A playbook: what it is for, and its tasks in order."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    when: When = When()
    tasks: Annotated[tuple[Step, ...], Field(min_length=1, max_length=100)]

    @field_validator("tasks")
    @classmethod
    def _each_once(cls, value: tuple[Step, ...]) -> tuple[Step, ...]:
        names = [step.id for step in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = f"several tasks have the id {twice[0]!r}"
            raise ValueError(msg)
        return value

    def is_for(self, alerts: Iterable[Fired]) -> bool:
        """Whether one of the alerts is of the kind that it is for."""
        return any(self._matches(alert) for alert in alerts)

    def _matches(self, alert: Fired) -> bool:
        when = self.when
        if alert.level < Level.parse(when.level):
            return False
        if not (when.tags or when.rules or when.datasets):
            return True
        return (
            any(fnmatchcase(tag, pattern) for tag in alert.tags for pattern in when.tags)
            or alert.rule_id in when.rules
            or any(fnmatchcase(alert.dataset, pattern) for pattern in when.datasets)
        )


@dataclass(frozen=True, slots=True)
class Fired:
    """What a playbook asks of an alert."""

    rule_id: str
    dataset: str
    level: Level
    tags: Sequence[str]


def load(city: Path | None = None) -> tuple[Playbook, ...]:
    """Our playbooks and the city's, by name. Raises SettingsError that names the file, the key and what is wrong."""
    found: dict[str, Playbook] = {}
    for folder in (_OURS, *([city] if city is not None and city.is_dir() else [])):
        mine: dict[str, Path] = {}
        paths = sorted(path for path in folder.iterdir() if path.suffix in {".yml", ".yaml"} and path.is_file())
        if len(paths) > _MOST:
            msg = f"{folder} holds {len(paths)} playbooks; {_MOST} are read at most."
            raise SettingsError(msg)
        for path in paths:
            book = read(path)
            if book.name in mine:
                msg = f"{path} and {mine[book.name]} both call themselves {book.name!r}. Rename one."
                raise SettingsError(msg)
            mine[book.name] = path
            found[book.name] = book
    return tuple(found[name] for name in sorted(found))


def read(path: Path) -> Playbook:
    """One playbook. Raises SettingsError."""
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8") if size <= _LARGEST else ""
    except (OSError, UnicodeDecodeError) as error:
        msg = f"playbook {path}: cannot be read: {error}"
        raise SettingsError(msg) from error
    if size > _LARGEST:
        msg = f"playbook {path} has {size:,} bytes; {_LARGEST:,} are read at most."
        raise SettingsError(msg)
    return parse(text, str(path))


@lru_cache(maxsize=64)  # one process asks for the tasks of many incidents
def parse(text: str, where: str) -> Playbook:
    """A playbook from its YAML, read without anything that could run or grow. Raises SettingsError."""
    if re.search(r"(?m)(^|[\s\[{,:-])[&*][A-Za-z0-9_]", text):
        msg = f"playbook {where}: anchors and aliases (& and *) are not read. Write the value out, or quote it."
        raise SettingsError(msg)
    try:
        data: Any = yaml.safe_load(text)  # in Python: libyaml's would end the process over what is nested too deep
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        msg = f"playbook {where}: is no YAML: {' '.join(str(error).split())}"
        raise SettingsError(msg) from error
    try:
        return Playbook.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        msg = f"playbook {where}: {key}: {first['msg']}"
        raise SettingsError(msg) from error
