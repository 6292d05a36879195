"""A DOCX read back as a document, where nothing of what it says is lost: else refused, with the name of what would be.

Headings, paragraphs, lines, lists and tables are carried. What people see and a document here cannot hold is refused by
its name: pictures, footnotes, fields, merged cells. The look of letters (bold, colour, fonts) is not carried. The file
comes from anywhere: the caller has looked through it before (`respond.notices.word_file`: size, entities, macros).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from breachwatch.documents.parts import (
    Block,
    Bullets,
    Document,
    Fields,
    Heading,
    Lines,
    Numbered,
    Paragraph,
    Table,
)
from breachwatch.errors import DataError

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MOST_LETTERS, _MOST_PIECES = 300_000, 5_000
_WIDEST = 31_680.0  # twentieths of a point: 22 inches, the widest page that Word knows
_POINTS = (6.0, 36.0)  # sizes of running text
_PLAIN = frozenset({"Normal", "Body Text", "No Spacing", "List Paragraph"})
_SILENT = frozenset(
    {"pPr", "rPr", "bookmarkStart", "bookmarkEnd", "proofErr", "lastRenderedPageBreak", "softHyphen", "sectPr"}
)
_NAMED = {
    "drawing": "pictures",
    "pict": "pictures",
    "object": "embedded objects",
    "ins": "tracked changes",
    "del": "tracked changes",
    "moveFrom": "tracked changes",
    "moveTo": "tracked changes",
    "commentRangeStart": "comments",
    "commentRangeEnd": "comments",
    "commentReference": "comments",
    "footnoteReference": "footnotes",
    "endnoteReference": "endnotes",
    "fldChar": "fields",
    "fldSimple": "fields",
    "instrText": "fields",
    "sdt": "form controls",
    "oMath": "formulas",
    "oMathPara": "formulas",
    "sym": "symbols of a font",
    "tbl": "tables within tables",
    "AlternateContent": "drawings",
}
"""What cannot be carried, by the element (ECMA-376 part 1, 17) that it stands in."""


@dataclass(slots=True)
class _Reading:
    blocks: list[Block] = field(default_factory=list)
    before: list[str] = field(default_factory=list)  # lines above the title: the letterhead
    title: str = ""
    list_of: tuple[type[Bullets | Numbered], str] | None = None  # the list that goes on, and its numbering
    items: list[str] = field(default_factory=list)

    def add(self, block: Block) -> None:
        self.end_list()
        self.blocks.append(block)

    def add_item(self, kind: type[Bullets | Numbered], numbering: str, text: str) -> None:
        if self.list_of != (kind, numbering):
            self.end_list()
            self.list_of = (kind, numbering)
        self.items.append(text)

    def end_list(self) -> None:
        if self.list_of is not None:
            self.blocks.append(self.list_of[0](tuple(self.items)))
        self.list_of, self.items = None, []


def read_docx(content: bytes, *, at: datetime, language: str, size_points: float, author: str = "") -> Document:
    """What the file says, as a document. Raises DataError that names what cannot be carried.

    `size_points` is that of the text unless the file's own style of running text says another.
    """
    import docx

    try:
        return _read(docx.Document(io.BytesIO(content)), at, language, size_points, author)
    except (zipfile.BadZipFile, LookupError, ValueError, TypeError, AttributeError, NotImplementedError) as error:
        msg = f"the file is not as a word processor writes it ({type(error).__name__})"
        raise DataError(msg) from error
    except SyntaxError as error:  # lxml's
        msg = f"a part of the file is damaged: {error}"
        raise DataError(msg) from error


def _read(word: Any, at: datetime, language: str, size_points: float, author: str) -> Document:
    reading, body = _Reading(), word.element.body
    _refuse_too_much(body)
    for element in body.iterchildren():
        name = _name(element)
        if name == "p":
            _paragraph(reading, word, element)
        elif name == "tbl":
            reading.add(_table(element))
        elif name not in _SILENT:
            raise _lost(name)
    reading.end_list()
    if not reading.title:
        msg = "no paragraph has the style Title, which a document that everybody can read needs"
        raise DataError(msg)
    return Document(
        reading.title,
        tuple(reading.blocks),
        at,
        author=author,
        footer=_footer(word),
        language=language,
        letterhead=tuple(reading.before),
        size_points=_size(word, size_points),
    )


def _refuse_too_much(body: Any) -> None:
    """Setting pages takes time for each letter, and the file is somebody else's."""
    letters = sum(len(text.text or "") for text in body.iter(f"{_W}t"))
    pieces = sum(1 for _ in body.iter(f"{_W}p", f"{_W}tc"))
    if letters > _MOST_LETTERS or pieces > _MOST_PIECES:
        msg = f"it has {letters:,} letters in {pieces:,} paragraphs and cells, which is no paper any more"
        raise DataError(msg)


def _paragraph(reading: _Reading, word: Any, element: Any) -> None:
    from docx.text.paragraph import Paragraph as Written

    written = Written(element, word)
    lines, style = _lines(element), str(written.style.name) if written.style is not None else "Normal"
    text = " ".join(line.strip() for line in lines if line.strip())
    if not text:
        return
    numbered = _numbering(word, written)
    if style == "Title":
        if reading.title:
            msg = "two paragraphs have the style Title"
            raise DataError(msg)
        reading.end_list()
        if not all(isinstance(block, Paragraph | Lines) for block in reading.blocks):
            msg = "something else than lines of a letterhead stands above the title"
            raise DataError(msg)
        for block in reading.blocks:
            reading.before += block.lines if isinstance(block, Lines) else [block.text]  # type: ignore[union-attr]
        reading.title, reading.blocks = text, []
    elif style in {"Heading 1", "Heading 2", "Heading 3"}:
        reading.add(Heading(text, int(style[-1])))
    elif numbered is not None:
        reading.add_item(*numbered, text)
    elif style in _PLAIN:
        said = [line for line in lines if line.strip()]
        reading.add(Lines(tuple(said)) if len(said) > 1 else Paragraph(text))
    else:
        msg = f"a paragraph has the style {style!r}"
        raise DataError(msg)


def _numbering(word: Any, written: Any) -> tuple[type[Bullets | Numbered], str] | None:
    """Whether a paragraph is an item, and of which list; by itself or by its style."""
    for properties in (written._p.pPr, written.style.element.pPr if written.style is not None else None):
        found = properties.numPr if properties is not None else None
        if found is None or found.numId is None:
            continue
        if found.ilvl is not None and found.ilvl.val:
            msg = "a list stands within a list"
            raise DataError(msg)
        number = str(found.numId.val)
        if number == "0":  # a list that was taken away
            return None
        return (Bullets if _format(word, number) == "bullet" else Numbered), number
    return None


def _format(word: Any, number: str) -> str:
    numbering = word.part.numbering_part.element
    for num in numbering.num_lst:
        if str(num.numId) == number:
            abstract = str(num.abstractNumId.val)
            for kind in numbering.iter(f"{_W}abstractNum"):
                if kind.get(f"{_W}abstractNumId") == abstract:
                    level = kind.find(f"{_W}lvl/{_W}numFmt")
                    return str(level.get(f"{_W}val")) if level is not None else "decimal"
    return "decimal"


def _table(element: Any) -> Block:
    rows: list[tuple[str, ...]] = []
    headed = False
    for count, row in enumerate(element.iterchildren(f"{_W}tr")):
        if row.find(f"{_W}trPr/{_W}tblHeader") is not None:
            if count:
                msg = "a table has more than one line of column names"
                raise DataError(msg)
            headed = True
        rows.append(tuple(_cell(cell) for cell in row.iterchildren(f"{_W}tc")))
    if len({len(row) for row in rows}) != 1:
        msg = "the lines of a table have different numbers of cells"
        raise DataError(msg)
    if headed:
        shares = [float(column.get(f"{_W}w") or 0) for column in element.iterfind(f"{_W}tblGrid/{_W}gridCol")]
        fit = len(shares) == len(rows[0]) and all(0 < share <= _WIDEST for share in shares)
        widths = tuple(shares) if fit else ()
        return Table(rows[0], tuple(rows[1:]), widths)
    if len(rows[0]) == 2:
        return Fields(tuple((row[0], row[1]) for row in rows))
    msg = "a table has no line of column names (in Word: Repeat Header Rows)"
    raise DataError(msg)


def _cell(cell: Any) -> str:
    properties = cell.find(f"{_W}tcPr")
    if properties is not None and any(properties.find(f"{_W}{name}") is not None for name in ("gridSpan", "vMerge")):
        msg = "cells of a table are merged"
        raise DataError(msg)
    said = []
    for element in cell.iterchildren():
        if _name(element) == "p":
            said += _lines(element)
        elif _name(element) != "tcPr":
            raise _lost(_name(element))
    return " ".join(line.strip() for line in said if line.strip())


def _lines(paragraph: Any) -> list[str]:
    """The text of a paragraph, line by line."""
    return "".join(_texts(paragraph)).split("\n")


def _texts(element: Any) -> Iterator[str]:
    for child in element.iterchildren():
        name = _name(child)
        if name == "t":
            yield (child.text or "").replace("\n", " ")
        elif name in {"br", "cr"}:
            yield "\n"
        elif name == "tab":
            yield " "
        elif name == "noBreakHyphen":
            yield "\u2011"
        elif name == "r":
            if any(child.find(f"{_W}rPr/{_W}{struck}") is not None for struck in ("strike", "dstrike", "vanish")):
                msg = "words are struck out or hidden"
                raise DataError(msg)
            yield from _texts(child)
        elif name == "hyperlink":
            yield from _texts(child)
        elif name not in _SILENT:
            raise _lost(name)


def _footer(word: Any) -> str:
    for section in word.sections:
        if any(part.text.strip() for part in section.header.paragraphs):
            msg = "a header stands on each page"
            raise DataError(msg)
    said: Sequence[str] = [line for part in word.sections[0].footer.paragraphs for line in _lines(part._p)]
    return " ".join(line.strip() for line in said if line.strip())


def _size(word: Any, wanted: float) -> float:
    from breachwatch.documents.docx import _TEXT_POINTS

    own = word.styles["Normal"].font.size
    if own is None or own.pt in {_TEXT_POINTS, wanted}:
        return wanted
    if not _POINTS[0] <= own.pt <= _POINTS[1]:
        msg = f"its text is {own.pt:g} points large"
        raise DataError(msg)
    return float(own.pt)


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else "comment"


def _lost(name: str) -> DataError:
    return DataError(f"{_NAMED.get(name, name)} cannot be carried")
