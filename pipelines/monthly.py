"""The monthly report to council as a flow, on the first of the month: PDF and DOCX in the workspace's `reports/`.

What reaches Prefect are the names of files.
"""

from __future__ import annotations

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from breachwatch.model.people import program
from breachwatch.report.filing import file_month, month_before
from pipelines._flowkit import discreet, open_for_flow, workspace_root


@task(name="write the monthly report", cache_policy=NO_CACHE)
@discreet
def write(root: str, month: str | None) -> list[str]:
    """Write the report of a month, or of the last that is over; the names of its files."""
    ws = open_for_flow(root)
    return [path.name for path in file_month(ws, month or month_before(ws), by=program())]


@flow(name="monthly", flow_run_name="monthly report", retries=0, persist_result=False)
def monthly(workspace: str | None = None, month: str | None = None) -> list[str]:
    """Write the report of a month (2026-11; without one, of the month before this one)."""
    names = write(str(workspace_root(workspace)), month)
    get_run_logger().info("written: %s", ", ".join(names))
    return names
