"""What the commands of requests share: numbers as people type them, files that prove a step, pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import actor, show, show_json
from breachwatch.errors import EnvironmentFault

if TYPE_CHECKING:
    from breachwatch.evidence.adding import Given
    from breachwatch.model.people import Actor
    from breachwatch.respond.requests.clocks import RequestClock
    from breachwatch.respond.requests.reading import Request
    from breachwatch.workspace import Workspace

RequestArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="PR-2026-0001, or 1 for this year's.")]
WhyOption = Annotated[str, typer.Option("--reason", "-r", metavar="WHY", help="Why, or how; it stays on record.")]
AtOption = Annotated[str, typer.Option("--at", metavar="WHEN", help="When it happened. Default: now.")]
ProofOption = Annotated[
    Path | None, typer.Option("--proof", metavar="FILE", help="What proves it, such as a receipt; becomes evidence.")
]


def request_number(ws: Workspace, text: str) -> str:
    """The number of a request: as it is, or `1` for the one of this year (in the city's zone)."""
    text = text.strip().upper()
    if text.isascii() and text.isdigit():
        year = ws.clock.now().astimezone(ws.settings.city.zone).year
        return f"PR-{year}-{int(text):04d}"
    return text


def proof_of(path: Path | None) -> Given | None:
    """A file that proves a step, read whole. Raises EnvironmentFault."""
    import io

    from breachwatch.evidence.adding import Given

    if path is None:
        return None
    try:
        return Given(path.name, io.BytesIO(path.read_bytes()))
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise EnvironmentFault(msg) from error


def pages_of(ws: Workspace, by: Actor, *, closed: bool) -> list[tuple[Request, tuple[RequestClock, ...]]]:
    """The requests with their clocks, the most urgent first."""
    from datetime import UTC, datetime

    from breachwatch.respond.requests.clocks import clocks_of
    from breachwatch.respond.requests.reading import requests

    far, now = datetime.max.replace(tzinfo=UTC), ws.clock.now()
    found = [(item, clocks_of(item, now=now)) for item in requests(ws, by=by, closed=closed)]

    def urgency(pair: tuple[Request, tuple[RequestClock, ...]]) -> tuple[datetime, str]:
        safe = [clock.due.safe for clock in pair[1] if not clock.met and clock.due.safe is not None]
        return min(safe, default=far), pair[0].number

    return sorted(found, key=urgency)


def show_request(ctx: typer.Context, ws: Workspace, number: str, *, as_json: bool) -> None:
    """Show one request as it is now."""
    from breachwatch.report.requests import plain_request, request_page
    from breachwatch.respond.requests.clocks import clocks_of, readings_of
    from breachwatch.respond.requests.reading import request

    found = request(ws, number, by=actor(ctx, ws))
    clocks = clocks_of(found, now=ws.clock.now())
    if as_json:
        show_json(plain_request(found, clocks))
        return
    with ws.database.read() as connection:
        readings = readings_of(connection, number)
    show(request_page(found, clocks, readings, ws.settings.city.zone))
