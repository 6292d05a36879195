"""The look of every table and heading on the terminal, in one place."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from breachwatch.model.finding import Level

LEVEL_STYLES = {
    Level.CRITICAL: "bold red",
    Level.HIGH: "red",
    Level.MEDIUM: "yellow",
    Level.LOW: "cyan",
    Level.INFORMATIONAL: "dim",
}


def table(*columns: str, right: tuple[str, ...] = (), flexible: str = "") -> Table:
    """An unboxed table; columns named in `right` hold numbers, the one named `flexible` takes the rest and wraps."""
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(
            Text(name),
            justify="right" if name in right else "left",
            no_wrap=name != flexible,
            overflow="fold" if name == flexible else "ellipsis",
            ratio=1 if name == flexible else None,
        )
    made.expand = bool(flexible)
    return made


def heading(text: str) -> Text:
    """A heading above a table or list."""
    return Text(f"\n{text}", style="bold")


def indented(item: RenderableType) -> Padding:
    """Set in by two columns, below a heading."""
    return Padding(item, (0, 0, 0, 2), expand=False)


def typed(command: str, why: str = "") -> Padding:
    """A command to copy: never wrapped or cut by us, with what it is for as a comment of the shell."""
    shown = Text(no_wrap=True, overflow="ignore")
    shown.append(command, "cyan")
    if why:
        shown.append(f"  # {why}", "dim")
    return indented(shown)


def level_text(level: Level) -> Text:
    """A level in its colour."""
    return Text(str(level), style=LEVEL_STYLES[level])
