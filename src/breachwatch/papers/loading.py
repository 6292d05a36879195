"""Templates from files: the city's own in `<workspace>/templates/`, else the one that breachwatch brings."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from breachwatch.errors import DataError, UnknownNameError, UsageError
from breachwatch.papers.checking import checked
from breachwatch.papers.front_matter import front_matter
from breachwatch.papers.template import Template
from breachwatch.workspace import Workspace

BUILT_IN = "built in"
FOLDER = "templates"
LARGEST = 64 * 1024  # bytes
_OWN = Path(__file__).with_name("templates")
_NAME = re.compile(r"([a-z0-9][a-z0-9-]{0,63})\.([a-z]{2,3})\.md")
_MARKS = re.compile("[\ue000\ue001]")  # stand for values while the text is cut into paragraphs


def template_files(ws: Workspace) -> dict[tuple[str, str], Path]:
    """The file of each template by id and language; the city's own come before those of breachwatch."""
    return dict(_files(_OWN)) | dict(_files(ws.root / FOLDER))


def template_source(ws: Workspace, name: str, language: str = "en") -> str:
    """The text of a template, to copy and change: the city's own, or ours where that file is empty.

    It is empty where a shell made it a moment ago, to write this very text into it. Raises as `load_template` does.
    """
    own, ours = ws.root / FOLDER / f"{name}.{language}.md", _OWN / f"{name}.{language}.md"
    if own.is_file() and own.stat().st_size == 0 and ours.is_file():
        return ours.read_text(encoding="utf-8")
    load_template(ws, name, language)
    return template_files(ws)[name, language].read_text(encoding="utf-8-sig")


def template_names(ws: Workspace) -> tuple[str, ...]:
    """The ids of all templates, in order."""
    return tuple(sorted({name for name, _ in template_files(ws)}))


def load_template(ws: Workspace, name: str, language: str = "en") -> Template:
    """A template, checked. Raises UnknownNameError, UsageError for a language it lacks, DataError for a bad file."""
    files = template_files(ws)
    path = files.get((name, language))
    if path is None:
        languages = sorted(known for template, known in files if template == name)
        if not languages:
            raise UnknownNameError("template", name, {template for template, _ in files})
        msg = (
            f"the template {name!r} comes in {', '.join(languages)}, not in {language!r}. "
            f"Write {ws.root / FOLDER / f'{name}.{language}.md'}, or choose one of those."
        )
        raise UsageError(msg)
    own = path.parent == _OWN
    where = f"{path.name} of breachwatch" if own else str(path)
    content = _read(path, where)
    front, text, first_line = front_matter(_decoded(content, where), where)
    return Template(
        id=name,
        language=language,
        front=front,
        title=checked(front.title, front.fields, where, 1),
        parsed=checked(text, front.fields, where, first_line),
        first_line=first_line,
        origin=BUILT_IN if own else f"{FOLDER}/{path.name}",
        path=where,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _files(folder: Path) -> Iterator[tuple[tuple[str, str], Path]]:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if found := _NAME.fullmatch(path.name):
                yield (found[1], found[2]), path


def _read(path: Path, where: str) -> bytes:
    try:
        # Not blocking: a pipe without a writer would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                msg = f"{where} is no plain file."
                raise DataError(msg)
            content = file.read(LARGEST + 1)
    except OSError as error:
        msg = f"cannot read the template {where}: {error.strerror}."
        raise DataError(msg) from error
    if len(content) > LARGEST:
        msg = f"{where} is larger than {LARGEST // 1024} KiB; a template is a few pages of text."
        raise DataError(msg)
    return content


def _decoded(content: bytes, where: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        msg = f"{where}, line {line}: not UTF-8. Save the file as UTF-8."
        raise DataError(msg) from None
    text = text.replace("\r\n", "\n")
    if found := _MARKS.search(text):
        line = text[: found.start()].count("\n") + 1
        msg = f"{where}, line {line}: the character U+{ord(found[0]):04X} is no letter; take it out."
        raise DataError(msg)
    return text
