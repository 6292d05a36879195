"""The look of every table and heading on the terminal, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.styled import Styled
from rich.table import Column, Table
from rich.text import Text

from breachwatch.model.finding import Level

LEVEL_STYLES = {
    Level.CRITICAL: "bold red",
    Level.HIGH: "red",
    Level.MEDIUM: "yellow",
    Level.LOW: "cyan",
    Level.INFORMATIONAL: "dim",
}
_WIDE, _NARROW = 2, 1  # cells of a gap between columns, beside the separator
_READABLE = 20  # cells: the text of a table is hard to read in less
_SHORT = 16  # cells: what other columns keep of what is much longer
_TALL = 12  # lines of a row; one that takes more is easier to read as a block
_WORD = 36  # cells, a UUID; a longer word of the text (a path, a hash) may run on in the next line
_ENDLESS = 1_000_000  # cells: as if a terminal had no edge


class FittedTable(Table):
    """A table that never cuts a cell, whatever its width.

    Where its columns do not fit side by side, the one that is named `flexible` wraps; then the gaps become narrow;
    then every column wraps between words, so that identifiers and numbers stay whole and a time takes two lines.
    Where that would not do either, each row is shown as lines of `name: value` below its first cell, as psql's
    expanded display has it.
    """

    def __init__(self, flexible: int | None = None, *, numbered: bool = False) -> None:
        """`flexible` is the place of the column that takes the width that is left and wraps first.

        `numbered` is for tables whose first cell does not speak for itself: blocks are headed by their number.
        """
        super().__init__(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
        self.flexible = flexible
        self.numbered = numbered
        self._measured: tuple[int, list[_Extent]] = (-1, [])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table where it fits, else the blocks."""
        if self._arranged(console, options):
            yield from super().__rich_console__(console, options)
        else:
            yield from self._blocks()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """What a frame around it asks for: all there is, where the table does not fit."""
        if self._arranged(console, options):
            return super().__rich_measure__(console, options)
        return Measurement(min(options.max_width, _READABLE), options.max_width)

    def _arranged(self, console: Console, options: ConsoleOptions) -> bool:
        """Take the gaps and widths with which no word is cut; False where there are none."""
        extents = self._extents(console, options)
        for gap, all_wrap in ((_WIDE, False), (_NARROW, False), (_NARROW, True)):
            room = options.max_width - (gap + 1) * (len(extents) - 1)
            least = [
                item.least if all_wrap or place == self.flexible else item.widest for place, item in enumerate(extents)
            ]
            if sum(least) <= room:
                self.padding = (0, gap, 0, 0)
                widths = _shared(room, least, [item.widest for item in extents])
                if self.flexible is not None:
                    widths[self.flexible] += room - sum(widths)
                for column, width in zip(self.columns, widths, strict=True):
                    column.width = width
                if not any(
                    width < options.max_width // 2 and item.widest > _TALL * width
                    for item, width in zip(extents, widths, strict=True)
                ):
                    return True
        return False

    def _extents(self, console: Console, options: ConsoleOptions) -> list[_Extent]:
        rows, known = self._measured
        if rows != self.row_count:
            free = options.update(width=_ENDLESS)
            known = [
                _extent(column, console, free, text=place == self.flexible) for place, column in enumerate(self.columns)
            ]
            self._measured = (self.row_count, known)
        return known

    def _blocks(self) -> Iterator[RenderableType]:
        names = self.columns if self.numbered else self.columns[1:]
        for count, row in enumerate(zip(*(column.cells for column in self.columns), strict=True), start=1):
            yield Text(f"row {count}", "dim") if self.numbered else Styled(row[0], "bold")
            block = Table.grid(padding=(0, 1, 0, 0))
            block.add_column(style="dim", no_wrap=True)
            block.add_column(overflow="fold")
            for column, cell in zip(names, row[-len(names) :] if names else (), strict=True):
                name = str(column.header)
                if str(cell):
                    block.add_row(Text(f"{name}:" if name else ""), cell)
            yield indented(block)


@dataclass(frozen=True, slots=True)
class _Extent:
    """How wide a column wants to be and can bear to be, in cells."""

    widest: int
    least: int


def _extent(column: Column, console: Console, free: ConsoleOptions, *, text: bool) -> _Extent:
    """Measure a column; numbers never wrap, though their heading may."""
    heading = Measurement.get(console, free, column.header)
    cells = [Measurement.get(console, free, cell) for cell in column.cells]
    inside = max((item.maximum for item in cells), default=0)
    widest = max(inside, heading.maximum)
    word = max((item.minimum for item in (heading, *cells)), default=0)
    if column.justify == "right":
        return _Extent(widest, max(inside, heading.minimum))
    least = max(_READABLE, min(_WORD, word)) if text else max(word, min(_SHORT, widest // 4))
    return _Extent(widest, min(widest, least))


def _shared(room: int, least: list[int], widest: list[int]) -> list[int]:
    """Share the room out: a cell at a time to the column that would take the most lines."""
    widths = list(least)
    for _ in range(room - sum(least)):
        wanting = [place for place, width in enumerate(widths) if width < widest[place]]
        if not wanting:
            break
        widths[max(wanting, key=lambda place: widest[place] / widths[place])] += 1
    return widths


def table(
    *columns: str, right: tuple[str, ...] = (), flexible: str | None = None, numbered: bool = False
) -> FittedTable:
    """An unboxed table; columns named in `right` hold numbers, the one named `flexible` takes the rest and wraps.

    Of several columns of that name the last is meant. Nothing is cut: see `FittedTable`.
    """
    places = [place for place, name in enumerate(columns) if name == flexible]
    made = FittedTable(places[-1] if places else None, numbered=numbered)
    for name in columns:
        made.add_column(Text(name), justify="right" if name in right else "left", overflow="fold")
    return made


def heading(text: str) -> Text:
    """A heading above a table or list."""
    return Text(f"\n{text}", style="bold")


def indented(item: RenderableType) -> Padding:
    """Set in by two columns, below a heading."""
    return Padding(item, (0, 0, 0, 2), expand=False)


def typed(command: str, why: str = "", *, depth: int = 1) -> Text:
    """A command to copy: never wrapped or cut by us, with what it is for as a comment of the shell.

    It is set in by `depth` times two columns, as spaces of its own: what a frame or `indented` is put around is cut at
    the terminal's edge.
    """
    shown = Text("  " * depth, no_wrap=True, overflow="ignore")
    shown.append(command, "cyan")
    if why:
        shown.append(f"  # {why}", "dim")
    return shown


def level_text(level: Level) -> Text:
    """A level in its colour."""
    return Text(str(level), style=LEVEL_STYLES[level])
