"""The nightly flow: `breachwatch.run`, step by step, as Prefect tasks.

The night is taken from the time the run was scheduled for: a run that starts late still does its own night. Sources are
collected in parallel; one that fails is reported and the run ends as Partial. What reaches Prefect are names of sources
and rules, counts and levels, never log content.
"""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType
from prefect.futures import wait
from prefect.task_runners import ThreadPoolTaskRunner

from breachwatch import run as pipeline
from breachwatch.model.incident import PreservationFailure, Snapshot, ToPreserve
from breachwatch.model.summary import RunState, RunSummary, SourceReport
from breachwatch.report.markdown import summary_markdown
from pipelines._flowkit import RETRY_DELAYS, discreet, may_pass, open_for_flow, workspace_root
from pipelines._night import night_of, run_name
from pipelines.ledger import vouch


@task(
    name="ingest a source",
    task_run_name="ingest {source}",
    retries=len(RETRY_DELAYS),
    retry_delay_seconds=RETRY_DELAYS,
    retry_jitter_factor=0.3,
    retry_condition_fn=may_pass,
    cache_policy=NO_CACHE,
)
@discreet
def ingest(root: str, source: str) -> SourceReport:
    """Collect one source, parse it and land it in the lake."""
    return pipeline.ingest(open_for_flow(root), source)


@task(
    name="search the lake",
    task_run_name="search the lake",
    retries=1,
    retry_delay_seconds=30,
    retry_condition_fn=may_pass,
    cache_policy=NO_CACHE,
)
@discreet
def search(root: str, begun: pipeline.Begun) -> pipeline.Searched:
    """Run the rules, record alerts, open incidents."""
    return pipeline.search(open_for_flow(root), begun)


@task(name="seal evidence", task_run_name="seal evidence of {job.incident}", cache_policy=NO_CACHE)
@discreet
def preserve(root: str, begun: pipeline.Begun, job: ToPreserve) -> Snapshot | PreservationFailure:
    """Seal one incident's evidence. A failure is recorded on the incident and makes the run partial."""
    return pipeline.preserve(open_for_flow(root), begun, job)


@flow(name="ingest all sources", flow_run_name="ingest all sources", persist_result=False)
def ingest_all(root: str, sources: list[str]) -> list[SourceReport]:
    """All sources, as many at a time as this flow's task runner allows; a failed one becomes its report."""
    futures = [ingest.submit(root, source) for source in sources]
    wait(futures)
    reports = []
    for source, future in zip(sources, futures, strict=True):
        outcome = future.result(raise_on_failure=False)
        failed = not isinstance(outcome, SourceReport)
        reports.append(pipeline.failed_source(source, str(outcome)) if failed else outcome)
    return reports


@flow(name="nightly", flow_run_name=run_name, retries=0, persist_result=False)
def nightly(workspace: str | None = None, night: str | None = None) -> State[RunSummary]:
    """Collect, parse, search and seal one night. `night` (YYYY-MM-DD) does another one than the scheduled."""
    root = str(workspace_root(workspace))
    ws = open_for_flow(root)
    begun = pipeline.begin(ws, night_of(ws, night))
    try:
        in_parallel: Any = ThreadPoolTaskRunner(max_workers=ws.settings.run.parallel_sources)
        sources = [source.name for source in ws.settings.sources if source.enabled]
        reports = ingest_all.with_options(task_runner=in_parallel)(root, sources)
        searched = search(root, begun)
        sealed = [preserve(root, begun, job) for job in searched.to_preserve]
    except BaseException as error:
        pipeline.record_failure(ws, begun, error)
        raise
    afterwards = (pipeline.tend(ws), vouch(root, begun))
    summary = pipeline.finish(ws, begun, reports, searched, sealed, afterwards)
    create_markdown_artifact(summary_markdown(summary), key="nightly-summary", description="What the night gave")
    get_run_logger().info("%s: %s", begun.night.date, summary.state)
    for problem in pipeline.round_off(ws):
        get_run_logger().warning("after the run: %s", problem)
    partial = summary.state is RunState.PARTIAL
    return State(type=StateType.COMPLETED, name="Partial" if partial else "Completed", data=summary)
