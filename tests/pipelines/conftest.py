"""Fixtures of the flows' tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

IDLE = ("CANCELLATION_CLEANUP", "FOREMAN", "LATE_RUNS", "PAUSE_EXPIRATIONS", "SCHEDULER", "TRIGGERS")
"""Services of a server that look around every few seconds; flows that are called need none of them."""


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """One temporary Prefect server for the flows that are called in this process."""
    os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "true"
    from prefect.testing.utilities import prefect_test_harness

    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:  # for this server alone
            for name in IDLE:
                patch.setenv(f"PREFECT_SERVER_SERVICES_{name}_ENABLED", "false")
            patch.setenv("PREFECT_API_BLOCKS_REGISTER_ON_START", "false")  # as pipelines.once has it
            stack.enter_context(prefect_test_harness(server_startup_timeout=180))
        yield
    os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
