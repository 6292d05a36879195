"""The ledger as a flow: what the nightly run does last, by itself.

For a night whose run did not come that far, and for sites that keep the ledger on a schedule of its own. What reaches
Prefect are names of ledgers and evidence, counts and hashes.
"""

from __future__ import annotations

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType

from breachwatch import run as pipeline
from breachwatch.model.summary import Vouched
from pipelines._flowkit import discreet, open_for_flow, workspace_root
from pipelines._night import night_of


@task(name="vouch for the night", task_run_name="verify, stamp, write the ledger", cache_policy=NO_CACHE)
@discreet
def vouch(root: str, begun: pipeline.Begun) -> Vouched:
    """Verify some evidence again, stamp what waits, write the night's ledger and send it."""
    return pipeline.vouch(open_for_flow(root), begun)


@flow(name="ledger", flow_run_name="ledger", retries=0, persist_result=False)
def ledger(workspace: str | None = None, night: str | None = None) -> State[Vouched]:
    """Write the ledger of a night (YYYY-MM-DD; without one, of this one), stamp and send it."""
    root = str(workspace_root(workspace))
    ws = open_for_flow(root)
    done = vouch(root, pipeline.begin_by_itself(ws, night_of(ws, night), "ledger"))
    for problem in done.problems:
        get_run_logger().warning(problem.partition(":")[0])
    get_run_logger().info("ledger %s %s", done.ledger, done.ledger_sha256)
    return State(type=StateType.COMPLETED, name="Partial" if done.problems else "Completed", data=done)
