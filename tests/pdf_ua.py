"""What a PDF must hold so that a screen reader can read it: checks of PDF/UA-1 (ISO 14289-1) that a program can make.

Typst refuses to write a PDF/UA-1 file that breaks the rules it knows. These checks read the finished file back with
another library (pypdf) and ask again, so that neither is believed alone. They follow the Matterhorn Protocol 1.1 where
it says that a machine can check; whether the words make sense is for people.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject, IndirectObject, NumberObject

SHOWS = {b"Tj", b"TJ", b"'", b'"', b"Do", b"sh", b"S", b"s", b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"EI"}
STANDARD = {
    *("Document", "Part", "Sect", "Div", "P", "H1", "H2", "H3", "H4", "H5", "H6", "L", "LI", "Lbl", "LBody"),
    *("Table", "THead", "TBody", "TFoot", "TR", "TH", "TD", "Span", "Link", "Figure", "Caption", "Title", "NonStruct"),
}
WITHIN = {"LI": {"L"}, "Lbl": {"LI"}, "LBody": {"LI"}, "TR": {"Table", "THead", "TBody", "TFoot"}}
WITHIN |= {"TH": {"TR"}, "TD": {"TR"}, "THead": {"Table"}, "TBody": {"Table"}, "TFoot": {"Table"}}


def problems(pdf: bytes) -> list[str]:
    """Everything that is wrong with a PDF, in words; empty for one that passes."""
    reader = PdfReader(io.BytesIO(pdf), strict=True)
    return [*_catalog(reader), *_structure(reader), *_content(reader), *_fonts(reader), *_active(reader)]


def structure(pdf: bytes) -> list[tuple[str, int]]:
    """The kinds of structure elements with their depth, in reading order."""
    reader = PdfReader(io.BytesIO(pdf), strict=True)
    return [(kind, depth) for kind, _, depth, _ in _elements(reader)]


def _catalog(reader: PdfReader) -> Iterator[str]:
    root = reader.root_object
    if not _got(root, "/MarkInfo", "/Marked"):
        yield "it does not say that it is tagged (MarkInfo)"
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", str(root.get("/Lang", ""))):
        yield "it names no language"
    if not _got(root, "/ViewerPreferences", "/DisplayDocTitle"):
        yield "readers show the file's name instead of its title"
    metadata = root["/Metadata"].get_data().decode() if "/Metadata" in root else ""
    if not re.search(r"pdfuaid:part(>|=\")1", metadata):
        yield "its metadata does not claim PDF/UA-1"
    if not re.search(r"<dc:title>.*?<rdf:li[^>]*>\s*\S", metadata, re.DOTALL):
        yield "its metadata has no title"
    if not reader.metadata or not (reader.metadata.title or "").strip():
        yield "it has no title"
    if "/StructTreeRoot" not in root:
        yield "it has no structure"


def _structure(reader: PdfReader) -> Iterator[str]:
    above, last = 0, ""
    for kind, node, depth, parents in _elements(reader):
        if kind not in STANDARD:
            yield f"{kind} is no kind of element that readers know"
        if kind in WITHIN and (not parents or parents[-1] not in WITHIN[kind]):
            yield f"{kind} stands in {parents[-1] if parents else 'nothing'}"
        if depth == 0 and kind != "Document":
            yield f"the outermost element is {kind}"
        if found := re.fullmatch(r"H([1-6])", kind):
            if int(found[1]) > above + 1:
                yield f"{kind} follows H{above}: a level is left out"
            above = int(found[1])
        if kind == "Figure" and not str(node.get("/Alt", "")).strip():
            yield "a figure has no words for whoever cannot see it"
        if kind == "TH" and _attribute(node, "/Scope") not in {"/Column", "/Row", "/Both"}:
            yield "a head of a table does not say what it heads (Scope)"
        if kind == "Table" and "TH" not in {name for name, _, _, _ in _below(node, reader, 0, ())}:
            yield "a table has no heads"
        last = kind
    if not last:
        yield "its structure is empty"


def _content(reader: PdfReader) -> Iterator[str]:
    """Whatever is shown is either in the structure or marked as an artifact."""
    in_structure = _references(reader)
    for number, page in enumerate(reader.pages):
        if page.get("/Annots") and page.get("/Tabs") != "/S":
            yield f"page {number + 1}: links are not reached in the order of the structure"
        shown: set[int] = set()
        open_marks: list[int | str] = []
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator in {b"BDC", b"BMC"}:
                open_marks.append(_mark(operands, page))
            elif operator == b"EMC":
                open_marks.pop()
            elif operator in SHOWS and not any(mark == "Artifact" or isinstance(mark, int) for mark in open_marks):
                yield f"page {number + 1}: {operator.decode()} shows something that is not tagged"
            elif operator in SHOWS:
                shown |= {mark for mark in open_marks if isinstance(mark, int)}
        for mark in sorted(shown - in_structure.get(number, set())):
            yield f"page {number + 1}: the marked content {mark} is not in the structure"


def _fonts(reader: PdfReader) -> Iterator[str]:
    for number, page in enumerate(reader.pages, 1):
        for name, reference in (page["/Resources"].get("/Font") or {}).items():
            font = reference.get_object()
            if "/ToUnicode" not in font:
                yield f"page {number}: the font {name} does not say which letters it shows"
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            about = inner.get("/FontDescriptor", DictionaryObject()).get_object()
            if not any(key in about for key in ("/FontFile", "/FontFile2", "/FontFile3")):
                yield f"page {number}: the font {name} is not in the file"


def _active(reader: PdfReader) -> Iterator[str]:
    root = reader.root_object
    names = root.get("/Names", DictionaryObject()).get_object()
    for where, key in ((root, "/OpenAction"), (root, "/AA"), (root, "/AcroForm"), (names, "/JavaScript")):
        if key in where:
            yield f"it does something by itself ({key})"
    if "/EmbeddedFiles" in names:
        yield "it holds other files"


def _elements(reader: PdfReader) -> Iterator[tuple[str, Any, int, tuple[str, ...]]]:
    tree = reader.root_object.get("/StructTreeRoot")
    if tree is not None:
        yield from _below(tree.get_object(), reader, 0, ())


def _below(
    node: Any, reader: PdfReader, depth: int, parents: tuple[str, ...]
) -> Iterator[tuple[str, Any, int, tuple[str, ...]]]:
    roles = reader.root_object["/StructTreeRoot"].get("/RoleMap", DictionaryObject()).get_object()
    for kid in _kids(node):
        if isinstance(kid, DictionaryObject) and "/S" in kid:
            name = str(kid["/S"])
            kind = str(roles.get(name, name)).removeprefix("/")
            yield kind, kid, depth, parents
            yield from _below(kid, reader, depth + 1, (*parents, kind))


def _kids(node: Any) -> list[Any]:
    kids = node.get("/K")
    kids = kids.get_object() if isinstance(kids, IndirectObject) else kids
    found = kids if isinstance(kids, ArrayObject) else [] if kids is None else [kids]
    return [kid.get_object() if isinstance(kid, IndirectObject) else kid for kid in found]


def _references(reader: PdfReader) -> dict[int, set[int]]:
    """The marked contents that the structure names, by page."""
    pages = {
        page.indirect_reference.idnum: number for number, page in enumerate(reader.pages) if page.indirect_reference
    }
    found: dict[int, set[int]] = {}
    for _, node, _, _ in _elements(reader):
        for kid in _kids(node):
            page = (
                kid.raw_get("/Pg")
                if isinstance(kid, DictionaryObject) and "/Pg" in kid
                else node.get("/Pg") and node.raw_get("/Pg")
            )
            mark = kid.get("/MCID") if isinstance(kid, DictionaryObject) else kid
            if isinstance(mark, NumberObject) and page is not None:
                found.setdefault(pages[page.idnum], set()).add(int(mark))
    return found


def _mark(operands: list[Any], page: Any) -> int | str:
    if operands[0] == "/Artifact":
        return "Artifact"
    about = operands[1] if len(operands) > 1 else DictionaryObject()
    if not isinstance(about, DictionaryObject):
        about = page["/Resources"]["/Properties"][about].get_object()
    return int(about["/MCID"]) if "/MCID" in about else str(operands[0])


def _attribute(node: Any, key: str) -> str:
    found = node.get("/A")
    found = found.get_object() if isinstance(found, IndirectObject) else found
    for item in found if isinstance(found, ArrayObject) else [found]:
        about = item.get_object() if isinstance(item, IndirectObject) else item
        if isinstance(about, DictionaryObject) and key in about:
            return str(about[key])
    return ""


def _got(root: Any, *keys: str) -> bool:
    value = root
    for key in keys:
        value = value.get(key) if isinstance(value, DictionaryObject) else None
        value = value.get_object() if isinstance(value, IndirectObject) else value
    return bool(getattr(value, "value", value))  # pypdf's own booleans are true as objects
