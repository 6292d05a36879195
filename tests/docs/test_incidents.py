"""The page about incidents shows the steps as they are."""

from __future__ import annotations

from pathlib import Path

from breachwatch.incidents.casework.states import STEPS
from breachwatch.report.steps import steps_markdown

PAGE = Path(__file__).resolve().parents[2] / "docs" / "incidents.md"


def test_the_table_of_steps_is_the_one_that_counts() -> None:
    text = PAGE.read_text(encoding="utf-8")
    written = text.partition("<!-- steps -->\n")[2].partition("<!-- /steps -->")[0]
    assert written == steps_markdown(STEPS)
