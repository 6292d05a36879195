"""The head of a template file: YAML between two lines `---`, loaded safely, each mistake with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import yaml
from pydantic import ValidationError

from breachwatch.errors import DataError
from breachwatch.papers.template import FrontMatter
from breachwatch.papers.vocabulary import VOCABULARY

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 3  # fields: {name: words}


def front_matter(text: str, where: str) -> tuple[FrontMatter, str, int]:
    """The head, the text below it, and the line of the file where that begins. Raises DataError."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        msg = f"{where}, line 1: a template begins with a line `---`, then title, audience, fields, another `---`."
        raise DataError(msg)
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        msg = f"{where}: the head that begins in line 1 has no end. Add a line `---` below its last key."
        raise DataError(msg)
    head = "\n".join(lines[1:end])
    document = _parsed(head, where)
    try:
        front = FrontMatter.model_validate(document)
    except ValidationError as error:
        told = [_explained(item, head) for item in error.errors(include_url=False)]
        msg = f"{where} cannot be used:\n  " + "\n  ".join(told[:10])
        raise DataError(msg) from None
    for name in front.fields:
        if name not in VOCABULARY:
            near = get_close_matches(name, VOCABULARY, n=2)
            hint = f"Did you mean {' or '.join(near)}?" if near else "Take one of `breachwatch paper fields`."
            msg = (
                f"{where}{_place(head, name)}: nothing fills a field {name!r}, so it would be a blank for ever. {hint}"
            )
            raise DataError(msg)
    return front, "\n".join(lines[end + 1 :]), end + 2


def _parsed(head: str, where: str) -> dict[str, Any]:
    try:
        depth = 0
        for event in yaml.parse(head, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent):
                msg = f"{where}, line {_line(event)}: no aliases (*name) here; write it out."
                raise DataError(msg)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                msg = f"{where}, line {_line(event)}: nested deeper than a template's head goes."
                raise DataError(msg)
        node = yaml.compose(head, Loader=_Loader)
        for key in _doubles(node):
            msg = f"{where}, line {key.start_mark.line + 2}: the key {key.value!r} stands twice; keep one."
            raise DataError(msg)
        document = yaml.load(head, Loader=_Loader)  # noqa: S506  the safe one in C
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 2}" if mark else ""
        msg = f"{where}{line}: not valid YAML: {getattr(error, 'problem', None) or error}."
        raise DataError(msg) from error
    except ValueError as error:  # dates that are none, such as 2026-02-30
        msg = f"{where}: {error}."
        raise DataError(msg) from error
    if not isinstance(document, dict):
        msg = f"{where}, line 2: the head is a table of keys (title, audience, fields), and this is none."
        raise DataError(msg)
    return document


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 2 if event.start_mark is not None else 1


def _doubles(node: Any) -> Iterator[Any]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key
            seen.add(str(key.value))
            yield from _doubles(value)


def _explained(item: Any, head: str) -> str:
    location = [str(step) for step in item["loc"] if step != "[key]"]
    told = item["msg"].removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        told = f"there is no such key; known: {', '.join(FrontMatter.model_fields)}"
    elif item["type"] == "missing":
        told = "this is missing and must be given"
    name = location[-1] if location else ""
    return f"{'.'.join(location)}{_place(head, name)}: {told}"


def _place(head: str, key: str) -> str:
    """The line of the file where a key of the head stands, for messages."""
    lines = enumerate(head.split("\n"), 2)
    line = next((number for number, line in lines if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*:", line)), None)
    return f", line {line}" if line else ""
