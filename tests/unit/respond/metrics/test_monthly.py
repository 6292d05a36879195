"""The monthly report to council: plots with words, the same bytes, nobody in it; the commands that write it."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from breachwatch import documents
from breachwatch.cli.app import main
from breachwatch.clock import FixedClock
from breachwatch.documents import Document, Figure
from breachwatch.model.finding import Level
from breachwatch.report.filing import file_month, month_before
from breachwatch.report.monthly import lasted, monthly_report
from breachwatch.report.plots import _whole
from breachwatch.respond.metrics.measuring import metrics_of_month
from tests.somebody import SOMEBODY
from tests.unit.respond.metrics.conftest import Past

HOUR = timedelta(hours=1)


@pytest.fixture
def busy(past: Past) -> Past:
    """Three months of incidents; in November they name an account that no council must read."""
    for month, count in ((9, 2), (10, 4), (11, 5)):
        for day in range(1, count + 1):
            at = datetime(2026, month, 2 * day, 10, tzinfo=UTC)
            level = Level.CRITICAL if day == 1 else Level.MEDIUM
            number = past.incident(at, severity=level, taken_up=day * HOUR, contained=day * 5 * HOUR)
            run = past.run(at, failed="no route" if day == 3 else "")
            verdict = "false positive" if day == 2 else ""
            past.alert(at, "a", incident=number, run=run, verdict=verdict, count=day * 3)
    return past


def report(past: Past) -> Document:
    return monthly_report(*metrics_of_month(past.ws, "2026-11", by=SOMEBODY), past.ws.settings.city.name)


def test_every_plot_is_told_in_words_and_none_of_it_is_about_anybody(busy: Past) -> None:
    made = report(busy)
    figures = [block for block in made.blocks if isinstance(block, Figure)]
    assert [len(figure.alt) > 60 for figure in figures] == [True, True]
    assert "the most 15 on 2026-11-10" in figures[1].alt
    html = documents.render_html(made).decode()
    assert html.count("<img alt=") == 2
    assert "img-src data:" in html
    docx = zipfile.ZipFile(io.BytesIO(documents.render_docx(made)))
    assert docx.read("word/document.xml").decode().count('descr="') == 2
    for text in (html, docx.read("word/document.xml").decode(), *(figure.svg for figure in figures)):
        assert "jmeyer" not in text
        assert "INC-2026" not in text
    assert "5 incidents needed a response." in html
    assert "Half of them were taken up within 3 hours" in html


def test_the_same_records_give_the_same_bytes_in_every_form(busy: Past) -> None:
    first, second = report(busy), report(busy)
    for render in (documents.render_html, documents.render_docx, documents.render_pdf):
        assert render(first) == render(second)


def test_the_pdf_holds_its_figures_with_their_alternative_text(busy: Past) -> None:
    made = report(busy)
    reader = PdfReader(io.BytesIO(documents.render_pdf(made)))
    assert sum(len(page.images) for page in reader.pages) == 2
    assert "/StructTreeRoot" in reader.trailer["/Root"]
    assert {figure.alt for figure in made.blocks if isinstance(figure, Figure)} <= _alternatives(reader)
    assert "Legal deadlines" in " ".join(page.extract_text() for page in reader.pages)


def _alternatives(reader: PdfReader) -> set[str]:
    """Every alternative text in the file's structure."""
    found, fresh, seen = set(), [reader.trailer["/Root"]["/StructTreeRoot"]], set()
    while fresh:
        node = fresh.pop().get_object()
        if isinstance(node, list):
            fresh += node
        elif isinstance(node, dict) and id(node) not in seen:
            seen.add(id(node))
            found.add(str(node.get("/Alt", "")))
            fresh += [node["/K"]] if "/K" in node else []
    return found


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "not measured"),
        (20.0, "less than a minute"),
        (60.0, "1 minute"),
        (3 * 3600 + 120, "3 hours 2 minutes"),
        (24 * 3600, "1 day"),
        (50 * 3600 + 600, "2 days 2 hours"),
    ],
)
def test_times_are_said_as_people_say_them(seconds: float | None, told: str) -> None:
    assert lasted(seconds) == told


def test_the_commands(
    busy: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    root = str(busy.ws.root)
    assert main(["-w", root, "metrics", "--from", "2026-09-01", "--to", "2026-12-01", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["incidents"] == 11
    assert found["by_month"]["2026-11"]["acknowledge"]["median"] == 3 * 3600
    assert found["period"]["since"] == "2026-09-01T00:00:00-05:00"
    assert main(["-w", root, "metrics", "--from", "2026-09-01", "--to", "2026-12-01"]) == 0
    shown = capsys.readouterr().out
    assert "2026-11" in shown
    assert "vpn could not be read in 2 nights" in shown
    made = tmp_path / "council.pdf"
    assert main(["-w", root, "metrics", "month", "2026-11", "--to", str(made)]) == 0
    assert made.read_bytes().startswith(b"%PDF")
    assert main(["-w", root, "metrics", "month", "2026-99", "--to", str(made)]) == 2


def test_the_month_is_filed_once_and_anew_where_its_records_changed(busy: Past) -> None:
    from breachwatch.model.people import program

    assert month_before(busy.ws) == "2026-11"
    first = file_month(busy.ws, "2026-11", by=program())
    assert [path.name for path in first] == ["security-incidents-2026-11.pdf", "security-incidents-2026-11.docx"]
    assert file_month(busy.ws, "2026-11", by=program()) == first
    busy.incident(datetime(2026, 11, 29, tzinfo=UTC))
    [again] = file_month(busy.ws, "2026-11", by=program(), forms=("docx",))
    assert again.name == "security-incidents-2026-11-2.docx"
    assert first[1].read_bytes() != again.read_bytes()
    assert not list(busy.ws.scratch.iterdir())


def test_the_month_before_is_that_of_the_citys_calendar(busy: Past) -> None:
    for moment, month in (
        (datetime(2026, 12, 1, 5, 59, tzinfo=UTC), "2026-10"),  # still November in Chicago
        (datetime(2026, 12, 1, 6, 0, tzinfo=UTC), "2026-11"),
        (datetime(2027, 1, 1, 13, 0, tzinfo=UTC), "2026-12"),
    ):
        assert month_before(replace(busy.ws, clock=FixedClock(moment))) == month


@pytest.mark.parametrize(
    ("most", "ticks"), [(0, [0, 1]), (1, [0, 1]), (6, [0, 1, 2, 3, 4, 5, 6]), (47, [0, 10, 20, 30, 40, 50])]
)
def test_axes_of_counts_have_whole_numbers(most: int, ticks: list[int]) -> None:
    found = _whole(most)["axis"].to_dict()["values"]
    assert found == ticks
    assert len(found) <= 8
