"""A table never cuts what stands in it, on a terminal of any sensible width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.cli.options import show
from breachwatch.report.tables import FittedTable, indented, table, typed
from tests.whole_tables import LONGEST, missing

Render = Callable[[RenderableType, int], str]
WORDS = st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1, max_size=LONGEST)
CELLS = st.lists(WORDS, max_size=12).map(" ".join)
NUMBERS = st.integers(0, 10**9).map(lambda value: f"{value:,}".replace(",", " "))


@st.composite
def tables(draw: st.DrawFn) -> FittedTable:
    names = draw(st.lists(st.text("abcdefgh ", max_size=15).map(str.strip), min_size=1, max_size=9))
    right = tuple(draw(st.lists(st.sampled_from(names), max_size=3)))
    made = table(*names, right=right, flexible=draw(st.none() | st.sampled_from(names)))
    for _ in range(draw(st.integers(0, 4))):
        made.add_row(*(Text(draw(NUMBERS if name in right else CELLS)) for name in names))
    return made


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(80, 200))
def test_every_word_is_whole_and_every_line_fits(made: FittedTable, width: int) -> None:
    assert missing(made, width) == []


def _incident_table() -> FittedTable:
    made = table("incident", "opened", "by", "alerts", "what", right=("alerts",), flexible="what")
    made.add_row("INC-2026-0001", "2026-10-30 04:15 CDT", "Security Analyst", "12", "A mailbox sends its mail on")
    return made


def test_it_fits_as_it_is_where_there_is_room(rendered: Render) -> None:
    (head, _, row) = rendered(_incident_table(), 120).splitlines()
    assert head.split() == ["incident", "opened", "by", "alerts", "what"]
    assert row.rstrip() == (
        "INC-2026-0001   2026-10-30 04:15 CDT   Security Analyst       12   A mailbox sends its mail on"
    )


def test_then_the_text_wraps_and_then_a_time_takes_two_lines(rendered: Render) -> None:
    assert [line.rstrip() for line in rendered(_incident_table(), 90).splitlines()[2:]] == [
        "INC-2026-0001   2026-10-30 04:15 CDT   Security Analyst       12   A mailbox sends its",
        "                                                                   mail on",
    ]
    assert [line.rstrip() for line in rendered(_incident_table(), 72).splitlines()[2:]] == [
        "INC-2026-0001  2026-10-30      Security         12  A mailbox sends its",
        "               04:15 CDT       Analyst              mail on",
    ]


def test_at_last_each_row_is_a_block(rendered: Render) -> None:
    made = _incident_table()
    made.add_row("INC-2026-0002", "", "[bold]eve", "1", "")
    assert [line.rstrip() for line in rendered(indented(made), 50).splitlines()] == [
        "  INC-2026-0001",
        "    opened: 2026-10-30 04:15 CDT",
        "    by:     Security Analyst",
        "    alerts: 12",
        "    what:   A mailbox sends its mail on",
        "  INC-2026-0002",
        "    by:     [bold]eve",
        "    alerts: 1",
    ]


def test_the_same_table_may_be_shown_at_several_widths(rendered: Render) -> None:
    made = _incident_table()
    first = rendered(made, 120)
    rendered(made, 50)
    rendered(made, 72)
    assert rendered(made, 120) == first


def test_numbers_do_not_wrap_though_their_heading_may(rendered: Render) -> None:
    made = table("rule", "false incidents", right=("false incidents",))
    made.add_row("Sign-ins after a brute force", "1 234")
    shown = rendered(made, 28).splitlines()
    assert ("false incidents" in " ".join(shown), any("1 234" in line for line in shown)) == (False, True)


def test_cells_that_do_not_speak_for_themselves_are_all_named(rendered: Render) -> None:
    made = table("host", "message", numbered=True)
    made.add_row("web01", "x" * 30)
    assert [line.rstrip() for line in rendered(made, 38).splitlines()][2:] == ["web01   " + "x" * 30]
    assert [line.rstrip() for line in rendered(made, 36).splitlines()] == [
        "row 1",
        "  host:    web01",
        "  message: " + "x" * 25,
        "           " + "x" * 5,
    ]


def test_a_narrow_column_never_makes_a_tower(rendered: Render) -> None:
    made = table("host", "a", "b")
    made.add_row("web01", "word " * 300, "word " * 300)
    assert rendered(made, 80).splitlines()[0].strip() == "web01"


def test_a_command_to_copy_is_whole_however_narrow_the_terminal_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    command = "breachwatch incident decide INC-2026-0001 waiver evidence-verified --reason WHY"
    show(Group(typed(command, "or set it aside", depth=3), indented(Text("below"))))
    assert capsys.readouterr().out.splitlines() == [f"      {command}  # or set it aside", "  below"]
