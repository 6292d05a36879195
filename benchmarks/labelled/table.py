"""Tables and paragraphs in Markdown, and shares in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; columns of numbers are set to the right."""
    listed = [[str(cell) for cell in row] for row in rows]
    right = [all(_number(row[index]) for row in listed) and bool(listed) for index in range(len(head))]
    rule = ["---:" if is_number else "---" for is_number in right]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in ([*head], rule, *listed))


def paragraph(*sentences: str) -> str:
    """Sentences as lines of at most 120 characters."""
    return textwrap.fill(" ".join(sentences), 120, break_long_words=False, break_on_hyphens=False)


def share(part: int, whole: int) -> str:
    """`17 of 20 (85 %)`; no percentage of nothing."""
    return f"{part} of {whole} ({round(100 * part / whole)} %)" if whole else "none"


def _number(cell: str) -> bool:
    return cell.replace(",", "").isdecimal()
