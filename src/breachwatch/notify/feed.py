"""The calendar of open clocks, kept in a file that a share or web server hands to people's calendars (RFC 5545)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from breachwatch.model.people import program
from breachwatch.respond.duties import board
from breachwatch.respond.requests.clocks import open_clocks
from breachwatch.workspace import Workspace

_READABLE = 0o644  # who serves it is somebody else than who writes it; it names no more than a shared calendar may


def refresh(ws: Workspace) -> str:
    """Write the file that `[notify] clocks` names, if it names one; what stood in the way, or empty.

    Whoever reads meanwhile reads the old file or the new one, whole.
    """
    name = ws.settings.notify.clocks.calendar
    if not name:
        return ""
    target = ws.path(name)
    by = program()
    text = board.calendar(ws, board.board(ws, by=by), open_clocks(ws, by=by))
    try:
        _replace(target, text)
    except OSError as error:
        return f"the calendar {target} could not be written: {error.strerror or error}"
    return ""


def _replace(target: Path, text: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as scratch:
        made = Path(scratch.name)
        try:
            scratch.write(text)
            scratch.flush()
            made.chmod(_READABLE)
            made.replace(target)
        except OSError:
            made.unlink(missing_ok=True)
            raise
