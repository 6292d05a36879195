"""Every rule against its own cases: raw lines through parser, lake and scan."""

from __future__ import annotations

from pathlib import Path

import pytest

from breachwatch import detect

STEMS = sorted(path.stem for path in (Path(__file__).resolve().parents[2] / "detections" / "rules").glob("*.yml"))
# One of each kind runs always: counted, distinct values, chained sequence, aliases, single event, first seen, both
# systems. The others run with the slow tests.
ALWAYS = {
    "any_authentication_brute_force_one_address",
    "any_authentication_success_after_failures",
    "linux_sudo_root_by_newcomer",
    "linux_sudo_logs_cleared",
    "windows_security_new_privileged_account",
    "windows_security_log_cleared",
}


def test_the_sample_names_rules() -> None:
    assert set(STEMS) >= ALWAYS


OTHERS = [stem for stem in STEMS if stem not in ALWAYS]
# Together, because most of them share a lake then; in parts, for two processors.
PARTS = 2


def wrong(stems: list[str]) -> list[detect.CaseResult]:
    results = list(detect.test_rules(stems))
    for stem in stems:
        assert any(result.positive for result in results if result.file == stem), stem
        assert any(not result.positive for result in results if result.file == stem), stem
    return [result for result in results if not result.passed]


@pytest.mark.parametrize("stem", sorted(ALWAYS))
def test_the_cases_of(stem: str) -> None:
    assert wrong([stem]) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_cases_of_all_others(part: int) -> None:
    assert wrong(OTHERS[part::PARTS]) == []
