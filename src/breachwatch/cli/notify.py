"""`breachwatch notify`: tell people what waits for them, and say that one has taken notice."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.incident_options import NumberArgument, case_number
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.errors import EnvironmentFault

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Tell people what waits; acknowledge it.")


@app.command()
def send(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Send what is to be told now: new incidents, escalations, the digest in its time, what did not go before.

    Each night does it at its end; so that people are told sooner and escalation works, let it run every few minutes.
    Ends with 3 where something could not be delivered; it is tried again by itself.
    """
    from breachwatch import notify
    from breachwatch.notify.pages import sent_page

    ws = open_workspace(ctx, workspace)
    notify.enter_digest_in_time(ws)
    done = notify.send(ws)
    if as_json:
        show_json(done)
    else:
        show(sent_page(done, channels=len(ws.settings.notify.channels)))
    if done.errors:
        raise typer.Exit(EnvironmentFault.exit_code)


@app.command("list")
def list_messages(
    ctx: typer.Context,
    about: Annotated[str, typer.Option(metavar="NUMBER", help="Only about this incident or hold.")] = "",
    last: Annotated[int, typer.Option(min=0, help="Only so many of the latest; 0: all.")] = 50,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List what was sent or waits to be sent: what about, to whom, when, and what went wrong."""
    from breachwatch import notify
    from breachwatch.notify.pages import messages_page

    ws = open_workspace(ctx, workspace)
    found = notify.messages(ws, subject=case_number(ws, about) if about else "", last=last)
    if as_json:
        show_json(found)
    else:
        show(messages_page(found, ws.settings.city.zone))


@app.command()
def acknowledge(
    ctx: typer.Context,
    number: NumberArgument,
    workspace: WorkspaceOption = None,
) -> None:
    """Say that you have taken notice of an incident: nobody else is told of it, unless it becomes more severe."""
    from breachwatch import notify

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    notify.acknowledge(ws, number, by=actor(ctx, ws))
    remark(f"{number} is acknowledged. Work on it begins with `breachwatch incident show {number}`.")


@app.command("test")
def check_channel(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="A channel of [[notify.channels]].")],
    workspace: WorkspaceOption = None,
) -> None:
    """Send a message that says it is a test. Ends with 3 where it did not go."""
    from breachwatch import notify

    ws = open_workspace(ctx, workspace)
    error = notify.send_test(ws, channel)
    if error:
        raise EnvironmentFault(f"{error}.")
    remark(f"channel {channel!r} took a test message.")
