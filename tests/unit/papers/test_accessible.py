"""Every paper is accessible in the form that is sent: PDF/UA-1 read back by another library, HTML by WCAG's basics."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, BooleanObject, DecodedStreamObject, NameObject, TextStringObject

from breachwatch.documents import (
    Bullets,
    Document,
    Fields,
    Heading,
    Lines,
    Numbered,
    Paragraph,
    Signatures,
    Table,
    render_docx,
    render_html,
    render_pdf,
)
from breachwatch.papers import fill, template_files
from breachwatch.workspace import Workspace
from tests.pdf_ua import problems, structure

AT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
EVERYTHING = Document(
    "A paper",
    [
        Heading("One"),
        Paragraph("Text"),
        Heading("Two", 2),
        Lines(["a", "b"]),
        Bullets(["a", "b"]),
        Numbered(["a", "b"]),
        Fields([("Name", "x"), ("Hash", "f" * 64)]),
        Table(["A", "B"], [["1", "2"]] * 40),
        Signatures(["Counsel"]),
    ],
    AT,
    footer="P-2026-000001",
    letterhead=["City", "Main Street"],
    size_points=12,
)


def test_every_built_in_paper_is_accessible(ws: Workspace) -> None:
    """With all blanks, so that every field is seen."""
    found = {}
    for name, language in template_files(ws):
        document = fill(ws, name, {}, at=AT, language=language).document
        found[name, language] = problems(render_pdf(document)) + html_problems(render_html(document), language)
    assert {key: told for key, told in found.items() if told} == {}
    assert len(found) > 30


def test_every_kind_of_block_is_tagged_as_what_it_is() -> None:
    pdf = render_pdf(EVERYTHING)
    assert problems(pdf) == []
    kinds = [kind for kind, _ in structure(pdf)]
    assert [kind for kind in kinds if kind.startswith("H")] == ["H1", "H2"]
    assert (kinds.count("L"), kinds.count("Table"), kinds.count("TH")) == (3, 1, 2)
    assert len(PdfReader(io.BytesIO(pdf)).pages) > 1
    assert html_problems(render_html(EVERYTHING), "en") == []
    assert render_docx(EVERYTHING) == render_docx(EVERYTHING)


@cache
def whole() -> bytes:
    return render_pdf(EVERYTHING)


def broken(change: Callable[[PdfWriter], None]) -> list[str]:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(whole())))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return problems(out.getvalue())


def remove(*keys: str) -> Callable[[PdfWriter], None]:
    def change(writer: PdfWriter) -> None:
        for key in keys:
            del writer.root_object[NameObject(key)]

    return change


def untitled(writer: PdfWriter) -> None:
    writer.metadata = None


def draw_untagged(writer: PdfWriter) -> None:
    page = writer.pages[0]
    more = DecodedStreamObject()
    more.set_data(b"BT /F0 12 Tf (hidden) Tj ET")
    contents = page.get_contents().get_data()
    more.set_data(contents + b"\nBT (hidden) Tj ET\n")
    page[NameObject("/Contents")] = writer._add_object(more)


def element(writer: PdfWriter, kind: str) -> object:
    return next(item.get_object() for item in writer._objects if _is(item, kind))


def _is(item: object, kind: str) -> bool:
    found = item.get_object() if item is not None else None  # type: ignore[attr-defined]
    return isinstance(found, dict) and found.get("/S") == kind and "/P" in found


def skip_level(writer: PdfWriter) -> None:
    element(writer, "/H2")[NameObject("/S")] = NameObject("/H4")  # type: ignore[index]


def no_scope(writer: PdfWriter) -> None:
    del element(writer, "/TH")[NameObject("/A")]  # type: ignore[attr-defined]


def cell_astray(writer: PdfWriter) -> None:
    element(writer, "/TR")[NameObject("/S")] = NameObject("/P")  # type: ignore[index]


def forget(writer: PdfWriter) -> None:
    element(writer, "/H1")[NameObject("/K")] = ArrayObject()  # type: ignore[index]


def unmark(writer: PdfWriter) -> None:
    writer.root_object["/MarkInfo"][NameObject("/Marked")] = BooleanObject(False)  # type: ignore[index]


def act(writer: PdfWriter) -> None:
    writer.root_object[NameObject("/OpenAction")] = TextStringObject("app.alert(1)")


def mute_language(writer: PdfWriter) -> None:
    writer.root_object[NameObject("/Lang")] = TextStringObject("")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (remove("/StructTreeRoot"), "it has no structure"),
        (remove("/ViewerPreferences"), "file's name instead of its title"),
        (remove("/Metadata"), "does not claim PDF/UA-1"),
        (unmark, "does not say that it is tagged"),
        (mute_language, "names no language"),
        (untitled, "it has no title"),
        (draw_untagged, "shows something that is not tagged"),
        (skip_level, "H4 follows H1"),
        (no_scope, "does not say what it heads"),
        (cell_astray, "stands in P"),
        (forget, "is not in the structure"),
        (act, "does something by itself"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_validator_finds_what_is_broken(change: Callable[[PdfWriter], None], words: str) -> None:
    assert any(words in told for told in broken(change))


class Page(HTMLParser):
    """What WCAG 2.1 asks of a page of text: its language, its title, headings in order, tables with heads."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def html_problems(html: bytes, language: str) -> list[str]:
    page = Page()
    page.feed(html.decode())
    tags = [tag for tag, _ in page.seen]
    levels = [int(tag[1]) for tag in tags if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit()]
    told = []
    if page.open:
        told.append(f"not closed: {page.open}")
    if page.seen[0] != ("html", {"lang": language}):
        told.append("3.1.1: no language of the page")
    if tags.count("title") != 1 or tags.count("main") != 1:
        told.append("2.4.2, 1.3.1: one title, one main part")
    if levels[0] != 1 or levels.count(1) != 1 or any(b > a + 1 for a, b in pairwise(levels)):
        told.append(f"1.3.1: headings {levels}")
    if tags.count("table") != tags.count("thead") or any(a.get("scope") != "col" for t, a in page.seen if t == "th"):
        told.append("1.3.1: a table without heads")
    if {"script", "iframe", "object", "form"} & set(tags) or any(
        key.startswith("on") for _, a in page.seen for key in a
    ):
        told.append("active content")
    return told
