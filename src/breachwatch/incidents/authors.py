"""Who wrote the rules that fired, in the wording that was in force.

The Detection Rule License 1.1 asks that messages about a rule's match name its author; most public rules are under it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml
from sqlalchemy import Connection, select

from breachwatch.incidents import stored
from breachwatch.records import cases

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def authors(connection: Connection, revisions: Iterable[str]) -> dict[str, str]:
    """By revision: the authors of a rule and of the rules that it is over, as they name themselves."""
    found: dict[str, str] = {}
    column = cases.detection.c.rule_revision
    for chunk in stored.chunks(set(revisions)):
        rows = connection.execute(select(column, cases.detection.c.text).where(column.in_(chunk)))
        found.update((row.rule_revision, _named(row.text)) for row in rows)
    return found


def _named(text: str) -> str:
    """The text was checked when it was loaded as a rule."""
    named: dict[str, None] = {}
    for document in yaml.load_all(text, _Loader):
        if not isinstance(document, dict) or "filter" in document:
            continue  # who tunes a rule did not write it
        given = document.get("author")
        for author in given if isinstance(given, list) else [given]:
            if author:
                named[str(author)] = None
    return ", ".join(named)
