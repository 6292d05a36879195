"""The page about metrics shows the definitions as they are."""

from __future__ import annotations

from pathlib import Path

from breachwatch.report.metrics import definitions_markdown

PAGE = Path(__file__).resolve().parents[2] / "docs" / "closure-and-metrics.md"


def test_the_table_of_definitions_is_the_one_that_counts() -> None:
    text = PAGE.read_text(encoding="utf-8")
    written = text.partition("<!-- definitions -->\n")[2].partition("<!-- /definitions -->")[0]
    assert written == definitions_markdown()
