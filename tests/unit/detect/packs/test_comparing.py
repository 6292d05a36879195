"""What an update changes."""

from __future__ import annotations

from typing import Any

from breachwatch.detect.loading import documents
from breachwatch.detect.packs.comparing import Comparison, Kind, Side, compare
from breachwatch.detect.packs.manifest import Selection
from breachwatch.detect.rulepack import Rule
from tests.unit.detect.packs.making import rule


def side(*texts: str, selection: Selection | None = None) -> Side:
    found = [text for number, item in enumerate(texts) for text in documents(f"{number}.yml", item.encode())]
    return Side.of("rules", found, selection)


def broken(one: Rule) -> str:
    """A compiler that stumbles over a word."""
    return "no such modifier" if "impossible" in one.source.text else ""


def kinds(found: Comparison) -> dict[str, tuple[Kind, tuple[str, ...]]]:
    return {change.title: (change.kind, change.what) for change in found.changes}


def test_added_removed_changed() -> None:
    old = side(rule("Stays"), rule("Goes", search="a"), rule("Louder", level="low"), rule("Searches"), rule("Worded"))
    new = side(
        rule("Stays"),
        rule("Comes", search="b"),
        rule("Louder", level="high", status="stable"),
        rule("Searches", search="other"),
        rule("Worded", date="2026-07-07", falsepositives="[admins]"),
    )
    found = compare(old, new, broken)
    assert kinds(found) == {
        "Goes": (Kind.REMOVED, ()),
        "Comes": (Kind.ADDED, ()),
        "Louder": (Kind.CHANGED, ("level low -> high", "status test -> stable")),
        "Searches": (Kind.CHANGED, ("detection",)),
    }
    assert (found.worded, found.same) == (1, 1)
    text = next(change.text for change in found.changes if change.title == "Searches")
    assert "-  selection: {action: log-cleared}" in text
    assert "+  selection: {action: other}" in text


def test_a_new_id_is_seen_as_such() -> None:
    one, two = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
    found = compare(side(rule("Twin", id=one)), side(rule("Twin", id=two, level="low")), broken)
    (change,) = found.changes
    assert (change.kind, change.old_id, change.rule_id) == (Kind.NEW_ID, one, two)
    assert change.what == ("level high -> low",)


def test_what_stops_working_is_told_once() -> None:
    old = side(rule("Breaks"), rule("Never could", search="impossible"))
    new = side(rule("Breaks", search="impossible"), rule("Never could", search="impossible", level="low"))
    found = compare(old, new, broken)
    assert [(change.title, change.stops) for change in found.stopping] == [("Breaks", "no such modifier")]


def test_texts_that_are_no_rules_are_named() -> None:
    found = compare(side(rule("One")), side(rule("One"), "title: nothing\n"), broken)
    assert [item.origin for item in found.unreadable] == ["1.yml"]
    assert "neither detection" in found.unreadable[0].reason
    assert not found.unreadable[0].reason.startswith("1.yml")


def test_only_what_the_selection_takes_counts() -> None:
    stable = Selection(status=("stable",))
    old = side(rule("Ripens", status="test"), rule("Fades", status="stable"), rule("Other"), selection=stable)
    new = side(rule("Ripens", status="stable"), rule("Fades", status="deprecated"), rule("Other", level="low"), selection=stable)  # fmt: skip  # noqa: E501
    assert kinds(compare(old, new, broken)) == {
        "Ripens": (Kind.ADDED, ("by the selection", "status test -> stable")),
        "Fades": (Kind.REMOVED, ("by the selection", "status stable -> deprecated")),
    }


def test_a_set_of_rules_does_not_differ_from_itself() -> None:
    same: Any = side(rule("One"), rule("Two", search="x"))
    found = compare(same, same, broken)
    assert (found.changes, found.worded, found.same) == ((), 0, 2)
