"""`breachwatch hunt`: rules over the past of the lake."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    remark,
    show,
    show_json,
    was_interrupted,
)
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.detect.hunting import Hunt
    from breachwatch.model.finding import Scan
    from breachwatch.report.hunt import Recorded
    from breachwatch.workspace import Workspace

PARTIAL = 5
"""Exit code of a hunt in which a rule could not run or evidence could not be sealed."""


def hunt(
    ctx: typer.Context,
    rules: Annotated[
        list[str], typer.Argument(metavar="RULE...", help="Files, folders or zips of rules; or a rule's id or title.")
    ],
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="365d, 12w, 36h, or a date or time. Default: all of the lake.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="As --since. Default: now.")] = None,
    record: Annotated[
        bool, typer.Option("--open", help="Make the findings alerts and incidents, and seal their evidence.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Search anew what this hunt has searched before.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Search the past of the lake with some rules.

    The time is searched in parts, and what each part gave is kept: interrupted, the same command goes on from there,
    and later it searches only what is new. Nothing is recorded unless --open is given. Ends with 5 when a rule could
    not run or evidence could not be sealed.
    """
    ws = open_workspace(ctx, workspace)
    from breachwatch.detect.chosen import chosen_rules
    from breachwatch.detect.hunting import plan
    from breachwatch.model.finding import Outcome
    from breachwatch.report.hunt import hunt_page

    start, end = _moment(ws, since, "--since"), _moment(ws, until, "--until")
    if start and end and start >= end:
        msg = f"--since {since} is not before --until {until}."
        raise UsageError(msg)
    planned = plan(ws, chosen_rules(ws, rules, Path.cwd()), start, end)
    if again:
        planned.forget()
    scan = _search(ws, planned)
    recorded = _record(ws, scan) if record else None
    if as_json:
        show_json({"scan": scan, "recorded": recorded})
    else:
        show(hunt_page(scan, ws.settings.city.zone, ws.root, recorded))
    failed = any(item.outcome is Outcome.COULD_NOT_RUN for item in scan.outcomes)
    if failed or (recorded and recorded.failures):
        raise typer.Exit(PARTIAL)


def _search(ws: Workspace, planned: Hunt) -> Scan:
    from breachwatch.cli.progress import bars
    from breachwatch.detect.hunting import hunt as search

    before = len(planned.done)
    if before:
        remark(
            f"{before} of {len(planned.pieces)} parts were searched before, by the same rules; their findings stand."
        )
    try:
        with bars() as progress:
            return search(ws, planned, progress)
    except BaseException as error:
        if was_interrupted(error):
            done = len(planned.done)
            remark(f"{done} of {len(planned.pieces)} parts are done and kept; the same command goes on from there.")
            raise KeyboardInterrupt from None
        raise


def _record(ws: Workspace, scan: Scan) -> Recorded:
    from breachwatch import run
    from breachwatch.model.incident import PreservationFailure, Snapshot
    from breachwatch.report.hunt import Recorded

    begun = run.begin_hunt(ws)
    found = run.record_hunt(ws, begun, scan)
    sealed = [run.preserve(ws, begun, job) for job in found.to_preserve]
    return Recorded(
        new_alerts=found.new_alerts,
        known_alerts=found.known_alerts,
        new_incidents=found.new_incidents,
        extended_incidents=found.extended_incidents,
        snapshots=tuple(item for item in sealed if isinstance(item, Snapshot)),
        failures=tuple(item for item in sealed if isinstance(item, PreservationFailure)),
    )


def _moment(ws: Workspace, text: str | None, option: str) -> datetime | None:
    from breachwatch.model.moment import moment

    try:
        return None if text is None else moment(text, ws.clock.now(), ws.settings.city.zone)
    except ValueError as error:
        msg = f"{option}: {error}"
        raise UsageError(msg) from None
