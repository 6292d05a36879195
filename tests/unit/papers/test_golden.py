"""The text of every paper, filled in with one fixed set of values and with none, compared with what is kept.

After a change of a template that is meant: `TESTS_GOLDEN=write pytest tests/unit/papers/test_golden.py`, and read
the difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from breachwatch.papers import fill
from breachwatch.papers.plain_language import reading_of
from breachwatch.papers.words import language as language_of
from breachwatch.workspace import Workspace
from tests.unit.papers.paper_values import AT, as_text, values

GOLDEN = Path(__file__).with_name("golden")
OUTSIDE = (
    *("individual-notice", "individual-notice-ca", "substitute-notice", "public-notice", "media-release"),
    "incident-report-form",
)
"""What residents and reporters receive: in English and Spanish, and plain."""
ENGLISH = (
    *("tx-ag-report", "tx-cyber-command-initial", "tx-cyber-command-follow-up", "tx-election-notice", "ca-ag-sample"),
    *("hhs-report", "irs-report", "cjis-report", "card-brands-report", "credit-agencies-notice", "data-owner-notice"),
    *("insurer-notice", "inside-notice", "preservation-notice", "containment-order", "custody-form"),
    "evidence-certificate",
)
BOTH = [(name, language) for name in OUTSIDE for language in ("en", "es")]
PAPERS = [*BOTH, *((name, "en") for name in ENGLISH)]


@pytest.mark.parametrize(("name", "language"), PAPERS)
def test_a_paper_reads_as_it_did(ws: Workspace, name: str, language: str) -> None:
    full = fill(ws, name, values(language), at=AT, language=language)
    empty = fill(ws, name, {}, at=AT, language=language)
    texts = {"filled": as_text(full.document), "blank": as_text(empty.document)}
    for kind, text in texts.items():
        path = GOLDEN / f"{name}.{language}.{kind}.txt"
        if os.environ.get("TESTS_GOLDEN") == "write":
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")
    assert set(full.blanks) <= {"carried_out"}  # of a measure that was not carried out yet
    mark = {"en": "[ to be filled in: ", "es": "[ por completar: "}[language]
    assert " ".join(texts["filled"].split()).replace(f"{mark}carried out ]", "").count(mark) == 0
    assert " ".join(texts["blank"].split()).count(mark) >= len(empty.blanks) > 0


def test_what_residents_and_reporters_receive_is_plain(ws: Workspace) -> None:
    for name, language in BOTH:
        found = reading_of(fill(ws, name, values(language), at=AT, language=language).document)
        assert found.words > 50, name
        assert found.plain, f"{name}.{language}: {found.described}"


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (["agua", "luz"], "agua y luz"),
        (["salud", "información fiscal"], "salud e información fiscal"),
        (["madres", "hijos"], "madres e hijos"),
        (["agua", "hierro"], "agua y hierro"),
        (["uno", "dos", "tres"], "uno, dos y tres"),
    ],
)
def test_spanish_lists_in_a_sentence(items: list[str], said: str) -> None:
    assert language_of("es").several(items) == said
