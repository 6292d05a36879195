"""Notifications as a flow: what the command does, and Prefect learns no more than names of channels and counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from breachwatch.notify import messages
from tests.unit.notify.conftest import TOKEN, Town, make_town, post, town  # noqa: F401  fixtures

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("prefect_server"),
]


def test_the_flow_sends_and_a_failure_is_partial(town: Town) -> None:  # noqa: F811
    from pipelines.notify import notify

    flow: Callable[..., Any] = notify
    town.incident()
    state = flow(str(town.ws.root), return_state=True)
    assert (state.name, state.result().sent) == ("Completed", 2)
    assert [item.state for item in messages(town.ws)] == ["sent", "sent"]
    town.post.status = 503
    town.incident("INC-2026-0002")
    state = flow(str(town.ws.root), return_state=True)
    assert (state.name, state.result().later) == ("Partial", 2)
    assert "the service of channel 'room' answered 503" in state.result().errors
    assert TOKEN not in repr(state)
