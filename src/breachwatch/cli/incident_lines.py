"""`breachwatch incident lines`: the original records of an incident's alerts, with what matched marked in them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from breachwatch.cli.incident_options import NumberArgument, case_number
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json

if TYPE_CHECKING:
    from breachwatch.model.incident import AlertRecord
    from breachwatch.report.originals import AlertOriginals, Original
    from breachwatch.workspace import Workspace


def incident_lines(
    ctx: typer.Context,
    number: NumberArgument,
    alert: Annotated[
        str, typer.Option("--alert", metavar="KEY", help="Only this alert: the beginning of its key.")
    ] = "",
    events: Annotated[int, typer.Option("--events", min=1, max=10_000, help="So many events of each alert.")] = 3,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the original lines that the rules matched, the matching parts marked.

    With --json each mark has its bytes in the record: start, end and what matched.
    """
    from breachwatch import incidents
    from breachwatch.errors import UnknownNameError
    from breachwatch.report.originals import originals_page

    ws = open_workspace(ctx, workspace)
    found = incidents.incident(ws, case_number(ws, number), by=actor(ctx, ws))
    chosen = [item for item in found.alerts if item.key.startswith(alert.lower())]
    if not chosen:
        raise UnknownNameError("alert", alert, (item.key for item in found.alerts))
    shown = [_originals(ws, item, events) for item in chosen]
    if as_json:
        show_json([_plain(item) for item in shown])
    else:
        show(originals_page(found.number, shown))


def _originals(ws: Workspace, alert: AlertRecord, events: int) -> AlertOriginals:
    from breachwatch import lake
    from breachwatch.report.originals import AlertOriginals, Original, explained_first, with_marks

    asked = explained_first(alert)[:events]
    found = lake.original_records(ws, asked, alert.first_time, alert.last_time)
    sealed = f"; its bytes are sealed in {', '.join(alert.evidence)}" if alert.evidence else ""
    told: list[Original] = []
    for event in asked:
        data = found[event]
        told.append(
            with_marks(alert, event, data) if isinstance(data, bytes) else Original(event, None, f"{data}{sealed}")
        )
    return AlertOriginals(alert, tuple(told))


def _plain(item: AlertOriginals) -> dict[str, Any]:
    return {
        "alert": item.alert.key,
        "rule_id": item.alert.rule_id,
        "events": [_event(event) for event in item.events],
        "left_out": item.left_out,
    }


def _event(event: Original) -> dict[str, Any]:
    if event.record is None:
        return {"event_id": event.event_id, "missing": event.missing}
    record = event.record
    return {
        "event_id": event.event_id,
        "bytes": len(record.data),
        "text": record.data.decode("utf-8", "replace"),
        "marks": [{"start": mark.start, "end": mark.end, "match": asdict(mark.match)} for mark in record.marks],
        "elsewhere": [asdict(match) for match in record.elsewhere],
    }
