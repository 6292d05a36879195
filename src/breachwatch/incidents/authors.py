"""Who wrote the rules that fired, and under which licence, in the wording that was in force.

The Detection Rule License 1.1 asks that messages about a rule's match name its author and the licence; most public
rules are under it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml
from sqlalchemy import Connection, select

from breachwatch.incidents import stored
from breachwatch.incidents.chunking import chunks
from breachwatch.model.finding import RuleOrigin
from breachwatch.records import cases

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def origins(connection: Connection, revisions: Iterable[str]) -> dict[str, tuple[RuleOrigin, ...]]:
    """By revision: where a rule and the rules that it is over came from; filters, which tune rules, are left out."""
    found: dict[str, tuple[RuleOrigin, ...]] = {}
    columns = cases.detection.c
    for chunk in chunks(set(revisions)):
        query = select(columns.rule_revision, columns.origins, columns.text)
        for row in connection.execute(query.where(columns.rule_revision.in_(chunk))):
            known = tuple(item for item in stored.origins_from_json(row.origins) if item.rule_id)
            found[row.rule_revision] = known or tuple(_read(row.text))
    return found


def authors(told: Iterable[RuleOrigin]) -> str:
    """All authors as they name themselves, each once."""
    return ", ".join(dict.fromkeys(item.author for item in told if item.author))


def licences(told: Iterable[RuleOrigin]) -> str:
    """The licences of the rules, each once; empty where none is known."""
    return ", ".join(dict.fromkeys(item.licence for item in told if item.licence))


def _read(text: str) -> Iterable[RuleOrigin]:
    """What the text itself says, of rules that were recorded before their origins were."""
    for document in yaml.load_all(text, _Loader):
        if not isinstance(document, dict) or "filter" in document:
            continue
        given = document.get("author")
        author = ", ".join(map(str, given)) if isinstance(given, list) else str(given or "")
        rule_id, licence = str(document.get("id") or ""), str(document.get("license") or "")
        yield RuleOrigin(str(document.get("title") or ""), rule_id, author, licence)
