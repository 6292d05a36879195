"""`breachwatch schedule`: serve the nightly schedule with Prefect, in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Annotated

import typer

from breachwatch.cli.options import WorkspaceOption, open_workspace, remark
from breachwatch.errors import EnvironmentFault


def schedule(
    ctx: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of Prefect's server on 127.0.0.1.")] = 4200,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the nightly schedule until stopped.

    Needs Prefect. Starts Prefect's server on this machine unless PREFECT_API_URL names one. From cron or a systemd
    timer, `breachwatch run` does the same night without Prefect.
    """
    for module in ("prefect", "pipelines"):
        if importlib.util.find_spec(module) is None:
            msg = (
                f"the schedule needs {module}, which is not installed. Install it with: "
                f"{sys.executable} -m pip install 'breachwatch[pipelines]'. "
                "Without it, let cron or a systemd timer start `breachwatch run`."
            )
            raise EnvironmentFault(msg)
    ws = open_workspace(ctx, workspace)
    remark(f"serving {ws.settings.run.schedule!r} ({ws.settings.city.time_zone}) for {ws.root}; stop with Ctrl-C.")
    sys.stdout.flush()
    # This process becomes Prefect's: signals of a terminal or of systemd reach it without a middleman.
    program = [sys.executable, "-m", "pipelines.serve", "--workspace", str(ws.root), "--port", str(port)]
    os.execv(sys.executable, program)  # noqa: S606  a fixed program and a list, no shell
