"""In which order the kinds of entities tie a rule's alerts to incidents, where the rule says so.

A rule may say `breachwatch: {join_by: [host, user]}`; its alerts do not join by a kind that it leaves out. What was in
force when an alert was raised is read from the wording that is kept with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import yaml
from sqlalchemy import Connection, select

from breachwatch.incidents.chunking import chunks
from breachwatch.model.finding import CompiledRule
from breachwatch.records import cases
from breachwatch.settings_incidents import read_join_by

_KEY = "join_by"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def join_orders(connection: Connection, revisions: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By revision, the orders that recorded rules give; a rule that gives none is left out."""
    columns = cases.detection.c
    found: dict[str, tuple[str, ...]] = {}
    for chunk in chunks(dict.fromkeys(revisions)):
        query = select(columns.rule_revision, columns.rule_id, columns.text)
        for row in connection.execute(query.where(columns.rule_revision.in_(chunk), columns.text.contains(_KEY))):
            order = _order(row.text, row.rule_id)
            if order:
                found[row.rule_revision] = order
    return found


def orders_of(rules: Iterable[CompiledRule]) -> dict[str, tuple[str, ...]]:
    """The same of rules that a scan ran."""
    given = ((rule.revision, _order(rule.text, rule.rule_id)) for rule in rules if _KEY in rule.text)
    return {revision: order for revision, order in given if order}


@lru_cache(maxsize=1024)
def _order(text: str, rule_id: str) -> tuple[str, ...]:
    """What the document with this id says. The text was checked when it was loaded as a rule."""
    for document in yaml.load_all(text, _Loader):
        if not isinstance(document, dict) or str(document.get("id", "")) != rule_id:
            continue
        custom = document.get("breachwatch")
        said = custom.get(_KEY) if isinstance(custom, dict) else None
        return read_join_by(said) if said is not None else ()
    return ()
