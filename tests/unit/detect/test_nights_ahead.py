"""Conditions that look ahead, whatever nights the time is cut into: nothing twice, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from breachwatch.detect import scan
from breachwatch.workspace import Workspace
from tests.unit.detect.making import at, failure, land, logon, mark_scanned, pack
from tests.unit.detect.test_correlation import BASES, CHAIN, correlation

DAYS = 3


def boolean(kind: str, condition: str, title: str, rules: str = "[failure, success]") -> str:
    return correlation(
        f"""type: {kind}
        rules: {rules}
        group-by: [source_ip]
        timespan: 3h
        condition: {condition}""",
        title,
    )


RULES = BASES + "---\n".join(
    [
        boolean("temporal", "failure and not success", "unanswered"),
        boolean("temporal", "failure or success", "either"),
        boolean("temporal_ordered", "success and not failure", "quiet after"),
        CHAIN,
        boolean("temporal", "many and not success", "many and no success", "[many, success]"),
    ]
)


@pytest.mark.slow
@pytest.mark.parametrize("hours", [11.0])
def test_any_cut_into_nights_finds_the_same(make_ws: Callable[..., Workspace], hours: float) -> None:
    random = Random(3)
    rows = []
    for burst in range(25):
        begin, ip = random.uniform(0, DAYS * 1440), f"10.0.0.{random.randrange(3)}"
        for step in range(random.randrange(1, 5)):
            make = logon if random.random() < 0.3 else failure
            rows.append(make(ip, begin + step * random.uniform(0.5, 4), id=f"{burst:02d}-{step}"))
    rows = [row for row in rows if row["time"] < at(DAYS * 1440)]
    nights = [at(0) + timedelta(hours=hours * number) for number in range(1, int(DAYS * 24 / hours) + 3)]
    whole = make_ws(folder="whole")
    land(whole, "linux.auth", rows)
    once = {found.key: found.event_ids for found in scan(whole, nights[-1], pack=pack(RULES)).findings}
    ws = make_ws(folder="nightly")
    seen: dict[str, tuple[str, ...]] = {}
    begin = at(-1)
    for until in nights:
        new = [row for row in rows if begin <= row["time"] < until]
        if new:
            land(ws, "linux.auth", new)
        result = scan(ws, until, pack=pack(RULES))
        seen |= {found.key: found.event_ids for found in result.findings}
        mark_scanned(ws, result)
        begin = until
    assert len(once) > 15
    assert set(seen) == set(once)
    assert {ids[0] for ids in seen.values()} == {ids[0] for ids in once.values()}
