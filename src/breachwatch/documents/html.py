"""Documents as one HTML file: no script, nothing to load from anywhere, headings and tables that readers announce."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape

from breachwatch.documents.parts import (
    SIZE_POINTS,
    Block,
    Bullets,
    Document,
    Fields,
    Figure,
    Heading,
    Lines,
    Numbered,
    Paragraph,
    Signatures,
    Table,
    plain,
)

_STYLE = """\
body { font: 11pt/1.45 Georgia, "Times New Roman", serif; color: #111 }
body { max-width: 50em; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.2em; margin-top: 1.6em } h3 { font-size: 1.05em }
table { border-collapse: collapse; width: 100%; margin: .8em 0 }
th, td { border: 1px solid #777; padding: .3em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3em 1em } dt { font-weight: bold }
dd { margin: 0; overflow-wrap: anywhere }
.sign { display: grid; grid-template-columns: 1fr 1fr; gap: 1em; margin-top: 3em }
.sign span { border-top: 1px solid #111; padding-top: .2em; font-size: .9em }
footer { margin-top: 3em; font-size: .85em; color: #444 }
header { margin-bottom: 2em } header p { margin: 0 }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_html(document: Document) -> bytes:
    """The document as HTML 5 in UTF-8; the same document gives the same bytes."""
    title = _text(document.title)
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{escape(document.language)}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(document)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>",
        f"<style>\n{_STYLE}{_size(document)}</style>",
        "</head>",
        "<body>",
        *_letterhead(document),
        "<main>",
        f"<h1>{title}</h1>",
        *(line for block in document.blocks for line in _block(block)),
        "</main>",
        f"<footer>{_text(document.footer)}</footer>",
        "</body>",
        "</html>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _text(text: str) -> str:
    return escape(plain(text))


def _policy(document: Document) -> str:
    """Nothing is loaded; figures lie in the page itself."""
    figures = any(isinstance(block, Figure) for block in document.blocks)
    return f"{_POLICY}; img-src data:" if figures else _POLICY


def _size(document: Document) -> str:
    """A size that was asked for holds for everything, tables and footer too."""
    if document.size_points == SIZE_POINTS:
        return ""
    return f"body {{ font-size: {document.size_points:g}pt }} .sign span, footer {{ font-size: 1em }}\n"


def _letterhead(document: Document) -> Iterator[str]:
    if document.letterhead:
        yield "<header>"
        yield from (f"<p>{_text(line)}</p>" for line in document.letterhead)
        yield "</header>"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"<h{level + 1}>{_text(text)}</h{level + 1}>"
        case Paragraph(text):
            yield f"<p>{_text(text)}</p>"
        case Lines(lines):
            yield f"<p>{'<br>'.join(map(_text, lines))}</p>"
        case Bullets(items) | Numbered(items):
            name = "ul" if isinstance(block, Bullets) else "ol"
            yield f"<{name}>"
            yield from (f"<li>{_text(item)}</li>" for item in items)
            yield f"</{name}>"
        case Fields(rows):
            yield "<dl>"
            yield from (f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in rows)
            yield "</dl>"
        case Table(header, rows):
            yield "<table>"
            names = "".join(f'<th scope="col">{_text(name)}</th>' for name in header)
            yield f"<thead><tr>{names}</tr></thead>"
            yield "<tbody>"
            yield from (f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
            yield "</tbody>"
            yield "</table>"
        case Figure(svg, _, alt, caption, share):
            source = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
            yield f'<figure style="margin: 1em 0; width: {share:.0%}">'
            yield f'<img alt="{_text(alt)}" style="width: 100%" src="{source}">'
            yield from ((f"<figcaption>{_text(caption)}</figcaption>",) if caption else ())
            yield "</figure>"
        case Signatures(names, beside):
            for name in names:
                yield f'<p class="sign"><span>{_text(name)}</span><span>{_text(beside)}</span></p>'
