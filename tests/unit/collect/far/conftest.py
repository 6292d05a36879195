"""Hosts and stores on loopback, and retries that do not wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina

from tests.unit.collect.conftest import Site
from tests.unit.collect.far.sshd import Sshd


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=5):
        yield


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    server = Sshd(tmp_path / "sshd")
    yield server
    server.close()


@pytest.fixture
def ssh_site(make_site: Callable[..., Site], sshd: Sshd) -> Site:
    """A source over the folder of logs, seen through the server."""
    return make_site(kind="ssh", ssh=sshd.settings())
