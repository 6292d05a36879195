"""Evidence in people's hands: lines that were read, files, the chain of custody, transfers and their receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.documents import Document, Fields, Heading, Paragraph, Table
from breachwatch.model.evidence import Transfer
from breachwatch.report.quantities import counted, day_and_time, size
from breachwatch.report.tables import indented, table
from breachwatch.report.text import safe


def lines_page(lines: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Matched records with where they are in their log."""
    parts: list[RenderableType] = []
    for line in lines:
        text = line.get("text")
        where = f"{line['source']}, record {line['record_number']}, byte {line['offset']}"
        parts += [safe(where, "dim"), indented(safe(str(text) if text is not None else "no text", longest=10_000))]
    return Group(*parts, safe(f"{counted(len(lines), 'line')}; the chain of custody says that they were read", "dim"))


def files_page(files: Mapping[str, int]) -> RenderableType:
    """The files of a piece of evidence."""
    shown = table("file", "size", right=("size",))
    for name, octets in files.items():
        shown.add_row(safe(name), Text(size(octets)))
    return shown


def custody_page(form: Document) -> RenderableType:
    """The chain-of-custody form on a terminal; the lines to sign on are for paper."""
    parts: list[RenderableType] = [safe(form.title, "bold")]
    for block in form.blocks:
        if isinstance(block, Heading):
            parts.append(safe(block.text, "bold"))
        elif isinstance(block, Paragraph):
            parts.append(indented(safe(block.text, longest=2000)))
        elif isinstance(block, Fields):
            parts += [indented(safe(f"{name}: {value}", longest=1000)) for name, value in block.rows]
        elif isinstance(block, Table) and any(cell.strip() for row in block.rows for cell in row):
            for *head, last in block.rows:  # hashes are too long for columns of a terminal
                parts += [indented(safe("  ".join(head))), indented(indented(safe(last, "dim", longest=2000)))]
        elif isinstance(block, Table):
            parts.pop()  # the heading of a table to write into by hand
    return Group(*parts)


def transfers_page(transfers: Sequence[Transfer], zone: ZoneInfo) -> RenderableType:
    """Transfers with what came back."""
    if not transfers:
        return Text("Nothing was handed over yet.")
    shown = table("transfer", "evidence", "when", "to", "purpose", "receipt", "returned")
    for item in transfers:
        answers = {answer.kind: answer for answer in item.answers}
        told = [
            safe(f"{day_and_time(answers[kind].at, zone)} {answers[kind].person}") if kind in answers else waiting
            for kind, waiting in (("acknowledged", Text("MISSING", "yellow")), ("returned", Text("")))
        ]
        to = ", ".join(filter(None, (item.recipient, item.organization)))
        when = Text(day_and_time(item.at, zone))
        shown.add_row(safe(item.number), safe(item.evidence), when, safe(to), safe(item.purpose), *told)
    return shown
