"""The files of a release, made anew from the disclosed set and from nothing else: PDF, HTML, CSV, JSON, and all as ZIP.

The same set gives the same bytes: times in the files are those of the set, and those of the ZIP are fixed. Nothing is
ever taken over from a file that somebody edited, so nothing can be hidden in one.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from breachwatch.documents import Block, Document, Fields, Heading, Paragraph, Table, render_html, render_pdf
from breachwatch.evidence.cells import csv_line
from breachwatch.respond.requests.content import Content, canonical

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a ZIP file can say (APPNOTE.TXT 4.4.6)."""


def files_of(content: Content) -> dict[str, bytes]:
    """The files by their names: `records` is what is disclosed, `withheld-index` what is not and why."""
    disclosed, index = records_document(content), index_document(content)
    return {
        "records.pdf": render_pdf(disclosed),
        "records.html": render_html(disclosed),
        "records.csv": _csv(_long(content)),
        "records.json": json.dumps(
            {key: value for key, value in content.items() if key != "withheld"}, ensure_ascii=True, indent=2
        ).encode("ascii"),
        "withheld-index.pdf": render_pdf(index),
        "withheld-index.html": render_html(index),
        "withheld-index.csv": _csv(_index(content)),
    }


def archive_of(files: dict[str, bytes]) -> bytes:
    """All of them in one ZIP file, with fixed times and no owner."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # the same on every machine
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return target.getvalue()


def archive_name(content: Content) -> str:
    """How the ZIP file is called."""
    return f"{content['request']}-{content['version']}.zip"


def set_of(text: str) -> Content:
    """The disclosed set from its kept text. Raises ValueError where the text is not canonical."""
    content: dict[str, Any] = json.loads(text)
    if canonical(content) != text:
        msg = "this is no disclosed set as it was kept"
        raise ValueError(msg)
    return content


def records_document(content: Content) -> Document:
    """What is disclosed, for people to read."""
    blocks: list[Block] = [
        Fields(
            [
                ("Request", str(content["request"])),
                ("Received", str(content["received_at"])),
                ("Prepared", str(content["prepared_at"])),
                ("Incidents", ", ".join(content["incidents"]) or "none"),
                ("Withheld items", str(len(content["withheld"]))),
            ]
        ),
        Paragraph(
            "These records were made from the city's register of incidents for this request. Times are given with "
            "their difference to UTC. What was withheld stands in the index beside this document, with the law "
            "for each item."
        ),
    ]
    for notice in content["notices"]:
        blocks += [Heading(f"Notice: {notice['title']}"), Fields([("Sent", str(notice["sent_at"]))])]
        blocks += [Paragraph(text) for text in notice["text"]]
    for section in content["sections"]:
        blocks.append(Heading(f"{section['title']} ({len(section['rows'])})"))
        for number, row in enumerate(section["rows"], 1):
            blocks += [
                Heading(f"{number}. {row['incident']}", 2),
                Fields([(str(name), str(value)) for name, value in row["values"]]),
            ]
    if not content["sections"] and not content["notices"]:
        blocks.append(Paragraph("No records are disclosed."))
    return _document(content, f"Records for request {content['request']}", blocks)


def index_document(content: Content) -> Document:
    """What is withheld, item by item, with the exemption and its citation."""
    header = ("No.", "Incident", "What", "Day", "Exemption", "Law")
    rows = [
        (str(item["number"]), item["incident"], item["what"], item["day"], item["text"], item["citation"])
        for item in content["withheld"]
    ]
    blocks: list[Block] = [Table(header, rows, (1, 3, 5, 2.4, 5, 4))] if rows else [Paragraph("Nothing is withheld.")]
    return _document(content, f"Index of withheld items for request {content['request']}", blocks)


def _document(content: Content, title: str, blocks: list[Block]) -> Document:
    at = datetime.fromisoformat(str(content["prepared_at"]))
    footer = f"{content['city']} - {content['request']}, version {content['version']}"
    return Document(title=title, blocks=blocks, at=at, footer=footer)


def _long(content: Content) -> Iterator[tuple[str, ...]]:
    yield "incident", "record", "number", "field", "value"
    for notice in content["notices"]:
        yield "", "Notice", "", "title", str(notice["title"])
        yield "", "Notice", "", "sent", str(notice["sent_at"])
        yield from (("", "Notice", "", "text", text) for text in notice["text"])
    for section in content["sections"]:
        for number, row in enumerate(section["rows"], 1):
            for name, value in row["values"]:
                yield row["incident"], section["title"], str(number), name, value


def _index(content: Content) -> Iterator[tuple[str, ...]]:
    yield "number", "incident", "what", "day", "exemption", "text", "citation"
    for item in content["withheld"]:
        keys = ("incident", "what", "day", "exemption", "text", "citation")
        yield str(item["number"]), *(str(item[key]) for key in keys)


def _csv(lines: Iterator[tuple[str, ...]]) -> bytes:
    return "".join(map(csv_line, lines)).encode("utf-8", "backslashreplace")
