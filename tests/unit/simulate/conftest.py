"""One small city for all tests of this folder, and ways to read it."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from breachwatch.simulate import CityReport, simulate

DAYS, SCALE, SEED = 12, 0.1, 7


@dataclass(frozen=True)
class City:
    """A simulated city on disk."""

    root: Path
    report: CityReport

    @cached_property
    def truth(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.root / "truth.json").read_text(encoding="utf-8"))
        return loaded

    @cached_property
    def files(self) -> dict[str, list[bytes]]:
        """Every log's lines, by path relative to the root."""
        return {str(path.relative_to(self.root)): lines_of(path) for path in logs_of(self.root)}

    def stories(self, *kinds: str) -> list[dict[str, Any]]:
        return [story for kind in kinds or ("attacks", "benign", "background") for story in self.truth[kind]]


def logs_of(root: Path) -> list[Path]:
    return sorted(path for path in (root / "logs").rglob("*") if path.is_file())


def content_of(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def lines_of(path: Path) -> list[bytes]:
    content = content_of(path)
    assert content.endswith(b"\n")
    return content.split(b"\n")[:-1]


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    root = tmp_path_factory.mktemp("city") / "port-alder"
    return City(root, simulate(root, days=DAYS, scale=SCALE, seed=SEED))
