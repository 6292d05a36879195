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


@pytest.mark.parametrize("stem", [s if s in ALWAYS else pytest.param(s, marks=pytest.mark.slow) for s in STEMS])
def test_the_cases_of(stem: str) -> None:
    results = list(detect.test_rules([stem]))
    assert any(result.positive for result in results)
    assert any(not result.positive for result in results)
    wrong = [result for result in results if not result.passed]
    assert wrong == []
