"""Small HTML for notebooks. Everything that is shown may come from a log: all of it is escaped here, and only here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import datetime


def block(title: str, *parts: str) -> str:
    """A heading and parts that this module made."""
    return f"<div><strong>{escaped(title)}</strong>{''.join(parts)}</div>"


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escaped(text)}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of plain values; times are shown to the second."""
    top = "".join(f"<th>{escaped(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escaped(_shown(value))}</td>" for value in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def escaped(text: str) -> str:
    """Text that shows as itself: no markup, no control characters, no reordering of what stands beside it."""
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return f"<bdi>{html.escape(shown)}</bdi>"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value)
