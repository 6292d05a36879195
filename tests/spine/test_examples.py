"""The worked examples, played whole: each ends as its page in the documentation says, and leaves the same documents.

`TESTS_GOLDEN=write pytest tests/spine/test_examples.py` writes pages and golden files anew, to be read before
they are kept.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from breachwatch.cli.example import carry_out
from breachwatch.examples import EXAMPLES, Happened, as_page, play, read_script
from breachwatch.workspace import open_workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DOCS = Path(__file__).resolve().parents[2] / "docs"
WRITE = os.environ.get("TESTS_GOLDEN") == "write"


@dataclass(frozen=True)
class Played:
    name: str
    folder: Path
    done: list[Happened]


@pytest.fixture(scope="module", params=sorted(EXAMPLES))
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("example") / request.param
    return Played(request.param, folder, play(read_script(request.param), folder, carry_out))


def test_the_page_is_what_happens(played: Played) -> None:
    page = DOCS / f"example-{played.name}.md"
    told = as_page(played.done)
    if WRITE:
        page.write_text(told, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == told


def test_all_evidence_is_as_it_was_sealed(played: Played) -> None:
    from breachwatch import evidence

    ws = open_workspace(played.folder)
    reports = evidence.verify_all(ws)
    assert len(reports) >= 2
    assert [report.number for report in reports if not report.ok] == []
