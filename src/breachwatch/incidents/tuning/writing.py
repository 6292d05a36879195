"""A filter as Sigma YAML. Its values come from logs, so from attackers: each is written as a literal.

Sigma specification 2.1, "Escaping": `*` and `?` are wildcards, a backslash before them or before a backslash makes them
plain. In YAML every text stands in double quotes on one line, with what is not ASCII escaped, so that no value can end
the document or begin another key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

_UNSAFE = re.compile(r"[^a-z0-9]+")
_TITLE_CHARS = 120


@dataclass(frozen=True, slots=True)
class Draft:
    """What goes into a filter file."""

    filter_id: str
    title: str
    logsource: Mapping[str, str]
    rules: Sequence[str]  # ids
    wanted: Mapping[str, str | int]
    author: str
    on: date
    owner: str
    reason: str
    expires: date
    references: Sequence[str]  # numbers of incidents and keys of alerts


class _Quoted(yaml.SafeDumper):
    """Writes every text in double quotes."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"')


_Quoted.add_representer(str, _text)


def literal(value: str) -> str:
    """A text as Sigma reads it literally, whatever it holds."""
    return re.sub(r"[\\*?]", lambda found: "\\" + found[0], value)


def filter_text(draft: Draft) -> str:
    """The filter as a YAML document. Its condition takes out what the selection describes: `not selection`."""
    wanted = {name: literal(value) if isinstance(value, str) else value for name, value in draft.wanted.items()}
    document = {
        "title": _one_line(draft.title),
        "id": draft.filter_id,
        "description": f"Proposed from alerts that were closed as false positives: {', '.join(draft.references)}",
        "author": draft.author,
        "date": draft.on,
        "logsource": dict(draft.logsource),
        "filter": {"rules": list(draft.rules), "selection": wanted, "condition": "not selection"},
        "breachwatch": {"owner": draft.owner, "reason": _one_line(draft.reason), "expires": draft.expires},
    }
    return yaml.dump(document, Dumper=_Quoted, sort_keys=False, allow_unicode=False, width=10**9)


def slug(text: str) -> str:
    """A file name from a title: letters and digits of ASCII, and hyphens."""
    return _UNSAFE.sub("-", text.casefold()).strip("-")[:60].strip("-") or "filter"


def _one_line(text: str) -> str:
    return " ".join(text.split())
