"""The hunt as a flow: `breachwatch hunt`, part by part, as Prefect tasks.

Each part is kept when it is done, so that a flow run that was stopped, or failed, goes on where it ended when it is
started again with the same parameters. What reaches Prefect are names of rules, counts and times, never log content.
"""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType

from breachwatch import run as pipeline
from breachwatch.detect.chosen import chosen_rules
from breachwatch.detect.hunting import Hunt, Piece, alone, gather, plan, search_piece
from breachwatch.errors import UsageError
from breachwatch.model.finding import Outcome, Scan
from breachwatch.model.incident import PreservationFailure, Snapshot
from breachwatch.model.moment import moment
from breachwatch.report.markdown import hunt_markdown
from breachwatch.workspace import Workspace
from pipelines._flowkit import RETRY_DELAYS, discreet, may_pass, open_for_flow, workspace_root
from pipelines.nightly import preserve


@task(
    name="search a part of the past",
    task_run_name="search {piece.window.start:%Y-%m-%d} to {piece.window.end:%Y-%m-%d}",
    retries=len(RETRY_DELAYS),
    retry_delay_seconds=RETRY_DELAYS,
    retry_condition_fn=may_pass,
    cache_policy=NO_CACHE,
)
@discreet
def search(root: str, asked: Hunt, piece: Piece) -> Scan:
    """What one part gives: as it was kept, else searched now."""
    return search_piece(open_for_flow(root), asked, piece, pipeline.no_progress)


@task(name="record findings", task_run_name="record findings", cache_policy=NO_CACHE)
@discreet
def record(root: str, begun: pipeline.Begun, found: Scan) -> pipeline.Searched:
    """Findings as alerts and incidents; what is known already adds nothing."""
    return pipeline.record_hunt(open_for_flow(root), begun, found)


@flow(name="hunt", flow_run_name="hunt with {rules}", retries=0, persist_result=False)
def hunt(
    rules: list[str],
    workspace: str | None = None,
    since: str | None = None,
    until: str | None = None,
    open_incidents: bool = False,
) -> State[dict[str, int]]:
    """Search the past with these rules (files, ids or titles). `open_incidents` records what is found and seals it."""
    root = str(workspace_root(workspace))
    ws = open_for_flow(root)
    asked = plan(ws, chosen_rules(ws, rules, ws.root), _moment(ws, since), _moment(ws, until))
    with alone(ws, asked):
        found = gather(asked, [search(root, asked, piece) for piece in asked.pieces])
    sealed: list[Snapshot | PreservationFailure] = []
    new = 0
    if open_incidents:
        begun = pipeline.begin_hunt(ws)
        recorded = record(root, begun, found)
        new = recorded.new_alerts
        sealed = [preserve(root, begun, job) for job in recorded.to_preserve]
    create_markdown_artifact(hunt_markdown(found), key="hunt-summary", description="What the hunt found")
    get_run_logger().info("%s findings in %s parts, %s new alerts", len(found.findings), len(asked.pieces), new)
    left_out = any(item.outcome is Outcome.COULD_NOT_RUN for item in found.outcomes)
    left_out = left_out or any(isinstance(item, PreservationFailure) for item in sealed)
    counts = {"findings": len(found.findings), "parts": len(asked.pieces), "new_alerts": new}
    return State(type=StateType.COMPLETED, name="Partial" if left_out else "Completed", data=counts)


def _moment(ws: Workspace, text: str | None) -> Any:
    try:
        return None if text is None else moment(text, ws.clock.now(), ws.settings.city.zone)
    except ValueError as error:
        raise UsageError(str(error)) from None
