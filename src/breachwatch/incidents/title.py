"""An incident's title: what happened, who, from where."""

from __future__ import annotations

from collections.abc import Sequence

from breachwatch.incidents.entities import storable
from breachwatch.model.finding import MOST_OF_A_KIND, Entity

_LONGEST_NAME = 64
_LONGEST_RULE_TITLE = 160


def make_title(rule_title: str, entities: Sequence[Entity]) -> str:
    """`Sign-ins after a brute force: jmeyer from 203.0.113.7`.

    The names come from logs: they are bounded in length here, and made harmless where they are shown.
    """
    users = _values(entities, "user")
    addresses = _values(entities, "source_ip")
    hosts = _values(entities, "host")
    parts = [_some(users, "accounts")] if users else []
    if addresses:
        parts.append(f"from {_some(addresses, 'addresses')}")
    if hosts and not (users and addresses):
        parts.append(f"{'on ' if parts else ''}{_some(hosts, 'hosts')}")
    what = _bounded(storable(rule_title), _LONGEST_RULE_TITLE)
    return f"{what}: {' '.join(parts)}" if parts else what


def _values(entities: Sequence[Entity], kind: str) -> list[str]:
    found = (storable(entity.value).strip() for entity in entities if entity.kind == kind)
    return list(dict.fromkeys(value for value in found if value not in ("", "-")))


def _some(values: Sequence[str], plural: str) -> str:
    if len(values) >= MOST_OF_A_KIND:
        return f"{MOST_OF_A_KIND} or more {plural}"
    if len(values) > 2:
        return f"{len(values)} {plural}"
    return " and ".join(_bounded(value, _LONGEST_NAME) for value in values)


def _bounded(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
