"""`breachwatch hold notice` and `remind`: the letters to custodians."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.errors import EnvironmentFault, UnknownNameError


def notice(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="HOLD", help="HOLD-2026-0001")],
    custodian: Annotated[str, typer.Argument(metavar="WHO", help="A custodian of the hold: login or name.")],
    reminder: Annotated[bool, typer.Option("--reminder", help="As a reminder that an answer is missing.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there: .html, .pdf or .txt.")
    ] = None,
    sent: Annotated[
        str, typer.Option(metavar="HOW", help="Record that it goes to them, and how: by hand, by registered mail.")
    ] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Write the preservation notice to a custodian; of a hold that was released, that it has ended."""
    from breachwatch.cli.letters import write_letter
    from breachwatch.evidence import holds
    from breachwatch.report.preservation import end_of_preservation, preservation_notice

    ws = open_workspace(ctx, workspace)
    record = holds.record(ws, number.upper(), by=actor(ctx, ws))
    people = {person.person: person for person in record.custodians}
    name = " ".join(custodian.split())
    if name not in people:
        raise UnknownNameError(f"custodian of {record.hold.number}", name, people)
    city, zone = ws.settings.city.name, ws.settings.city.zone
    if record.hold.released_at is not None:
        kind, letter = "release", end_of_preservation(record, people[name], city, zone)
    else:
        kind = "reminder" if reminder else "notice"
        letter = preservation_notice(record, people[name], city, zone, reminder=reminder)
    text = write_letter(letter, output, ws.clock.now())
    if sent.strip():
        holds.note_told(ws, record.hold.number, name, kind=kind, how=sent.strip(), text=text, by=actor(ctx, ws))


def remind(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="[HOLD]", help="Like HOLD-2026-0001. Default: all in force.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Tell custodians who have not acknowledged, by the channels that reach them; at most once a day each.

    The first time it is the notice, then a reminder. Who has no channel is named: write them a letter with
    `breachwatch hold notice`. Ends with 3 where something could not be delivered; it is tried again by itself.
    """
    from breachwatch import notify
    from breachwatch.report.holds import reminded_page

    ws = open_workspace(ctx, workspace)
    done = notify.remind(ws, number.upper(), by=actor(ctx, ws))
    errors = notify.send(ws).errors
    if as_json:
        show_json(done)
    else:
        show(reminded_page([(item.hold, item.person, item.kind, item.channels) for item in done]))
    for error in errors:
        remark(f"{error}.")
    if errors:
        raise typer.Exit(EnvironmentFault.exit_code)
