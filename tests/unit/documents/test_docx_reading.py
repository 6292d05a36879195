"""A DOCX read back: what we wrote comes back as it was, what cannot be carried is refused by its name."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import docx
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.documents import (
    Block,
    Bullets,
    Document,
    Fields,
    Heading,
    Lines,
    Numbered,
    Paragraph,
    Table,
    render_docx,
    render_html,
)
from breachwatch.documents.docx_reading import read_docx
from breachwatch.errors import DataError

AT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_characters="\x7f\xad"), min_size=1).filter(
    lambda text: text.isprintable() and text == text.strip()
)
SOME = st.lists(WORDS, min_size=1, max_size=3).map(tuple)
BLOCKS = st.one_of(
    st.builds(Heading, WORDS, st.integers(1, 3)),
    st.builds(Paragraph, WORDS),
    st.builds(Lines, st.lists(WORDS, min_size=2, max_size=3).map(tuple)),
    st.builds(Bullets, SOME),
    st.builds(Numbered, SOME),
    st.builds(Fields, st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3).map(tuple)),
    st.builds(Table, st.tuples(WORDS, WORDS, WORDS), st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=2).map(tuple)),
)


def document(*blocks: Block, **more: Any) -> Document:
    return Document("Title", blocks, AT, **more)


def back(made: bytes, size: float = 12) -> Document:
    return read_docx(made, at=AT, language="en", size_points=size)


def edited(change: Callable[[Any], object], *blocks: Block) -> bytes:
    word = docx.Document(io.BytesIO(render_docx(document(*blocks))))
    change(word)
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


@settings(max_examples=25)
@given(st.lists(BLOCKS, max_size=5))
def test_what_we_wrote_comes_back_in_the_same_words_and_order(blocks: list[Block]) -> None:
    wanted = document(*blocks, footer="P-1", letterhead=("City of T", "1 Main Street"), size_points=12)
    found = back(render_docx(wanted))
    assert (found.title, found.footer, found.letterhead, found.size_points) == ("Title", "P-1", wanted.letterhead, 12)
    assert render_html(_without_widths(found)) == render_html(_without_widths(_joined(wanted)))


def _joined(wanted: Document) -> Document:
    """Two lists of bullets without anything between them are one, to whoever reads the file."""
    blocks: list[Block] = []
    for block in wanted.blocks:
        last = blocks[-1] if blocks else None
        if isinstance(block, Bullets) and isinstance(last, Bullets):
            blocks[-1] = Bullets((*last.items, *block.items))
        else:
            blocks.append(block)
    return Document(wanted.title, blocks, AT, footer=wanted.footer, letterhead=wanted.letterhead, size_points=12)


def _without_widths(found: Document) -> Document:
    blocks = [Table(block.header, block.rows) if isinstance(block, Table) else block for block in found.blocks]
    return Document(found.title, blocks, AT, footer=found.footer, letterhead=found.letterhead, size_points=12)


def test_lists_that_a_word_processor_made_are_lists() -> None:
    def change(word: Any) -> None:
        first, second = word.paragraphs[-2:]
        for written, like in ((first, "List Bullet"), (second, "List Number")):
            numbering = written._p.get_or_add_pPr().get_or_add_numPr()
            style = word.styles[like].element
            numbering.get_or_add_numId().val = int(style.find(f".//{qn('w:numId')}").get(qn("w:val")))
            numbering.get_or_add_ilvl().val = 0
            written.style = word.styles["List Paragraph"]

    assert back(edited(change, Paragraph("one"), Paragraph("two"))).blocks == (Bullets(("one",)), Numbered(("two",)))


def _run_of(name: str) -> Callable[[Any], object]:
    return lambda word: word.add_paragraph().add_run("x")._r.append(OxmlElement(name))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_run_of("w:drawing"), "pictures"),
        (_run_of("w:footnoteReference"), "footnotes"),
        (_run_of("w:fldChar"), "fields"),
        (_run_of("w:commentReference"), "comments"),
        (lambda word: word.add_paragraph()._p.append(OxmlElement("w:ins")), "tracked changes"),
        (lambda word: setattr(word.add_paragraph().add_run("x").font, "strike", True), "struck out"),
        (lambda word: word.element.body.insert(0, OxmlElement("w:sdt")), "form controls"),
        (lambda word: word.add_table(1, 3), "no line of column names"),
        (lambda word: word.add_table(2, 2).cell(0, 0).merge(word.tables[-1].cell(0, 1)), "different numbers|merged"),
        (lambda word: word.add_table(1, 2).cell(0, 0).add_table(1, 1), "tables within tables"),
        (lambda word: word.add_paragraph("x", style="Quote"), "the style 'Quote'"),
        (lambda word: word.add_paragraph("x", style="Title"), "two paragraphs have the style Title"),
        (lambda word: setattr(word.sections[0].header.paragraphs[0], "text", "x"), "a header stands on each page"),
        (lambda word: word.paragraphs[0]._p.getparent().remove(word.paragraphs[0]._p), "no paragraph has the style"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_its_name(change: Callable[[Any], object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        back(edited(change, Paragraph("text")))


def test_a_size_that_somebody_chose_is_kept_and_what_is_no_docx_refused() -> None:
    from docx.shared import Pt

    larger = edited(lambda word: setattr(word.styles["Normal"].font, "size", Pt(16)), Paragraph("text"))
    assert back(larger).size_points == 16
    with pytest.raises(DataError, match="not as a word processor writes it"):
        back(b"PK")


def _without(part: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            if item.filename != part:
                new.writestr(item, old.read(item))
    return out.getvalue()


@pytest.mark.parametrize("part", ["word/styles.xml", "word/document.xml", "[Content_Types].xml", "_rels/.rels"])
def test_a_file_that_lacks_a_part_is_refused_or_read_and_never_an_accident(part: str) -> None:
    with contextlib.suppress(DataError):
        assert back(_without(part, render_docx(document(Paragraph("text"))))).title == "Title"


def test_more_than_a_paper_and_letters_for_giants_are_refused() -> None:
    from docx.shared import Pt

    with pytest.raises(DataError, match="no paper any more"):
        back(edited(lambda word: word.add_paragraph("x" * 300_001)))
    with pytest.raises(DataError, match="200 points large"):
        back(edited(lambda word: setattr(word.styles["Normal"].font, "size", Pt(200)), Paragraph("text")))
