"""Compiled rules kept from one run to the next."""

from __future__ import annotations

import contextlib
import hashlib
import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Cache:
    """Compiled rules of earlier runs, one JSON file; a file that cannot be read is as good as none."""

    def __init__(self, path: Path | None, valid_for: Sequence[str]) -> None:
        self.path = path
        self.key = hashlib.sha256("\0".join(valid_for).encode()).hexdigest()
        self._kept: dict[str, Any] = {}
        self._used: dict[str, Any] = {}
        if path is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                data = json.loads(path.read_text(encoding="utf-8"))
                if data.get("key") == self.key:
                    self._kept = dict(data["rules"])

    def get(self, revision: str) -> Any:
        """What was kept under a rule's revision; None where nothing was."""
        found = self._kept.get(revision)
        if found is not None:
            self._used[revision] = found
        return found

    def put(self, revision: str, compiled: Any) -> None:
        """Keep JSON data under a rule's revision."""
        self._kept[revision] = self._used[revision] = compiled

    def save(self) -> None:
        """Write what was used or made since the cache was opened."""
        if self.path is None:
            return
        scratch = self.path.with_name(f"{self.path.name}.{uuid.uuid4().hex}")
        scratch.write_text(json.dumps({"key": self.key, "rules": self._used}), encoding="utf-8")
        scratch.rename(self.path)
