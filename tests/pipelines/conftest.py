"""Fixtures of the flows' tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """One temporary Prefect server for the flows that are called in this process."""
    os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "true"
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield
    os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
