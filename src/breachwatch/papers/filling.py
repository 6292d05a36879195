"""`fill`: a template and values become a document, with a visible blank wherever a value is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from breachwatch.documents import SIZE_POINTS, Block, Bullets, Document, Lines, Paragraph, Signatures
from breachwatch.errors import UsageError
from breachwatch.papers.evaluating import CLOSE, OPEN, Marked
from breachwatch.papers.loading import load_template
from breachwatch.papers.markdown import blocks
from breachwatch.papers.template import Template
from breachwatch.papers.values import Blank, Shown, Value, in_words, shown
from breachwatch.papers.words import language as words_of
from breachwatch.workspace import Workspace

_MARK = re.compile(f"{OPEN}(\\d+){CLOSE}")


@dataclass(frozen=True, slots=True)
class Filled:
    """A paper: the document, the template it came from, and which fields had no value."""

    document: Document
    template: str
    language: str
    sha256: str  # of the template's bytes
    origin: str  # "built in", or the template's file in the workspace
    blanks: tuple[str, ...]


def fill(
    ws: Workspace,
    template: str,
    values: Mapping[str, Value],
    *,
    at: datetime,
    language: str = "en",
    author: str = "",
) -> Filled:
    """Fill in the template with that id. `at` (aware) is the paper's date; values that no field asks for are left out.

    Raises UnknownNameError, DataError for a template that cannot be used (with file, line and what to do), UsageError
    for a value that does not suit its field, LimitError for one that is too large.
    """
    if at.tzinfo is None:
        msg = f"the paper's date {at.isoformat()} has no zone."
        raise UsageError(msg)
    return fill_in(ws, load_template(ws, template, language), values, at=at, author=author)


def fill_in(
    ws: Workspace, template: Template, values: Mapping[str, Value], *, at: datetime, author: str = ""
) -> Filled:
    """The same with a template that was loaded before, where many papers come from one."""
    words = words_of(template.language)
    zone = ws.settings.city.zone
    context = {name: shown(name, what, values.get(name), zone, words) for name, what in template.front.fields.items()}
    marked = Marked(template, context)
    title, text = marked.title(), marked.text()

    def filled(part: str) -> str:
        return _MARK.sub(lambda found: in_words(marked.values[int(found[1])], words), part)

    def alone(line: str) -> tuple[Block, ...]:
        found = _MARK.fullmatch(line)
        return _standing_alone(marked.values[int(found[1])]) if found else ()

    document = Document(
        title=filled(title),
        blocks=tuple(
            replace(block, beside=words.signed) if isinstance(block, Signatures) else block
            for block in blocks(text, filled, alone, template.path)
        ),
        at=at,
        author=author,
        language=template.language,
        letterhead=ws.settings.city.letterhead,
        size_points=template.front.size_points or SIZE_POINTS,
    )
    empty = {value.field for value in marked.values if isinstance(value, Blank)}
    blanks = tuple(
        name for name in (*template.front.fields, *sorted(empty - set(template.front.fields))) if name in empty
    )
    return Filled(document, template.id, template.language, template.sha256, template.origin, blanks)


def _standing_alone(value: Shown) -> tuple[Block, ...]:
    """The blocks of a value that is a paragraph of its own: its own paragraphs and lines, or a list."""
    if isinstance(value, tuple):
        return (Bullets([" ".join(item.split()) for item in value if isinstance(item, str)]),)
    if not isinstance(value, str) or "\n" not in value:
        return ()
    made: list[Block] = []
    for paragraph in re.split(r"\n\s*\n", value):
        lines = [" ".join(line.split()) for line in paragraph.split("\n") if line.strip()]
        if lines:
            made.append(Lines(lines) if len(lines) > 1 else Paragraph(lines[0]))
    return tuple(made)
