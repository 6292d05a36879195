"""What every flow shares: the workspace, secrets, retries, and keeping log content out of Prefect's database."""

from __future__ import annotations

import functools
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from breachwatch.errors import BreachwatchError, TransientError
from breachwatch.settings import SETTINGS_NAME
from breachwatch.workspace import Workspace, find_root, open_workspace

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State, TaskRun
    from prefect.tasks import Task

P = ParamSpec("P")
R = TypeVar("R")

RETRY_DELAYS: list[float] = [5, 30, 120]
"""Seconds before the first, second and third repetition of a task that failed for a passing reason."""

SECRET_BLOCKS = {
    "breachwatch-database-url": "BREACHWATCH_DATABASE__URL",
    "breachwatch-alarm-webhook-url": "BREACHWATCH_ALARM__WEBHOOK_URL",
}
"""Prefect Secret blocks that stand in for environment variables which are not set."""


def prepare_environment(workspace: Path) -> None:
    """Telemetry off, and Prefect's own files below the workspace; what the environment already says stays.

    Prefect reads its environment once, at import: call this before.
    """
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_TASKS_DEFAULT_NO_CACHE", "true")
    os.environ.setdefault("PREFECT_RESULTS_PERSIST_BY_DEFAULT", "false")
    # The temporary server of a first run migrates its database, which a busy small machine takes its time over.
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
    os.environ.setdefault("PREFECT_HOME", str(workspace / "state" / "prefect"))


def workspace_root(named: str | None = None) -> Path:
    """The workspace's folder: the one named, else the one that `breachwatch` itself would find."""
    root = (Path(named) if named else find_root()).absolute()
    if not (root / SETTINGS_NAME).is_file():
        msg = f"{root} is no workspace: it has no {SETTINGS_NAME}. `breachwatch init {root}` makes one."
        raise BreachwatchError(msg)
    return root


def open_for_flow(root: str) -> Workspace:
    """Open the workspace inside a flow or task; secrets may come from Prefect blocks."""
    _take_secrets()
    return open_workspace(root)


@functools.cache
def _take_secrets() -> None:
    from prefect.blocks.system import Secret

    for block, variable in SECRET_BLOCKS.items():
        if variable not in os.environ:
            try:
                secret: Any = Secret.load(block)
            except ValueError:  # Prefect's answer where there is no such block
                continue
            os.environ[variable] = secret.get()


def discreet(call: Callable[P, R]) -> Callable[P, R]:
    """Keep an unexpected error's text out of Prefect: it may quote log content.

    Our own errors are written for people and pass. Anything else is written to the workspace (the first argument, a
    path) and replaced by a sentence that names only its kind.
    """

    @functools.wraps(call)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except BreachwatchError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, its text stays here
            place = Path(str(args[0] if args else kwargs["root"])) / "state" / "last-error.txt"
            place.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
            place.chmod(0o600)
            msg = f"{call.__name__} met an unexpected {type(error).__name__}. The details are in {place}."
        raise BreachwatchError(msg) from None

    return guarded


async def may_pass(_task: Task[..., Any], _run: TaskRun, state: State) -> bool:
    """Prefect's question whether to try a failed task again: yes for a TransientError, no for the rest."""
    try:
        await state.aresult()
    except TransientError:
        return True
    except BreachwatchError:
        return False
    return False
