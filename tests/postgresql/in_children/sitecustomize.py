"""Loaded by every Python that a test starts while records are kept in PostgreSQL: lets it go there, too.

It waits until the program loads its database module, so that a child which needs none pays nothing.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

WATCHED = "breachwatch.records.database"


class _Watcher:
    """A finder of modules that finds one, and only once."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != WATCHED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def execute_and_stand_in(module: ModuleType) -> None:
            execute(module)
            _standing_in().stand_in(module.Database)

        spec.loader.exec_module = execute_and_stand_in  # type: ignore[method-assign]
        return spec


def _standing_in() -> ModuleType:
    place = Path(__file__).parents[1] / "standing_in.py"
    spec = importlib.util.spec_from_file_location("standing_in_for_sqlite", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sys.meta_path.insert(0, _Watcher())
