"""Values as plain JSON, for scripts."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from breachwatch.model.finding import Level


def plain(value: Any) -> Any:
    """The value made of dictionaries, lists, text and numbers: levels by name, times in ISO 8601 with their offset."""
    if dataclasses.is_dataclass(value):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return _leaf(value)


def _leaf(value: Any) -> Any:
    if isinstance(value, Enum) and not isinstance(value, Level):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no NaN and no infinity
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Level)):
        return value
    return str(value)


def to_json(value: Any, indent: int | None = 2) -> str:
    """JSON in pure ASCII: whatever a log held, it reaches a terminal or another program harmless."""
    return json.dumps(plain(value), ensure_ascii=True, indent=indent, allow_nan=False)
