"""Filling in: blocks as the template has them, blanks that are seen, values that stay text."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from breachwatch.documents import (
    Bullets,
    Fields,
    Heading,
    Lines,
    Numbered,
    Paragraph,
    Signatures,
    Table,
    render_docx,
    render_html,
    render_pdf,
)
from breachwatch.errors import LimitError, UnknownNameError, UsageError
from breachwatch.papers import fill, load_template, template_files, template_names
from breachwatch.workspace import Workspace

AT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
Write = Callable[..., Workspace]


def blocks(ws: Workspace, **values: object) -> list[object]:
    return list(fill(ws, "tiny", values, at=AT).document.blocks)  # type: ignore[arg-type]


def test_every_kind_of_block(write: Write) -> None:
    ws = write(
        "# One\n\ntext goes\non here\n\n## Two\n\n- a\n- b\n  and on\n\n1. first\n2. second\n\n"
        "| Name | Count |\n|---|---|\n| x | 1 |\n\n| Number | {{ incident_number }} |\n\nCity Hall\\\nMain Street\n\n"
        "____ Counsel\n"
    )
    assert blocks(ws, incident_number="INC-1") == [
        Heading("One", 1),
        Paragraph("text goes on here"),
        Heading("Two", 2),
        Bullets(["a", "b and on"]),
        Numbered(["first", "second"]),
        Table(["Name", "Count"], [["x", "1"]]),
        Fields([("Number", "INC-1")]),
        Lines(["City Hall", "Main Street"]),
        Signatures(["Counsel"]),
    ]


def test_conditions_and_loops(write: Write) -> None:
    ws = write(
        "{% if identity_numbers %}\nyes\n{% else %}\nno\n{% endif %}\n\n{% for item in data_elements %}\n- {{ item }}\n"
        "{% else %}\nnothing\n{% endfor %}\n\n| State | People |\n|---|---|\n{% for row in residents %}\n"
        "| {{ row.state }} | {{ row.number }} |\n{% endfor %}\n"
    )
    rows = [{"state": "TX", "number": "612"}, {"state": "CA", "number": "3"}]
    assert blocks(ws, identity_numbers=True, data_elements=["a", "b"], residents=rows) == [
        Paragraph("yes"),
        Bullets(["a", "b"]),
        Table(["State", "People"], [["TX", "612"], ["CA", "3"]]),
    ]
    assert blocks(ws, identity_numbers=False, data_elements=[], residents=[])[:2] == [
        Paragraph("no"),
        Paragraph("nothing"),
    ]


def test_a_missing_value_is_a_blank_that_is_seen_and_named(write: Write) -> None:
    ws = write(
        "On {{ occurred_on }}.\n\n| State | People |\n|---|---|\n"
        "{% for row in residents %}\n| {{ row.state }} | 1 |\n{% endfor %}\n"
    )
    made = fill(ws, "tiny", {"incident_number": " "}, at=AT)
    assert made.blanks == ("incident_number", "residents", "occurred_on")
    assert made.document.title == "Notice [ to be filled in: number of the incident ]"
    assert made.document.blocks[0] == Paragraph("On [ to be filled in: when it happened ].")
    assert made.document.blocks[1] == Table(["State", "People"], [["[ to be filled in: people by state ]", "1"]])
    # A field that only decides something leaves no blank.
    ws = write("{% if occurred_on %}\nx\n{% endif %}\n", head=HEAD_WITHOUT_FIELD_IN_TITLE)
    assert fill(ws, "tiny", {}, at=AT).blanks == ()


HEAD_WITHOUT_FIELD_IN_TITLE = "---\ntitle: T\naudience: inside\nfields: {occurred_on: when}\n---\n"


def test_dates_times_and_numbers_in_the_citys_zone_and_language(write: Write) -> None:
    text = "{{ occurred_on }}\n\n{{ incident_number }}\n\nIt has {{ data_elements }}.\n"
    ws = write(text)
    values = {"occurred_on": AT, "incident_number": 1234567, "data_elements": ["a", "b", "c"]}
    assert blocks(ws, **values) == [
        Paragraph("November 22, 2026, 4:15 a.m. CST"),
        Paragraph("1,234,567"),
        Paragraph("It has a, b and c."),
    ]
    write(text, language="es")
    spanish = fill(ws, "tiny", values | {"occurred_on": date(2026, 7, 4)}, at=AT, language="es")
    assert list(spanish.document.blocks) == [
        Paragraph("4 de julio de 2026"),
        Paragraph("1,234,567"),
        Paragraph("It has a, b y c."),
    ]
    assert spanish.document.language == "es"
    write("____ Secretario\n", language="es")
    assert fill(ws, "tiny", {}, at=AT, language="es").document.blocks == (Signatures(["Secretario"], "Fecha y hora"),)
    write(text, language="vi")
    assert fill(ws, "tiny", {"occurred_on": AT}, at=AT, language="vi").document.blocks[0] == Paragraph(
        "2026-11-22, 04:15 CST"
    )


def test_a_value_alone_keeps_its_lines_and_lists(write: Write) -> None:
    ws = write("{{ what_happened }}\n\n{{ data_elements }}\n")
    assert blocks(ws, what_happened="One.\n\n# two\n- three", data_elements=["a", "b"]) == [
        Paragraph("One."),
        Lines(["# two", "- three"]),
        Bullets(["a", "b"]),
    ]


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        ("{{ occurred_on }}", {"occurred_on": datetime(2026, 1, 1)}, "no zone"),  # noqa: DTZ001
        ("{{ occurred_on }}", {"occurred_on": 1.5}, "a float cannot"),
        ("{{ residents }}", {"residents": [{"a": "b"}]}, "line 12: rows have columns"),
        ("x\n{% for a in what_happened %}\n{% endfor %}", {"what_happened": "x"}, "line 13: this is no list"),
        ("{% for a in residents %}\n{{ a.city }}\n{% endfor %}", {"residents": [{"state": "TX"}]}, "no column 'city'"),
        ("{{ residents }}", {"residents": ["a", {"b": "c"}]}, "either texts or rows"),
    ],
)
def test_a_value_that_does_not_suit(write: Write, text: str, values: dict[str, object], words: str) -> None:
    ws = write(text)
    with pytest.raises(UsageError, match=words):
        blocks(ws, **values)


def test_what_is_too_large_is_refused(write: Write) -> None:
    ws = write("{% for a in data_elements %}\n{{ what_happened }}\n{% endfor %}\n")
    with pytest.raises(LimitError, match="Attach"):
        blocks(ws, data_elements=["x"] * 5001)
    with pytest.raises(LimitError, match="Attach"):
        blocks(ws, what_happened="x" * 100_001)
    with pytest.raises(LimitError, match="longer than"):
        blocks(ws, data_elements=["x"] * 5000, what_happened="y" * 1000)


def test_the_citys_own_template_comes_first(ws: Workspace, write: Write) -> None:
    name, language = next(iter(template_files(ws)))
    before = load_template(ws, name, language)
    assert before.origin == "built in"
    write("mine\n", name=name, language=language)
    after = fill(ws, name, {}, at=AT, language=language)
    assert after.origin == f"templates/{name}.{language}.md"
    assert after.sha256 != before.sha256
    assert after.document.blocks == (Paragraph("mine"),)
    assert "tiny" not in template_names(ws)
    with pytest.raises(UnknownNameError, match="tiny"):
        fill(ws, "tiny", {}, at=AT)
    write("x")
    with pytest.raises(UsageError, match=r"comes in en, not in 'fr'"):
        fill(ws, "tiny", {}, at=AT, language="fr")


MARKUP = ["# x", "- x", "1. x", "| a | b |", "|---|", "{{ occurred_on }}", "{% if x %}", "\ue0001\ue001", "<b>x</b>"]
MARKUP += ["#panic()", "*b* _i_ `c` $m$ @l <l>", "____ x", "a\\\nb", "&lt;&#60;", "]]>", "<w:p/>", "//x", "[x](y)"]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


TEXT = "# Head\n\nIt was {{ what_happened }} then.\n\n- {{ what_happened }}\n\n"
TEXT += "| A | B |\n|---|---|\n| {{ what_happened }} | 1 |\n"


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.one_of(
        st.sampled_from(MARKUP), st.text(min_size=1, max_size=40), st.lists(st.sampled_from(MARKUP)).map("".join)
    )
)
def test_no_value_becomes_markup_in_any_form(write: Write, value: str) -> None:
    ws = write(TEXT)
    plainly = fill(ws, "tiny", {"what_happened": "x"}, at=AT).document
    made = fill(ws, "tiny", {"what_happened": value}, at=AT).document
    assert [type(block) for block in made.blocks] == [type(block) for block in plainly.blocks]
    expected, html = Tags(), Tags()
    expected.feed(render_html(plainly).decode())
    html.feed(render_html(made).decode())
    assert html.tags == expected.tags
    word, other = docx.Document(io.BytesIO(render_docx(made))), docx.Document(io.BytesIO(render_docx(plainly)))
    assert [part.style.name for part in word.paragraphs] == [part.style.name for part in other.paragraphs]
    assert len(word.tables) == 1
    shown = " ".join(value.split())
    if shown and shown.isprintable():
        assert shown in html.text
        assert f"It was {shown} then." in [part.text for part in word.paragraphs]
        assert word.tables[0].cell(1, 0).text == shown


@pytest.mark.parametrize("value", MARKUP)
def test_no_value_becomes_markup_in_the_pdf(write: Write, value: str) -> None:
    ws = write(TEXT)
    pdf = PdfReader(io.BytesIO(render_pdf(fill(ws, "tiny", {"what_happened": value}, at=AT).document)))
    text = "".join(pdf.pages[0].extract_text().replace("\u200b", "").split())
    shown = "".join("".join(value.split()).replace("\ue000", "\\ue000").replace("\ue001", "\\ue001"))
    assert text.count(shown) >= 3


def test_all_built_in_templates_give_all_three_forms(ws: Workspace) -> None:
    files = template_files(ws)
    assert all(path.is_relative_to(Path(__file__).parents[3]) for path in files.values())
    for name, language in files:
        made = fill(ws, name, {}, at=AT, language=language)
        assert made.document.blocks
        assert render_html(made.document).startswith(b"<!DOCTYPE html>")
