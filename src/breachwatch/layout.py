"""Laying out a workspace: settings, folders, signing key, database."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from breachwatch.errors import EnvironmentFault, SettingsError, UsageError
from breachwatch.evidence import keys
from breachwatch.settings import SETTINGS_NAME
from breachwatch.settings_file import parse_settings
from breachwatch.settings_sources import Source
from breachwatch.workspace import FOLDERS, PRIVATE_DIR, Workspace, open_workspace

_PRIVATE_FILE = 0o600
_NAME_LINE = 'name = "City"\n'
_ZONE_LINE = 'time_zone = "UTC"\n'


def lay_out(root: Path, *, name: str, time_zone: str, sources: Sequence[Source]) -> Workspace:
    """Make a workspace in the folder `root`, which may exist but hold no settings yet.

    Folders are made for their owner only (0700), the settings and the private key are readable by their owner only
    (0600). The settings come last: a layout that broke off can be repeated.
    Raises UsageError where there is a workspace already, SettingsError for a wrong value, EnvironmentFault.
    """
    root = root.absolute()
    settings_path = root / SETTINGS_NAME
    if settings_path.exists():
        msg = f"{root} is a workspace already: {settings_path} is there. Nothing was changed."
        raise UsageError(msg)
    text = settings_text(name=name, time_zone=time_zone, sources=sources)
    parse_settings(text, settings_path)
    try:
        root.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
        for folder in FOLDERS:
            (root / folder).mkdir(mode=PRIVATE_DIR, exist_ok=True)
            (root / folder).chmod(PRIVATE_DIR)
    except OSError as error:
        msg = f"cannot lay out a workspace in {root}: {error.strerror} ({error.filename})."
        raise EnvironmentFault(msg) from error
    if not (root / "keys" / keys.PRIVATE_NAME).exists():
        keys.create_key(root / "keys")
    _write_settings(settings_path, text)
    ws = open_workspace(root)
    _ = ws.database  # made now, so that the first run does not pay for it
    return ws


def settings_text(*, name: str, time_zone: str, sources: Iterable[Source]) -> str:
    """The commented settings with this name, time zone and these sources; every other key at its default."""
    template = (files("breachwatch") / "settings_template.toml").read_text(encoding="utf-8")
    text = template.replace(_NAME_LINE, f"name = {_toml(name)}\n", 1)
    text = text.replace(_ZONE_LINE, f"time_zone = {_toml(time_zone)}\n", 1)
    return "\n".join([text, *(_source_text(source) for source in sources)])


def read_sources(path: Path, root: Path) -> tuple[Source, ...]:
    """The `[[sources]]` of a TOML file. Its relative paths start at its own folder; for `root` they are rewritten.

    Raises SettingsError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except OSError as error:
        msg = f"cannot read the sources from {path}: {error.strerror}."
        raise SettingsError(msg) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path} is not valid TOML: {error}"
        raise SettingsError(msg) from error
    if set(content) != {"sources"}:
        msg = f"{path} must hold [[sources]] and nothing else."
        raise SettingsError(msg)
    folder = path.absolute().parent
    found = parse_settings(text, path).sources
    return tuple(
        source.model_copy(update={"paths": tuple(_for_root(item, folder, root.absolute()) for item in source.paths)})
        for source in found
    )


def _for_root(pattern: str, folder: Path, root: Path) -> str:
    expanded = Path(pattern).expanduser()
    whole = folder / expanded
    if expanded.is_absolute() or not whole.is_relative_to(root):
        return str(whole)
    return str(whole.relative_to(root))


def _source_text(source: Source) -> str:
    """A source as TOML: its name, and what differs from the defaults."""
    lines = ["[[sources]]"]
    for key, field in Source.model_fields.items():
        value = getattr(source, key)
        if key in {"name", "kind"} or value != field.default:
            lines.append(f"{key} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: str | bool | float | tuple[str, ...]) -> str:
    """A value as TOML. JSON's strings, numbers and lists are TOML's, but for DEL, which TOML wants escaped."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write_settings(path: Path, text: str) -> None:
    try:
        path.touch(mode=_PRIVATE_FILE, exist_ok=False)
        path.write_text(text, encoding="utf-8")
    except FileExistsError:
        msg = f"{path} appeared meanwhile: somebody else makes this workspace. Nothing was overwritten."
        raise UsageError(msg) from None
    except OSError as error:
        path.unlink(missing_ok=True)
        msg = f"cannot write {path}: {error.strerror}."
        raise EnvironmentFault(msg) from error
