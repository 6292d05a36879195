"""Sealing what came with a report: its text, the e-mail it came by, its attachments; bounded, hashed at receipt."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import Connection, Row, select

from breachwatch.errors import LimitError, UsageError, explain
from breachwatch.evidence import Given, Receipt
from breachwatch.evidence.adding import take_in
from breachwatch.incidents.entities import storable
from breachwatch.model.intake import Report
from breachwatch.model.people import Actor
from breachwatch.records import received
from breachwatch.respond.intake.wording import FILE
from breachwatch.workspace import Workspace

_MIB = 1024 * 1024


@dataclass(slots=True)
class _Budget:
    """How many bytes all attachments of a report may still have."""

    left: int
    limit: int

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            msg = f"the attachments have more than {self.limit // _MIB} MiB together (intake.most_mib in the settings)."
            raise LimitError(msg)


class _Bounded:
    """A stream of bytes that ends in LimitError where the budget does."""

    def __init__(self, content: BinaryIO, budget: _Budget) -> None:
        self._content, self._budget = content, budget

    def read(self, size: int = -1) -> bytes:
        data = self._content.read(size)
        self._budget.take(len(data))
        return data


def check_files(ws: Workspace, files: Sequence[Path | Given]) -> None:
    """Raises UsageError for what is no plain file, LimitError for too much, before anything is recorded."""
    settings = ws.settings.intake
    if len(files) > settings.most_files:
        msg = f"{len(files)} files came with the report; {settings.most_files} are taken. Put many into one archive."
        raise LimitError(msg)
    budget = _budget(ws)
    for path in files:
        if isinstance(path, Path):
            if not path.is_file():
                msg = f"{path} is no plain file that can be read."
                raise UsageError(msg)
            budget.take(path.stat().st_size)


def seal_report(
    ws: Workspace, number: str, text: str, files: Sequence[Path | Given], *, report: Report, by: Actor
) -> tuple[tuple[str, ...], str]:
    """Seal a report and what came with it: the evidence's numbers, and why something could not be sealed.

    Attachments beyond the limits cost themselves, never the text.
    """
    budget = _budget(ws)
    bounded = [_within(file, budget) for file in files]
    try:
        return (_take_in(ws, number, [_given(text), *bounded], report, by),), ""
    except LimitError as error:
        refused = f"the attachments were not taken: {error}"
    except Exception as error:  # noqa: BLE001  nothing is swallowed: the report says it, and it is tried again
        return (), explain(error)
    try:
        return (_take_in(ws, number, [_given(text)], report, by),), refused
    except Exception as error:  # noqa: BLE001  as above
        return (), f"{refused} {explain(error)}"


def sealed_before(connection: Connection, number: str, body_sha256: str) -> str | None:
    """The evidence that holds this report although no row says so: its run was killed in between."""
    columns = received.received.c
    query = select(received.received).where(columns.source == _source(number)).order_by(columns.evidence)
    return next((row.evidence for row in connection.execute(query) if _holds(row, body_sha256)), None)


def files_of(row: Row[Any]) -> Iterable[dict[str, Any]]:
    """What a row of `received` says of its files: file, name, sha256, bytes."""
    return cast("Iterable[dict[str, Any]]", json.loads(row.files))


def from_whom(report: Report) -> str:
    """Who handed it in, as custody names them."""
    named = ", ".join(part.strip() for part in (report.name, report.organization) if part.strip())
    return storable(named) or (
        "anonymous" if report.relation.value == "anonymous" else f"not named ({report.relation.value})"
    )


def _take_in(ws: Workspace, number: str, files: Sequence[Path | Given], report: Report, by: Actor) -> str:
    receipt = Receipt(from_whom(report), f"came with the report {number}", _source(number))
    return take_in(ws, files, by=by, receipt=receipt).number


def _given(text: str) -> Given:
    return Given(FILE, io.BytesIO(text.encode("ascii")))


def _within(file: Path | Given, budget: _Budget) -> Path | Given:
    if isinstance(file, Path):
        return file  # measured before
    return Given(file.name, cast("BinaryIO", _Bounded(file.content, budget)))


def _budget(ws: Workspace) -> _Budget:
    limit = ws.settings.intake.most_mib * _MIB
    return _Budget(limit, limit)


def _source(number: str) -> str:
    return f"report {number}"


def _holds(row: Row[Any], sha256: str) -> bool:
    return any(file["sha256"] == sha256 for file in files_of(row))
