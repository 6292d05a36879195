"""What the commands of a case share: numbers as people type them, times with a zone, what is said after a change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from breachwatch.cli.options import remark, show_json
from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.model.moment import moment

if TYPE_CHECKING:
    from breachwatch.workspace import Workspace

NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="INC-2026-0042, or 42 for this year's.")]
ReasonOption = Annotated[str, typer.Option("--reason", "-r", metavar="WHY", help="Why; it stands in the audit log.")]
ExpectOption = Annotated[
    int | None,
    typer.Option("--expect", metavar="VERSION", help="Refuse if it was changed since this version was read."),
]
Chosen = TypeVar("Chosen", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Done:
    """What a change gave, for scripts."""

    number: str
    what: str
    state: str
    version: int


def case_number(ws: Workspace, text: str) -> str:
    """The number of an incident: as it is, or `42` for the one of this year (in the city's zone)."""
    text = text.strip().upper()
    if text.isascii() and text.isdigit():
        year = ws.clock.now().astimezone(ws.settings.city.zone).year
        return f"INC-{year}-{int(text):04d}"
    return text


def chosen(kind: type[Chosen], text: str, what: str) -> Chosen:
    """A word as people type it: `false-positive`, `no_action`, `No Action`. Raises UnknownNameError."""
    plain = {item.value.replace("_", " ").replace("-", " "): item for item in kind}
    wanted = text.strip().lower().replace("-", " ").replace("_", " ")
    if wanted not in plain:
        raise UnknownNameError(what, text, (name.replace(" ", "-") for name in plain))
    return plain[wanted]


def time_of(ws: Workspace, text: str) -> datetime:
    """A time with its zone: what the text says, else the city's. Raises UsageError where that is not one moment."""
    zone = ws.settings.city.zone
    try:
        found = moment(text, ws.clock.now(), zone)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if found.tzinfo is zone and found.utcoffset() != found.replace(fold=1).utcoffset():
        msg = f"{text!r} is no single moment in {zone.key}: the clocks change then. Say the offset, such as -06:00."
        raise UsageError(msg)
    return found


def tell(ws: Workspace, number: str, what: str, *, as_json: bool) -> None:
    """Say what was done and where the incident stands now."""
    from breachwatch.incidents.casework.finding import row_of

    with ws.database.read() as connection:
        row = row_of(connection, number)
    if as_json:
        show_json(Done(number, what, row.state, row.version))
    else:
        remark(f"{number}: {what}. It is {row.state} now.")
