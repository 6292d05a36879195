"""Reading profiles: those of the package, a city's own on top, and the overlays that they name.

A city's own file lies in the workspace under `jurisdictions/NAME.yaml`. With `extends: us-tx-city` it changes that
profile: tables are merged key by key, lists of things with an `id` by their id, anything else is replaced. The result
is checked as a whole. A profile is hostile input like any other: its size, depth and aliases are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from breachwatch.errors import DataError, UnknownNameError
from breachwatch.respond.law.profile import Profile

FOLDER = "jurisdictions"
"""Folder of a workspace for a city's own profiles."""
LARGEST = 1024 * 1024
_DEEPEST = 40
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def profile_names(workspace: Path | None = None) -> tuple[str, ...]:
    """The profiles that there are, a workspace's own among them."""
    found = {item.name.removesuffix(".yaml") for item in _package().iterdir() if item.name.endswith(".yaml")}
    if workspace is not None:
        found |= {path.stem for path in (workspace / FOLDER).glob("*.yaml")}
    return tuple(sorted(found))


def load_profile(name: str, workspace: Path | None = None) -> Profile:
    """The profile of that name with its overlays' obligations, calendars and documents added.

    Raises UnknownNameError for a name that is none, DataError that names file, line, key and what to mend.
    """
    text, where = _text(name, workspace)
    return _with_overlays(_checked(_merged(text, where, workspace, (name,)), text, where), workspace)


def check_file(path: Path, workspace: Path | None = None) -> Profile:
    """The profile that a file holds. Raises DataError as `load_profile` does."""
    text = _read(path)
    return _with_overlays(_checked(_merged(text, str(path), workspace, ()), text, str(path)), workspace)


def _package() -> Any:
    return files("breachwatch.respond") / "profiles"


def _text(name: str, workspace: Path | None) -> tuple[str, str]:
    own = workspace / FOLDER / f"{name}.yaml" if workspace is not None else None
    if name not in profile_names(workspace):
        raise UnknownNameError("jurisdiction profile", name, profile_names(workspace))
    if own is not None and own.is_file():
        return _read(own), str(own)
    return (_package() / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml of breachwatch"


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            msg = f"{path} is larger than {LARGEST // 1024} KiB; a profile is a few pages of text."
            raise DataError(msg)
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{path} is not UTF-8 at byte {error.start}. Save it as UTF-8."
        raise DataError(msg) from None
    except OSError as error:
        msg = f"cannot read the profile {path}: {error.strerror}."
        raise DataError(msg) from error


@lru_cache(maxsize=32)  # one process asks the same few profiles about many incidents
def _parsed(text: str, where: str) -> dict[str, Any]:
    """What a profile's text says; who changes it changes a copy."""
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent):
                msg = f"{where}, line {_number(event)}: a profile has no aliases (*name); write it out."
                raise DataError(msg)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                msg = f"{where}, line {_number(event)}: nested more than {_DEEPEST} deep."
                raise DataError(msg)
        node = yaml.compose(text, Loader=_Loader)
        _refuse_doubles(node, where)
        document = yaml.load(text, Loader=_Loader)  # noqa: S506  the safe one in C
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        msg = f"{where}{line}: not valid YAML: {getattr(error, 'problem', None) or error}."
        raise DataError(msg) from error
    except ValueError as error:  # dates and numbers that are none, such as 2026-02-30
        msg = f"{where}: {error}."
        raise DataError(msg) from error
    if not isinstance(document, dict):
        msg = f"{where}: a profile is a table of keys, and this is none."
        raise DataError(msg)
    return document


def _number(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 0


def _refuse_doubles(node: Any, where: str) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                msg = f"{where}, line {key.start_mark.line + 1}: the key {key.value!r} stands twice; keep one."
                raise DataError(msg)
            seen.add(key.value)
            _refuse_doubles(value, where)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_doubles(item, where)


def _merged(text: str, where: str, workspace: Path | None, seen: Sequence[str]) -> dict[str, Any]:
    """The document with the profile that it extends below it."""
    document = dict(_parsed(text, where))
    base = document.pop("extends", None)
    if base is None:
        return document
    if not isinstance(base, str) or base not in profile_names():
        names = ", ".join(profile_names())
        msg = f"{where}: extends names no profile of breachwatch ({base!r}). Known: {names}."
        raise DataError(msg)
    own = (_package() / f"{base}.yaml").read_text(encoding="utf-8")
    below = _merged(own, f"{base}.yaml of breachwatch", workspace, (*seen, base))
    if document.get("id") == base and base not in seen:
        msg = f"{where}: a city's own profile has an id of its own, not {base!r}."
        raise DataError(msg)
    merged = _merge(below, document)
    return merged if isinstance(merged, dict) else document


def _merge(below: Any, above: Any) -> Any:
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {
            key: _merge(below[key], above[key])
            if key in below and key in above
            else (above if key in above else below)[key]
            for key in (*below, *(key for key in above if key not in below))
        }
    if _by_id(below) and _by_id(above):
        new = {item["id"]: item for item in above}
        kept = [_merge(item, new.pop(item["id"])) if item["id"] in new else item for item in below]
        return [*kept, *new.values()]
    return above


def _by_id(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) and "id" in item for item in value)


def _checked(document: dict[str, Any], text: str, where: str) -> Profile:
    try:
        return Profile.model_validate(document)
    except ValidationError as error:
        lines = [_explained(item, document, text) for item in error.errors(include_url=False)]
        more = f"\n  and {len(lines) - 10} more" if len(lines) > 10 else ""
        msg = f"{where} cannot be used:\n  " + "\n  ".join(lines[:10]) + more
        raise DataError(msg) from None


def _explained(item: Any, document: dict[str, Any], text: str) -> str:
    location = tuple(item["loc"])
    path = ".".join(_path(location, document)) or "the profile"
    line = _line(text, location)
    told = item["msg"].removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        told = "there is no such key; see docs/jurisdictions.md for those that there are"
    elif item["type"] == "missing":
        told = "this is missing and must be given"
    return f"{path}{f' (line {line})' if line else ''}: {told}"


def _path(location: tuple[Any, ...], document: Any) -> Iterator[str]:
    """The place in words: items of lists by their id."""
    at: Any = document
    for step in location:
        at = (
            at[step]
            if isinstance(at, Mapping) and step in at
            else (at[step] if isinstance(at, list) and isinstance(step, int) and step < len(at) else None)
        )
        named = at.get("id") if isinstance(at, Mapping) else None
        yield str(named) if isinstance(step, int) and named is not None else str(step)


def _line(text: str, location: tuple[Any, ...]) -> int | None:
    """The line of the file where the deepest known part of the place stands; lists that were merged have none."""
    node = yaml.compose(text, Loader=_Loader)
    line = None
    for step in location:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = (node.value[step], node.value[step])
        if found is None:
            return line
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def _with_overlays(profile: Profile, workspace: Path | None) -> Profile:
    """The profile with what its overlays add; ids must differ."""
    obligations, documents = list(profile.obligations), dict(profile.documents)
    calendars, bound = list(profile.calendars), list(profile.bound)
    for name in profile.overlays:
        text, where = _text(name, workspace)
        overlay = _checked(_merged(text, where, workspace, (name,)), text, where)
        if not overlay.overlay:
            msg = f"{profile.id}: {name!r} is a profile of its own and no overlay."
            raise DataError(msg)
        same = {item.id for item in obligations} & {item.id for item in overlay.obligations}
        if same:
            msg = f"{profile.id}: the obligation {min(same)!r} stands in the overlay {name!r}, too."
            raise DataError(msg)
        obligations += overlay.obligations
        calendars += overlay.calendars
        bound += overlay.bound
        documents |= overlay.documents
    added = {
        "obligations": tuple(obligations),
        "documents": documents,
        "calendars": tuple(calendars),
        "bound": tuple(bound),
    }
    return profile.model_copy(update=added)
