"""Letters and certificates: one content, written as plain text or as HTML.

Every word passes through `visible` and, for HTML, through escaping: names, reasons and log values are content, never
markup. The HTML stands alone (no script, no picture, nothing fetched), with headings and lists as such, so that a
screen reader finds its way (public bodies owe accessible documents, 28 CFR part 35, subpart H).
"""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass, field

from breachwatch.report.text import visible

WIDTH = 76
LONGEST = 4000  # characters of one value

_STYLE = (
    "body{font:1rem/1.5 Georgia,serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem}dt{font-weight:bold}dd{margin:0 0 .4rem 1.5rem;overflow-wrap:anywhere}"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A section: its paragraphs, then fields with their names, then a list. An empty heading goes on with the last."""

    heading: str = ""
    paragraphs: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A document with a title, who it is from, and its parts."""

    title: str
    organization: str
    parts: tuple[Part, ...] = field(default=())


def as_text(letter: Letter) -> str:
    """The letter as plain text, wrapped; ends with a line feed."""
    title = visible(letter.title, LONGEST)
    lines = [visible(letter.organization, LONGEST), "", title, "=" * min(len(title), WIDTH), ""]
    for part in letter.parts:
        if part.heading:
            heading = visible(part.heading, LONGEST)
            lines += [heading, "-" * min(len(heading), WIDTH)]
        for paragraph in part.paragraphs:
            lines += [*_wrapped(paragraph), ""]
        for name, value in part.fields:
            lines += _wrapped(f"{name}: {value}", after="    ")
        lines += [""] if part.fields else []
        for item in part.items:
            lines += _wrapped(item, first="- ", after="  ")
        lines += [""] if part.items else []
    return "\n".join(lines).rstrip("\n") + "\n"


def as_html(letter: Letter) -> str:
    """The letter as one HTML page (UTF-8); ends with a line feed."""
    title = _escaped(letter.title)
    body = [f"<p>{_escaped(letter.organization)}</p>", f"<h1>{title}</h1>"]
    for part in letter.parts:
        if part.heading:
            body.append(f"<h2>{_escaped(part.heading)}</h2>")
        body += [f"<p>{_escaped(paragraph)}</p>" for paragraph in part.paragraphs]
        if part.fields:
            fields = (f"<dt>{_escaped(name)}</dt><dd>{_escaped(value)}</dd>" for name, value in part.fields)
            body.append(f"<dl>{''.join(fields)}</dl>")
        if part.items:
            body.append(f"<ul>{''.join(f'<li>{_escaped(item)}</li>' for item in part.items)}</ul>")
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    lines = ["<!DOCTYPE html>", f'<html lang="en"><head>{head}</head><body><main>', *body, "</main></body></html>"]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, first: str = "", after: str = "") -> list[str]:
    shown = visible(text, LONGEST)
    return textwrap.wrap(
        shown, WIDTH, initial_indent=first, subsequent_indent=after, break_long_words=False, break_on_hyphens=False
    ) or [first.rstrip()]


def _escaped(text: str) -> str:
    return html.escape(visible(text, LONGEST))
