"""Documents as DOCX, for whoever edits them: real headings, lists and table heads, and nothing about who made it.

The bytes are the same for the same document: times inside the archive and in its properties are the document's own.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC
from typing import Any

from breachwatch.documents.parts import (
    SIZE_POINTS,
    Block,
    Bullets,
    Document,
    Fields,
    Figure,
    Heading,
    Lines,
    Numbered,
    Paragraph,
    Signatures,
    Table,
    plain,
)

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP archive can say
_LETTER = (7_772_400, 10_058_400)  # 8.5 by 11 inches, in EMU
_TEXT_POINTS = 11.0
_KEPT_OUT = (
    "/thumbnail",
    "/extended-properties",
    "/customXml",
)  # kinds of parts: a preview, the program, its author's data
_HEADINGS = ("Title", "Heading 1", "Heading 2", "Heading 3")


def render_docx(document: Document) -> bytes:
    """The document as Office Open XML (ECMA-376); the same document gives the same bytes."""
    made = _Docx(document)
    for block in document.blocks:
        made.add(block)
    return _packed(made.saved())


class _Docx:
    def __init__(self, document: Document) -> None:
        import docx

        self.docx = docx.Document()
        self._about(document)
        self._page(document)
        self._styles(document)
        if document.letterhead:
            self._lines(document.letterhead)
        self.docx.add_paragraph(plain(document.title), style="Title")

    def add(self, block: Block) -> None:
        match block:
            case Heading(text, level):
                self.docx.add_paragraph(plain(text), style=f"Heading {level}")
            case Paragraph(text):
                self.docx.add_paragraph(plain(text))
            case Lines(lines):
                self._lines(lines)
            case Bullets(items):
                for item in items:
                    self.docx.add_paragraph(plain(item), style="List Bullet")
            case Numbered(items):
                self._numbered(items)
            case Fields(rows):
                self._table(None, rows, ())
            case Table(header, rows, widths):
                self._table(header, rows, widths)
            case Figure():
                self._figure(block)
            case Signatures(names, beside):
                for name in names:
                    self._lines((f"{'_' * 40}   {'_' * 24}", f"{name}   {beside}"))

    def saved(self) -> bytes:
        buffer = io.BytesIO()
        self.docx.save(buffer)
        return buffer.getvalue()

    def _about(self, document: Document) -> None:
        """What the file says about itself: title, language and date; python-docx' own words go."""
        about = self.docx.core_properties
        moment = document.at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        about.title, about.language = plain(document.title)[:255], document.language
        about.author, about.last_modified_by = plain(document.author)[:255], ""
        about.comments = about.keywords = about.subject = about.category = ""
        about.created = about.modified = moment
        about.revision = 1
        for part in (self.docx.part.package, self.docx.part):
            for key in [key for key, rel in part.rels.items() if rel.reltype.endswith(_KEPT_OUT)]:
                del part.rels[key]

    def _page(self, document: Document) -> None:
        from docx.shared import Length, Mm

        section = self.docx.sections[0]
        if document.paper == "us-letter":
            section.page_width, section.page_height = (Length(size) for size in _LETTER)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(20)
        section.footer.paragraphs[0].text = plain(document.footer)

    def _styles(self, document: Document) -> None:
        """Size, language, and headings in black: the blue of the styles is too pale to read (WCAG 2.1, 1.4.3)."""
        from docx.oxml.ns import qn
        from docx.shared import Pt, RGBColor

        normal = self.docx.styles["Normal"].font
        normal.size = Pt(_TEXT_POINTS if document.size_points == SIZE_POINTS else document.size_points)
        normal.name = "Times New Roman"
        for name in _HEADINGS:
            self.docx.styles[name].font.color.rgb = RGBColor(0, 0, 0)
        for run in self.docx.styles.element.iter(qn("w:rPrDefault")):
            for lang in run.iter(qn("w:lang")):
                lang.set(qn("w:val"), document.language)

    def _lines(self, lines: Sequence[str]) -> None:
        run = self.docx.add_paragraph().add_run()
        for count, line in enumerate(lines):
            if count:
                run.add_break()
            run.add_text(plain(line))

    def _numbered(self, items: Sequence[str]) -> None:
        """Each list counts from 1: a numbering of its own over the style's."""
        from docx.oxml.ns import qn

        numbering = self.docx.part.numbering_part.element
        style = self.docx.styles["List Number"].element
        first = style.find(f".//{qn('w:numId')}").get(qn("w:val"))
        abstract = next(num for num in numbering.num_lst if str(num.numId) == first).abstractNumId.val
        own = numbering.add_num(abstract)
        own.add_lvlOverride(ilvl=0).add_startOverride(1)
        for item in items:
            properties = self.docx.add_paragraph(plain(item), style="List Number")._p.get_or_add_pPr()
            numbered = properties.get_or_add_numPr()
            numbered.get_or_add_ilvl().val = 0
            numbered.get_or_add_numId().val = own.numId

    def _table(self, header: Sequence[str] | None, rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        lines = [*([header] if header else []), *rows]
        if not lines:
            return
        columns = max(map(len, lines))
        table = self.docx.add_table(rows=0, cols=columns, style="Table Grid")
        for line in lines:
            cells = table.add_row().cells
            for cell, text in zip(cells, line, strict=False):
                cell.text = plain(text)
        if header:
            _repeat(table.rows[0])
        for cell in table.rows[0].cells if header else table.column_cells(0):
            for run in cell.paragraphs[0].runs:
                run.bold = True
        self._widths(table, widths or [1.0] * columns)

    def _figure(self, figure: Figure) -> None:
        section = self.docx.sections[0]
        room = (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)
        drawn = self.docx.add_picture(io.BytesIO(figure.png), width=int(room * figure.share))
        drawn._inline.docPr.set("descr", plain(figure.alt))
        if figure.caption:
            self.docx.add_paragraph(plain(figure.caption), style="Caption")

    def _widths(self, table: Any, widths: Sequence[float]) -> None:
        section = self.docx.sections[0]
        room = (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)
        for column, width in zip(table.columns, widths, strict=False):
            column.width = int(room * width / sum(widths))


def _repeat(row: Any) -> None:
    """Mark a row as the table's head, which readers announce and every page repeats."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _packed(made: bytes) -> bytes:
    """The same archive with fixed times."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            entry = zipfile.ZipInfo(item.filename, _EPOCH)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            new.writestr(entry, old.read(item))
    return out.getvalue()
