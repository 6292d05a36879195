"""The page about papers lists those that there are; `TESTS_GOLDEN=write pytest tests/docs/test_papers.py` renews it."""

from __future__ import annotations

import os
from pathlib import Path

from breachwatch.report.catalogue import papers_markdown
from breachwatch.respond.notices.catalogue import catalogue
from breachwatch.workspace import Workspace

PAGE = Path(__file__).resolve().parents[2] / "docs" / "papers.md"


def test_the_table_of_papers_is_the_one_that_counts(ws: Workspace) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- papers -->\n")
    written, _, after = rest.partition("<!-- /papers -->")
    table = papers_markdown(catalogue(ws))
    if os.environ.get("TESTS_GOLDEN") == "write":
        PAGE.write_text(f"{before}<!-- papers -->\n{table}<!-- /papers -->{after}", encoding="utf-8")
        written = table
    assert after
    assert written == table
