r"""The small Markdown of templates: headings, paragraphs, lists, tables, lines to sign on. Nothing else is markup.

# Heading      ## Below it      ### Below that
- an item      1. a numbered item; a line that is indented goes on with the item above
| a | b |      with a line |---|---| below it: the names of columns; without one, two columns are names and values
Text\           a backslash at its end breaks the line, as in addresses
____ Name      a line to sign on, with the date beside it
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from breachwatch.documents import Block, Bullets, Fields, Heading, Lines, Numbered, Paragraph, Signatures, Table
from breachwatch.errors import DataError

_HEADING = re.compile(r"(#{1,3})\s+(.*)")
_BULLET = re.compile(r"-\s+(.*)")
_NUMBER = re.compile(r"\d{1,3}\.\s+(.*)")
_SIGN = re.compile(r"_{3,}\s*(.*)")
_RULE = re.compile(r"\|(\s*:?-+:?\s*\|)+")
_KINDS = (("heading", _HEADING), ("bullet", _BULLET), ("number", _NUMBER), ("sign", _SIGN))


@dataclass(slots=True)
class Gathered:
    """Lines that belong together."""

    kind: str
    lines: list[str] = field(default_factory=list)


def blocks(
    text: str, filled: Callable[[str], str], alone: Callable[[str], tuple[Block, ...]], where: str
) -> tuple[Block, ...]:
    """The blocks of a marked text.

    `filled` puts values in the place of marks; `alone` makes the blocks of a paragraph that is a single mark, or none.
    Raises DataError for a table whose rows differ in length, and for headings that skip a level.
    """
    made: list[Block] = []
    for part in _gathered(text):
        made += _made(part, filled, alone, where)
    _refuse_skipped(made, where)
    return tuple(made)


def _refuse_skipped(made: list[Block], where: str) -> None:
    """Readers go by levels (PDF/UA-1, 7.4.2): none may be left out on the way down."""
    above = 0
    for block in made:
        if isinstance(block, Heading):
            if block.level > above + 1:
                msg = (
                    f"{where}: the heading {block.text[:60]!r} has {block.level} '#' below one with {above}. "
                    f"Give it {above + 1}."
                )
                raise DataError(msg)
            above = block.level


def _gathered(text: str) -> Iterator[Gathered]:
    part: Gathered | None = None
    for line in text.split("\n"):
        stripped = line.strip()
        kind = _kind(stripped)
        if part is not None and part.kind in {"bullet", "number"} and kind == "text" and line[:1] in {" ", "\t"}:
            part.lines[-1] += f" {stripped}"  # goes on with the item above
        elif part is not None and kind == part.kind and kind != "heading":
            part.lines.append(stripped)
        else:
            if part is not None and part.kind:
                yield part
            part = Gathered(kind, [stripped])
    if part is not None and part.kind:
        yield part


def _kind(line: str) -> str:
    if not line:
        return ""
    if line.startswith("|"):
        return "table"
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(line)), "text")


def _made(
    part: Gathered, filled: Callable[[str], str], alone: Callable[[str], tuple[Block, ...]], where: str
) -> tuple[Block, ...]:
    match part.kind:
        case "heading":
            found = _HEADING.fullmatch(part.lines[0])
            assert found is not None  # noqa: S101 - that is how its kind was found
            return (Heading(filled(found[2]), len(found[1])),)
        case "bullet":
            return (Bullets([filled(_BULLET.sub(r"\1", line)) for line in part.lines]),)
        case "number":
            return (Numbered([filled(_NUMBER.sub(r"\1", line)) for line in part.lines]),)
        case "sign":
            return (Signatures([filled(_SIGN.sub(r"\1", line)) for line in part.lines]),)
        case "table":
            return (_table(part.lines, filled, where),)
    made = alone(part.lines[0]) if len(part.lines) == 1 else ()
    return made or (_text(part.lines, filled),)


def _text(lines: list[str], filled: Callable[[str], str]) -> Block:
    joined = " ".join(lines).split("\\ ")
    texts = [filled(line.removesuffix("\\").strip()) for line in joined]
    return Paragraph(texts[0]) if len(texts) == 1 else Lines(texts)


def _table(lines: list[str], filled: Callable[[str], str], where: str) -> Block:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not _RULE.fullmatch(line)]
    named = len(lines) > 1 and bool(_RULE.fullmatch(lines[1]))
    wrong = next((row for row in rows if len(row) != len(rows[0])), None)
    if wrong is not None:
        msg = (
            f"{where}: a table has {len(rows[0])} columns in its first line and {len(wrong)} in the line "
            f"`| {filled(' | '.join(wrong))[:80]} |`. Give each line as many."
        )
        raise DataError(msg)
    cells = [[filled(cell) for cell in row] for row in rows]
    if named:
        return Table(cells[0], cells[1:])
    if cells and len(cells[0]) == 2:
        return Fields([(name, value) for name, value in cells])
    msg = f"{where}: the table `{lines[0][:80]}` does not name its columns. Put a line |---|---| below the names."
    raise DataError(msg)
