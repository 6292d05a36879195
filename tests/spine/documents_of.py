"""The documents that an example leaves, as text: papers in the form that was sent, and the files that it wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

from breachwatch.examples.playing import same_each_time
from breachwatch.respond import notices
from breachwatch.workspace import open_workspace
from tests.somebody import SOMEBODY

_BLOCKS = frozenset({"p", "h1", "h2", "h3", "li", "tr", "div", "table", "section", "header", "dt", "dd", "title"})
_LEFT_OUT = frozenset({"systems.csv", "after-action.pdf"})
"""What is no document, and what is kept in another form: lines of a PDF break where a hash of this machine ends."""
_BROKEN_HASH = re.compile(r"\b(?:[0-9a-f][\n\u200b]*){64}")
_SIZE = re.compile(r"(\bbytes\W+)\d+\b")
"""Of a piece of evidence, which holds signatures and versions."""
_BLANK_LINES = re.compile(r"\n{3,}")


def documents_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each document, with what differs from machine to machine left out."""
    ws = open_workspace(folder)
    for paper in notices.papers_of(ws, by=SOMEBODY):
        html = notices.file_of(ws, paper, "html").decode()
        yield f"{paper.number}-{paper.template}.{paper.language}.txt", same_each_time(text_of_html(html), folder)
    for path in sorted(
        (*folder.glob("*.pdf"), *folder.glob("*.html"), *folder.glob("*.csv"), *folder.glob("export/*.pdf"))
    ):
        if path.name not in _LEFT_OUT:
            yield f"{path.name}.txt", same_each_time(_text(path), folder)
    for path in sorted((*folder.glob("release/*.html"), *folder.glob("release/*.csv"))):
        yield f"release-{path.name}.txt", _SIZE.sub(r"\1x", same_each_time(_text(path), folder))
    ws.database.engine.dispose()


def _text(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".pdf":
        return text_of_pdf(content)
    if path.name.startswith("letters-"):  # one letter is as the other
        first, *more = content.decode().splitlines(keepends=True)
        return f"{first}{more[0]}{more[-1]}{len(more)} letters\n"
    return text_of_html(content.decode()) if path.suffix == ".html" else content.decode()


def text_of_pdf(content: bytes) -> str:
    """The text of each page, in the order in which it is read."""
    from pypdf import PdfReader

    text = "\n".join(page.extract_text().rstrip() for page in PdfReader(BytesIO(content)).pages) + "\n"
    return _BROKEN_HASH.sub("x" * 16 + "\n", text)


def text_of_html(html: str) -> str:
    """The visible text, a line for each block; cells of a row are divided by bars."""
    reader = _Reader()
    reader.feed(html)
    lines = "\n".join(" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return _BLANK_LINES.sub("\n\n", lines).strip() + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in {"style", "script"}:
            self._hidden += 1
        elif tag in {"td", "th"}:
            self.parts.append(" | ")
        elif tag in _BLOCKS or tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script"}:
            self._hidden -= 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data.replace("\n", " "))
