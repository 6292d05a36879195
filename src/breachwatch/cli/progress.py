"""Progress on a terminal: bars on standard error, silence everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """Gives a function to call with (what, done, total), from any thread; total 0 means not known."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    from breachwatch.report.terminal import messages
    from breachwatch.report.text import visible

    console = messages()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(visible(what, 40), total=total or None)
            # What is done makes room for what is going on.
            shown.update(tasks[what], completed=done, total=total or None, visible=not total or done < total)

        yield report
