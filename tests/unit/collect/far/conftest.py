"""Hosts and stores on loopback, and retries that do not wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina

from tests.unit.collect.far.servers import s3, s3_site, ssh_site, sshd  # noqa: F401  fixtures of this folder


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=5):
        yield
