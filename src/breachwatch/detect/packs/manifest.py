"""What a workspace knows of an installed rule pack: `rules/<pack>/pack.toml`.

The file is ours but for `[selection]`, which may be edited by hand; all of it is checked when it is read.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from breachwatch.errors import SettingsError
from breachwatch.model.finding import Level, RuleOutcome

MANIFEST_NAME = "pack.toml"
PROBLEMS_KEPT = 200
"""So many problems of a pack its manifest names; the rest is counted."""

STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")
"""Sigma specification 2.1, attribute `status`."""
RETIRED = frozenset({"deprecated", "unsupported"})
"""Left out unless asked for: another rule took their place, or no tool can run them."""
NONE = "none"
"""Stands for rules that name no product (or no status)."""

NAME_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,49}$"
_FILE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,120}\.zip$"
_SHA256 = r"^[0-9a-f]{64}$"

Sha256 = Annotated[str, Field(pattern=_SHA256)]
FileName = Annotated[str, Field(pattern=_FILE)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Selection(_Section):
    """Which rules of a pack run. Empty `status`: all but deprecated and unsupported ones; empty `product`: all."""

    status: tuple[str, ...] = ()
    level: str = "informational"
    product: tuple[str, ...] = ()

    @field_validator("status")
    @classmethod
    def _statuses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [item for item in value if item not in (*STATUSES, NONE)]
        if unknown:
            msg = f"{unknown[0]!r} is no Sigma status ({', '.join(STATUSES)}; {NONE!r}: rules that name none)"
            raise ValueError(msg)
        return value

    @field_validator("level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.upper() not in Level.__members__:
            msg = f"{value!r} is no Sigma level (informational, low, medium, high, critical)"
            raise ValueError(msg)
        return value.lower()

    @field_validator("product")
    @classmethod
    def _products(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(item.lower() for item in value)

    def takes(self, level: Level, said: Mapping[str, Any], products: frozenset[str]) -> bool:
        """Whether a rule is selected.

        `said` are the keys of its document, `products` its own, or those of the rules that a correlation is over.
        """
        status = status_of(said)
        if status in RETIRED if not self.status else status not in self.status:
            return False
        return level >= Level.parse(self.level) and (not self.product or bool(products & set(self.product)))

    def __str__(self) -> str:
        status = ", ".join(self.status) if self.status else "not deprecated or unsupported"
        level = "any level" if self.level == "informational" else f"level {self.level} and above"
        return f"status {status}; {level}; product {', '.join(self.product) or 'any'}"


def status_of(said: Mapping[str, Any]) -> str:
    """The status a rule names, or `none`."""
    return str(said.get("status") or NONE).lower()


def product_of(said: Mapping[str, Any]) -> str:
    """The product a rule's log source names, or `none`."""
    source = said.get("logsource")
    return str((source.get("product") if isinstance(source, dict) else "") or NONE).lower()


class PackProblem(_Section):
    """A text of the pack that is no rule, or a selected rule that cannot run, and why."""

    origin: str
    reason: str

    @classmethod
    def of(cls, outcome: RuleOutcome) -> PackProblem:
        """The problem that loading tells as an outcome."""
        return cls(origin=outcome.rule_id, reason=outcome.reason.removeprefix(f"{outcome.rule_id}: "))


class Former(_Section):
    """An earlier version, kept so that one can look back: what did the rules say in spring."""

    version: str
    sha256: Sha256
    archive: FileName
    archive_sha256: Sha256
    added_at: datetime
    replaced_at: datetime


class Manifest(_Section):
    """Where a pack came from, what is in it, and which of it runs."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    origin: str  # path or address, as the person gave it who added the pack
    licence: str  # SPDX identifier where the licence is known
    licence_from: str
    version: str
    version_from: str
    sha256: Sha256  # over `sha256sum` lines of its rule files, sorted by name
    archive: FileName
    archive_sha256: Sha256
    added_at: datetime
    rules: int
    selected: int
    filters: int  # never applied: what is left out of rules is the city's own decision
    could_not_load: int
    by_status: dict[str, int]
    by_level: dict[str, int]
    by_product: dict[str, int]
    selection: Selection = Selection()
    problems: tuple[PackProblem, ...] = ()
    former: tuple[Former, ...] = ()


def parse_manifest(text: str, where: str) -> Manifest:
    """Read a manifest; `where` names it in errors. Raises SettingsError that names key, value and fix."""
    try:
        return Manifest(**tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        msg = f"{where} is not valid TOML: {error}"
        raise SettingsError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(file)"
        if first["type"] == "extra_forbidden":
            msg = f"{where}: {key}: there is no such key. Remove it or mend its spelling."
        else:
            said = first["msg"].removeprefix("Value error, ").replace("Input should", "must", 1)
            msg = f"{where}: {key}: {said}"
        raise SettingsError(msg) from None


def manifest_text(manifest: Manifest) -> str:
    """The manifest as TOML."""
    head = [f"# Rule pack {manifest.name}: what breachwatch knows of it. Only [selection] is for editing by hand."]
    tables: list[str] = []
    for key, value in manifest.model_dump().items():
        if isinstance(value, dict):
            tables += ["", f"[{key}]", *(f"{_key(name)} = {_value(item)}" for name, item in value.items())]
        elif isinstance(value, tuple):
            for entry in value:
                tables += ["", f"[[{key}]]", *(f"{name} = {_value(item)}" for name, item in entry.items())]
        else:
            head.append(f"{key} = {_value(value)}")
    return "\n".join([*head, *tables]) + "\n"


def _key(name: str) -> str:
    """A quoted key: names of products come from rules."""
    return _value(name)


def _value(value: Any) -> str:
    """A value as TOML. JSON's strings, numbers and lists are TOML's, but for DEL, which TOML wants escaped."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    listed = list(value) if isinstance(value, tuple) else value
    return json.dumps(listed, ensure_ascii=False).replace("\x7f", "\\u007f")
