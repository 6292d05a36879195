"""Which night a flow run does: the one it was scheduled for, however late it starts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from prefect import runtime

from breachwatch.errors import UsageError
from breachwatch.model.night import Night
from breachwatch.workspace import Workspace
from pipelines._flowkit import open_for_flow, workspace_root


def night_of(ws: Workspace, named: str | None) -> Night:
    """The night that the caller names (YYYY-MM-DD), else the one this flow run was scheduled for."""
    settings = ws.settings
    if named:
        return Night.on(_day(named), settings.run.time_of_day, settings.city.zone)
    # Prefect hands out a subclass that does not compare with the standard library's times.
    moment = datetime.fromisoformat(runtime.flow_run.scheduled_start_time.isoformat())
    return Night.scheduled_at(moment, settings.city.zone)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is no date like 2026-11-22"
        raise UsageError(msg) from None


def run_name() -> str:
    """The flow run's name in Prefect's pages, after its night."""
    # A template string cannot be used: the night is no parameter of scheduled runs.
    parameters: dict[str, Any] = runtime.flow_run.parameters
    ws = open_for_flow(str(workspace_root(parameters.get("workspace"))))
    return f"night of {night_of(ws, parameters.get('night')).date}"
