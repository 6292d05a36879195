"""A DOCX that comes back from whoever edited it: read for what it still lacks and what it would give away.

The file is kept as it is; nothing here changes it. It may come from anywhere, so it is read within bounds, without
entities, and refused where it holds macros or other files.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Any

from breachwatch.errors import DataError, LimitError
from breachwatch.papers.words import language as words_of

LARGEST = 20 * 1024 * 1024  # bytes
_LARGEST_PART = 64 * 1024 * 1024
_MOST_PARTS = 2000
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHANGES = tuple(_W + name for name in ("ins", "del", "moveFrom", "moveTo"))
_ACTIVE = re.compile(r"vbaProject|vbaData|activeX|embeddings/|oleObject|\.exe$|\.dll$", re.IGNORECASE)
_FETCHING = re.compile(r"\b(DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE|IMPORT|LINK|DATABASE|RD)\b", re.IGNORECASE)
_TEXT_PARTS = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml")


@dataclass(frozen=True, slots=True)
class WordFile:
    """What an edited file still lacks (the words of its blanks), and what it holds beside the text that is seen."""

    blanks: tuple[str, ...]
    remarks: tuple[str, ...]

    @staticmethod
    def read(content: bytes, language: str) -> WordFile:
        """Look through a DOCX. Raises DataError for what is none or is active, LimitError for what is too large."""
        if len(content) > LARGEST:
            msg = f"the file has {len(content)} bytes; a paper has at most {LARGEST // 1024 // 1024} MiB."
            raise LimitError(msg)
        parts = _parts(content)
        roots = [_xml(parts[name], name) for name in sorted(parts) if _TEXT_PARTS.fullmatch(name)]
        remarks = []
        if any(node.tag in _CHANGES for root in roots for node in root.iter()):
            remarks.append("tracked changes")
        if any(name.startswith("word/comments") and b"comment " in parts[name] for name in parts):
            remarks.append("comments")
        if any(node.tag == f"{_W}vanish" for root in roots for node in root.iter()):
            remarks.append("hidden text")
        if any(_fetches(root) for root in roots) or any(
            _points_outside(parts[name], name) for name in _relations(parts)
        ):
            remarks.append("things that are fetched from elsewhere when it is opened")
        text = "\n".join(_text(paragraph) for root in roots for paragraph in root.iter(f"{_W}p"))
        before, after = words_of(language).missing("\0").split("\0")
        blanks = re.findall(rf"{re.escape(before)}(.*?){re.escape(after)}", text)
        return WordFile(tuple(dict.fromkeys(blanks)), tuple(remarks))


def _parts(content: bytes) -> dict[str, bytes]:
    """The XML parts by name."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_PARTS or sum(entry.file_size for entry in entries) > _LARGEST_PART:
                msg = "the file expands to more than a paper can be."
                raise LimitError(msg)
            active = next((entry.filename for entry in entries if _ACTIVE.search(entry.filename)), None)
            if active is not None:
                msg = f"the file holds {active!r}: macros or other files. Save it as a plain DOCX without them."
                raise DataError(msg)
            parts = {
                entry.filename: archive.read(entry) for entry in entries if entry.filename.endswith((".xml", ".rels"))
            }
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        msg = f"this is no DOCX that can be read ({error}). Save it as Word document (.docx)."
        raise DataError(msg) from error
    if "word/document.xml" not in parts or "[Content_Types].xml" not in parts:
        msg = "this is no DOCX: word/document.xml is missing. Save it as Word document (.docx)."
        raise DataError(msg)
    return parts


def _xml(content: bytes, name: str) -> Any:
    from docx.oxml import parse_xml  # resolves no entities

    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        msg = f"{name} of the file declares entities, which no word processor writes. Save it anew."
        raise DataError(msg)
    try:
        return parse_xml(content)
    except SyntaxError as error:  # lxml's
        msg = f"{name} of the file is damaged: {error}. Save it anew as Word document (.docx)."
        raise DataError(msg) from error


def _relations(parts: dict[str, bytes]) -> list[str]:
    return sorted(name for name in parts if name.endswith(".rels"))


def _points_outside(content: bytes, name: str) -> bool:
    """Whether a part is taken from elsewhere: a template, a picture. A link that somebody must click is none."""
    return any(
        relation.get("TargetMode") == "External" and not str(relation.get("Type", "")).endswith("/hyperlink")
        for relation in _xml(content, name).iter()
    )


def _fetches(root: Any) -> bool:
    """Whether a field gets its text from another program or file (ECMA-376 part 1, 17.16.5)."""
    codes = [node.text or "" for node in root.iter(f"{_W}instrText")]
    codes += [node.get(f"{_W}instr") or "" for node in root.iter(f"{_W}fldSimple")]
    return _FETCHING.search(" ".join(codes)) is not None


def _text(paragraph: Any) -> str:
    return "".join(node.text or "" for node in paragraph.iter(f"{_W}t"))
