"""What an alert's events matched goes into the records and comes out again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch import incidents
from breachwatch.incidents import reasons
from breachwatch.model.finding import Finding, Match, Part, Scan
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY

TEXT = st.text(max_size=8)
MATCHES = st.lists(st.builds(Match, *[TEXT] * 8), max_size=4).map(tuple)
PARTS = st.lists(st.builds(Part, TEXT, TEXT, st.lists(TEXT, max_size=3).map(tuple)), max_size=3).map(tuple)


@settings(max_examples=50, deadline=None)
@given(matched=MATCHES, parts=PARTS)
def test_what_is_kept_comes_out_again(matched: tuple[Match, ...], parts: tuple[Part, ...]) -> None:
    kept = reasons.to_json(matched, parts)
    assert kept.isascii()
    assert reasons.from_json(kept) == (matched, parts)


def test_an_alert_that_grows_keeps_the_events_of_its_rules(
    ws: Workspace, finding: Callable[..., Finding], scan: Callable[..., Scan]
) -> None:
    match = Match("base-1", "a", "failed", "outcome", "is", "failure", "failure", "failure")
    first = replace(finding(events=("a", "b")), matched=(match,), parts=(Part("base-1", "Failure", ("a", "b")),))
    incidents.record(ws, scan(first), "run-1")
    later = replace(
        first,
        event_ids=("a", "b", "c", "d"),
        parts=(Part("base-1", "Failure", ("b", "c")), Part("base-2", "Success", ("d",))),
    )
    incidents.record(ws, scan(later), "run-2")
    (alert,) = incidents.incident(ws, "INC-2026-0001", by=SOMEBODY).alerts
    assert alert.matched == (match,)
    assert alert.parts == (Part("base-1", "Failure", ("a", "b", "c")), Part("base-2", "Success", ("d",)))
