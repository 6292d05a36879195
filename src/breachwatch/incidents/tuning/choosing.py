"""Which fields a filter asks for: what all false positives share and what tells them from confirmed cases. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Values = Mapping[str, str | int]
"""An event's fields, by the names that rules have for them."""

_WHO_OR_WHAT = (
    *("user", "target_user", "source_ip", "host", "program", "service", "command", "CommandLine", "Image"),
    *("ParentImage", "TargetFilename", "ServiceName", "TargetUserName", "application", "user_agent", "url_path"),
    *("ImagePath", "ServiceFileName", "TaskName", "TargetObject", "dest_ip", "destination_ip", "AppDisplayName"),
)
"""Fields that say who did what, where; the most telling first. A filter has at least one of the first kind."""
_ALSO = ("EventID", "action", "outcome", "auth_method", "LogonType", "method", "status", "Channel", "Provider_Name")

# What is another in every event, or says where the record lies: it would make a filter that never matches again.
_PASSING = re.compile(
    r"(?i)^(event_id|time|time_text|observed_at|source|message|segment_id|record_number|byte_.*|.*port|.*pid|.*guid"
    r"|.*process_?id|.*_id|.*ids?|.*time|.*hash(es)?|.*serial|.*date|.*sequence.*|.*count|.*bytes|raw.*|.*searched.*)$"
)
_KEPT_IDS = frozenset({"EventID"})

MOST_FIELDS = 6
VALUE_CHARS = 500


class NothingTellsError(ValueError):
    """No filter is narrow enough; the message says why and what to do."""


def choose(false: Sequence[Values], confirmed: Sequence[Values] = ()) -> dict[str, str | int]:
    """The fields, with their values, of the narrowest filter of at most six fields.

    Every value is in all events of `false`; no event of `confirmed` has them all. Text is compared without regard to
    case, as Sigma does. Raises NothingTellsError.
    """
    common = _common(false)
    telling = [name for name in _WHO_OR_WHAT if name in common]
    if not telling:
        msg = (
            "these events have no account, address, host, program or command in common: a filter from what is left "
            "would hide the rule's findings wherever they come from. Choose alerts that are more alike, or write the "
            "filter by hand (detections/filters/README.md)."
        )
        raise NothingTellsError(msg)
    ordered = [*telling, *(name for name in _ALSO if name in common)]
    rest = sorted(name for name in common if name not in ordered)
    chosen = {name: common[name] for name in ordered[:MOST_FIELDS]}
    for name in [*ordered[MOST_FIELDS:], *rest]:
        hidden = [event for event in confirmed if _has(event, chosen)]
        if not hidden:
            return chosen
        if any(not _has(event, {name: common[name]}) for event in hidden):
            chosen[name] = common[name]
    if any(_has(event, chosen) for event in confirmed):
        msg = (
            "nothing that these events have in common tells them from those of a confirmed case. A filter would hide "
            "that case, too."
        )
        raise NothingTellsError(msg)
    return chosen


def _common(events: Sequence[Values]) -> dict[str, str | int]:
    if not events:
        return {}
    first, *others = events
    return {
        name: value
        for name, value in first.items()
        if (name in _KEPT_IDS or not _PASSING.match(name))
        and (not isinstance(value, str) or (value not in ("", "-") and len(value) <= VALUE_CHARS))
        and all(_same(event.get(name), value) for event in others)
    }


def _has(event: Values, wanted: Values) -> bool:
    return all(_same(event.get(name), value) for name, value in wanted.items())


def _same(one: str | int | None, other: str | int) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return one == other
