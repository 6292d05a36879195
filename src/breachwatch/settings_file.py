"""Reading `breachwatch.toml`: the file, the environment on top, and errors that say what to mend."""

from __future__ import annotations

import os
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError as EnvironmentSettingsError

from breachwatch.errors import SettingsError
from breachwatch.settings import Settings
from breachwatch.settings_sources import Source

# Variables that steer breachwatch itself and are no settings.
_NOT_SETTINGS = frozenset(
    {
        "BREACHWATCH_WORKSPACE",  # the workspace's folder
        "BREACHWATCH_TRACEBACK",  # show the traceback of an unexpected error
        "BREACHWATCH_REPO",  # where the checkout is, for flows that a Prefect worker starts
        "BREACHWATCH_SHARED",  # the development data of the tests
    }
)


def load_settings(path: Path) -> Settings:
    """Read and check a settings file, then apply the environment.

    Raises SettingsError that names the file, the key, the value and the fix. A secret is never repeated.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        msg = f"there is no settings file {path}. `breachwatch init` writes one."
        raise SettingsError(msg) from None
    except UnicodeDecodeError as error:
        msg = f"the settings file {path} is not UTF-8 at byte {error.start}. Save it as UTF-8."
        raise SettingsError(msg) from None
    except OSError as error:
        msg = f"cannot read the settings file {path}: {error.strerror}."
        raise SettingsError(msg) from error
    return parse_settings(text, path)


def parse_settings(text: str, path: Path) -> Settings:
    """The settings that this TOML text gives, with the environment applied; `path` names it in errors.

    Raises SettingsError.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{path} is not valid TOML: {error}. Text needs quotes, lists need brackets."
        raise SettingsError(msg) from error
    _refuse_secrets(path, data)
    _refuse_unknown_environment()
    try:
        return Settings(**data)
    except ValidationError as error:
        raise SettingsError(_explain(path, error)) from None
    except EnvironmentSettingsError as error:
        raise SettingsError(_explain_environment(error)) from None


def _refuse_secrets(path: Path, data: dict[str, Any]) -> None:
    """Secrets in the file end in backups and tickets: they come from the environment or from a file of their own."""
    for section, key in sorted(_SECRETS):
        content = data.get(section)
        if isinstance(content, dict) and content.get(key):
            msg = (
                f"{path}: {section}.{key} is a secret and must not stand in the settings. Put it into a file and name "
                f"that in {section}.{key}_file, or set the environment variable "
                f"BREACHWATCH_{section.upper()}__{key.upper()}."
            )
            raise SettingsError(msg)


def _refuse_unknown_environment() -> None:
    known = set(Settings.model_fields)
    for variable in os.environ:
        if variable.startswith("BREACHWATCH_SECRET_"):  # of sources, see breachwatch.collect.secrets
            continue
        if variable.startswith("BREACHWATCH_") and variable not in _NOT_SETTINGS:
            section = variable.removeprefix("BREACHWATCH_").split("__")[0].lower()
            if section not in known:
                msg = (
                    f"the environment variable {variable} matches no setting. "
                    f"Known sections: {', '.join(sorted(known))}; write BREACHWATCH_<SECTION>__<KEY>."
                )
                raise SettingsError(msg)


def _explain_environment(error: EnvironmentSettingsError) -> str:
    """A list or section in the environment that is not JSON; pydantic names only the section."""
    match = re.search(r'field "(\w+)"', str(error))
    section = match[1].upper() if match else "<SECTION>"
    return (
        f"an environment variable BREACHWATCH_{section}... cannot be read: lists are given as JSON, "
        """like BREACHWATCH_DETECT__RULES='["builtin", "my-rules"]'."""
    )


def _explain(path: Path, error: ValidationError) -> str:
    """Pydantic's errors as sentences: key, value, fix. A value that may be a secret is not repeated."""
    lines = [f"{path} has {error.error_count()} setting(s) that cannot be used:"]
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "(file)"
        origin = _origin(item["loc"])
        if item["type"] == "extra_forbidden":
            lines.append(f"  {key}{origin}: there is no such key. Remove it or mend its spelling{_near(item['loc'])}.")
            continue
        lines.append(f"  {key}{origin}: {_wanted(item)}{_shown(item['loc'], item['input'])}")
    return "\n".join(lines)


def _wanted(item: ErrorDetails) -> str:
    """What the value must be."""
    if item["type"] == "model_type":
        return f"must be a section: write [{item['loc'][0]}], and its keys on the lines below"
    if item["type"] == "missing":
        return "is missing"
    if item["type"] == "string_pattern_mismatch":
        return "must be lower-case letters, digits, '.', '_' and '-', at most 63, and start with a letter or digit"
    return item["msg"].removeprefix("Value error, ").replace("Input should", "must", 1)


def _origin(loc: tuple[int | str, ...]) -> str:
    """Where a value came from, if not from the file."""
    words = [str(part).upper() for part in loc]
    for length in range(len(words), 0, -1):
        variable = "BREACHWATCH_" + "__".join(words[:length])
        if any(name.upper() == variable for name in os.environ):
            return f" (from the environment variable {variable})"
    return ""


def _shown(loc: tuple[int | str, ...], value: Any) -> str:
    """The value in brackets; never a secret, nor a whole section, which may hold one."""
    names = tuple(str(part) for part in loc[:2])
    if isinstance(value, dict) or any(names in (secret, secret[:1]) for secret in _SECRETS):
        return ""
    text = repr(value)
    return f" (it is {text if len(text) <= 80 else text[:77] + '...'})"


def _near(loc: tuple[int | str, ...]) -> str:
    fields = Settings.model_fields
    names: list[str] = list(fields)
    if len(loc) > 1:
        section = Source if loc[0] == "sources" else fields[str(loc[0])].annotation
        names = list(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else names
    near = get_close_matches(str(loc[-1]), names, n=1)
    return f" (did you mean {near[0]}?)" if near else f" (known here: {', '.join(names)})"


def _secret_keys() -> frozenset[tuple[str, str]]:
    return frozenset(
        (section, key)
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for key, value in field.annotation.model_fields.items()
        if value.annotation is SecretStr
    )


_SECRETS = _secret_keys()
"""(section, key) of every setting that holds a secret."""
