"""Log content is hostile: nothing it holds may steer a terminal, a table or a spreadsheet."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.report.text import csv_cell, markdown, safe, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("jmeyer", "jmeyer"),
        ("C:\\Windows\\cmd.exe", "C:\\Windows\\cmd.exe"),
        ("Müller Жанна 李", "Müller Жанна 李"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\r\nb\tc\x00", "a\\x0d\\x0ab\\x09c\\x00"),
        ("\x9b2J", "\\x9b2J"),
        ("invoice\u202egnp.exe", "invoice\\u202egnp.exe"),
        ("ad\u200bmin\ufeff", "ad\\u200bmin\\ufeff"),
        ("x\u2028y", "x\\u2028y"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_is_hidden_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(alphabet=st.characters()))
def test_nothing_hidden_is_left(text: str) -> None:
    for shown in (visible(text), markdown(text), csv_cell(text), safe(text).plain):
        assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        assert shown.splitlines() in ([], [shown])


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_limit_is_kept(text: str, longest: int) -> None:
    assert len(visible(text, longest)) <= longest


def test_markup_is_no_markup() -> None:
    assert safe("[bold]x[/bold] [link=http://evil]y[/link]").plain == "[bold]x[/bold] [link=http://evil]y[/link]"
    assert safe("[bold]x").spans == []


@given(st.text())
def test_markdown_cells_stay_cells(text: str) -> None:
    shown = markdown(text)
    for char in "|<>[]`*_#":
        assert f"{char}" not in shown.replace(f"\\{char}", "")


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", " =1+1"])
def test_formulas_are_text(text: str) -> None:
    assert csv_cell(text).startswith("'")


def test_plain_csv_cells_stay_as_they_are() -> None:
    assert csv_cell("10.1.2.3") == "10.1.2.3"
    assert csv_cell("\t=1") == "\\x09=1"
