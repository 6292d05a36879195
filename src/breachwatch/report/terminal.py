"""Writing to the terminal: consoles that keep standard output clean data and standard error for people."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.console import Console

if TYPE_CHECKING:
    from breachwatch.model.summary import RunSummary

_PIPE_WIDTH = 160
"""Width where there is no terminal to ask: wide enough that nothing is cut."""


def output() -> Console:
    """The console for results, on standard output. Nothing in the text is taken for markup, emoji or a link."""
    return _console(error=False)


def messages() -> Console:
    """The console for progress and remarks, on standard error."""
    return _console(error=True)


def print_summary(summary: RunSummary, zone: ZoneInfo) -> None:
    """Print the summary of a run; times in the city's zone."""
    from breachwatch.report.summary import summary_page  # brings Arrow along, which other pages do without

    # Uncropped: a long command to copy runs on into the next line of the terminal.
    output().print(summary_page(summary, zone), crop=False)


def _console(*, error: bool) -> Console:
    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS", "").isdigit() else _PIPE_WIDTH
    return Console(stderr=error, markup=False, emoji=False, highlight=False, width=width)
