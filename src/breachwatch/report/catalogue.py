"""The papers that there are, as a table in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from breachwatch.report.text import visible
from breachwatch.respond.notices.catalogue import Listed

_FIELD = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def papers_markdown(papers: Iterable[Listed]) -> str:
    """One line for each paper: what it is, for whom, for which duties and by which law, in which languages."""
    lines = [
        "| paper | title | audience | obligations | law, rule or contract | languages |",
        "|---|---|---|---|---|---|",
    ]
    for paper in papers:
        title = _FIELD.sub(lambda found: f"({found[1].replace('_', ' ')})", paper.title)
        duties = ", ".join(f"`{item.id}`" for item in paper.obligations) or "none"
        law = "; ".join(dict.fromkeys(_cell(text) for item in paper.obligations for text in item.citation)) or "none"
        cells = (f"`{paper.template}`", _cell(title), paper.audience.value, duties, law, ", ".join(paper.languages))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text of a city's own files: no border of a cell, no HTML, no link, no code."""
    return re.sub(r"([\\|<>`\[\]])", r"\\\1", visible(text))
