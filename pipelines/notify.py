"""Notifications as a flow, every few minutes: who is to be told is told, who does not answer is escalated.

The nightly run tells people at its end; this flow makes escalation and retries work in between, and sends the morning
digest where the settings give it a time of its own. Reminders of deadlines, and news of reports, go the same way. What
reaches Prefect are counts, and names of channels.
"""

from __future__ import annotations

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType

from breachwatch import notify as telling
from pipelines._flowkit import discreet, open_for_flow, workspace_root


@task(name="send notifications", cache_policy=NO_CACHE)
@discreet
def send(root: str) -> telling.Sent:
    """Enter the digest in its time, then send what waits. What does not go is tried again by the next run."""
    ws = open_for_flow(root)
    telling.enter_digest_in_time(ws)
    return telling.send(ws)


@flow(name="notify", flow_run_name="notify", retries=0, persist_result=False)
def notify(workspace: str | None = None) -> State[telling.Sent]:
    """Tell whoever is to be told now."""
    done = send(str(workspace_root(workspace)))
    for error in done.errors:
        get_run_logger().warning(error)
    get_run_logger().info("%s sent, %s to be tried again", done.sent, done.later)
    return State(type=StateType.COMPLETED, name="Partial" if done.errors else "Completed", data=done)
