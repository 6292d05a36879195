"""The disclosed set: all that leaves, and the index of what does not, as one canonical JSON text with its hash.

It is built from nothing but values that fit their shapes, texts that somebody cleared, and fixed words. Every file of
a release is made from this text alone, so that counsel signs one hash and the same bytes can be made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from breachwatch.errors import UsageError
from breachwatch.model.requests import Disposition
from breachwatch.respond.requests.allowed import ALLOWED
from breachwatch.respond.requests.gathering import Gathered
from breachwatch.respond.requests.reading import Request
from breachwatch.respond.requests.redacting import Standing, exemptions_of, undecided

FORMAT = "breachwatch-records-release-1"
Content = Mapping[str, Any]
_VARIES = ("version", "prepared_at")
"""What differs between two versions that hold the same."""


def build(
    request: Request,
    gathered: Gathered,
    found: Sequence[Standing],
    *,
    city: str,
    zone: ZoneInfo,
    version: int,
    at: datetime,
    notices: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The disclosed set of a request. Raises UsageError while an item is undecided: nothing is withheld silently."""
    still = undecided(found)
    if still:
        named = ", ".join(standing.item.id for standing in still[:3])
        msg = (
            f"{len(still)} of {len(found)} items of {request.number} are not decided ({named}, ...): clear each, or "
            f"name its exemption. Proposals: breachwatch request redact {request.number} --proposed --reason WHY"
        )
        raise UsageError(msg)
    return {
        "format": FORMAT,
        "city": city,
        "request": request.number,
        "received_at": request.received_at.astimezone(zone).isoformat(timespec="seconds"),
        "version": version,
        "prepared_at": at.astimezone(zone).isoformat(timespec="seconds"),
        "incidents": list(gathered.incidents),
        "sections": _sections(gathered, found),
        "notices": [dict(notice) for notice in notices],
        "withheld": _index(request, found, zone),
    }


def canonical(content: Content) -> str:
    """The text that is kept, signed and rendered: JSON with sorted keys, in ASCII."""
    return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def digest(text: str) -> str:
    """The SHA-256 that counsel signs."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def same(one: Content, other: Content) -> bool:
    """Whether two versions disclose and withhold the same."""
    first, second = ({key: value for key, value in side.items() if key not in _VARIES} for side in (one, other))
    return canonical(first) == canonical(second)


def _sections(gathered: Gathered, found: Sequence[Standing]) -> list[dict[str, Any]]:
    cleared: dict[str, dict[str, str]] = {}
    for standing in found:
        if standing.decision is not None and standing.decision.disposition is Disposition.CLEARED:
            title = standing.item.title.partition(": ")[2] or standing.item.title
            cleared.setdefault(standing.item.record, {})[title] = standing.item.text
    sections = []
    by_kind = gathered.by_kind()
    for kind in ALLOWED:
        rows = [
            {"incident": record.incident, "values": [list(pair) for pair in (*record.values, *texts.items())]}
            for record in by_kind.get(kind.name, ())
            for texts in [cleared.get(record.id, {})]
            if record.values or texts
        ]
        if rows:
            sections.append({"kind": kind.name, "title": kind.title, "rows": rows})
    return sections


def _index(request: Request, found: Sequence[Standing], zone: ZoneInfo) -> list[dict[str, Any]]:
    known = exemptions_of(request)
    index: list[dict[str, Any]] = []
    for standing in found:
        decision = standing.decision
        if decision is None or decision.disposition is not Disposition.WITHHELD:
            continue
        exemption = known[decision.exemption]
        day = standing.item.at
        index.append(
            {
                "number": len(index) + 1,
                "incident": standing.item.incident,
                "what": standing.item.title,
                "day": day.astimezone(zone).date().isoformat() if day is not None else "",
                "exemption": exemption.id,
                "text": exemption.text,
                "citation": exemption.citation,
            }
        )
    return index
