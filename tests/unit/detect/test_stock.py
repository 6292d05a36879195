"""A lake of small files is copied before it is searched: what is found is what a search in place finds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from breachwatch.detect import scan, stock
from breachwatch.model.finding import Scan
from breachwatch.workspace import Workspace
from tests.unit.detect.making import at, failure, land, logon, mark_scanned, pack
from tests.unit.detect.test_correlation import BASES, BRUTE, CHAIN

SINGLE = "---\n".join(
    f"""
title: sign-in of {name}
logsource: {{product: linux, service: auth}}
detection: {{s: {{user|contains: {name}}}, condition: s}}
"""
    for name in ("ann", "bob", "cyd", "dov", "eve")
)
FIRST = """
title: first address
logsource: {category: authentication}
detection: {s: {outcome: success}, condition: s}
breachwatch: {first_seen: {fields: [user, source_ip], history_days: 30, learning_days: 1}}
"""
UNKNOWN = """
title: a field that no event has
logsource: {product: linux, service: auth}
detection: {s: {group|contains: wheel}, condition: s}
"""
PARTS = [BASES, BRUTE, CHAIN, SINGLE, FIRST, UNKNOWN]
RULES = pack("---\n".join(PARTS))


def nights(ws: Workspace) -> list[Scan]:
    """Three nights: the second brings events of the first one's time, too, and some of a time yet to come."""
    first = [failure("10.0.0.1", n, id=f"f{n}", user="ann") for n in range(20)]
    first += [logon("10.0.0.1", 21, id="in", user="ann"), logon("10.0.0.2", 30, id="b", user="bob")]
    second = [failure("10.0.0.2", 30 + n / 2, id=f"late{n}", user="bob") for n in range(20)]
    second += [logon("10.0.0.3", 2000, id="c", user="ann"), logon(None, 2001, id="d", user="eve")]
    second += [{**logon("10.0.0.4", 0, id="untimed", user="dov"), "time": None}]
    second += [logon("10.0.0.5", 4000, id="ahead", user="cyd")]
    found = []
    for number, rows in enumerate((first, second, [logon("10.0.0.6", 4100, id="last", user="bob")])):
        land(ws, "linux.auth", rows[::2], source="one")
        if rows[1::2]:
            land(ws, "linux.auth", rows[1::2], source="other")
        found.append(scan(ws, at(1440 * (number + 1) + 60), pack=RULES))
        mark_scanned(ws, found[-1])
    return found


def test_a_copied_lake_gives_what_a_search_in_place_gives(
    make_ws: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = nights(make_ws(folder="copied"))
    monkeypatch.setattr(stock, "MOST_CELLS", -1)
    in_place = nights(make_ws(folder="in-place"))
    for one, other in zip(copied, in_place, strict=True):
        assert one.findings == other.findings
        assert one.outcomes == other.outcomes
        assert one.events_in_window == other.events_in_window
    titles = {finding.rule_title for night in copied for finding in night.findings}
    assert {"episode", "then success", "first address", "sign-in of dov", "sign-in of cyd"} <= titles
    assert any("group" in outcome.unknown_fields for outcome in copied[0].outcomes)
