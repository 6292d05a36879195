"""A text nested so deep that libyaml's composer would end the process: refused before it composes."""

from __future__ import annotations

from pathlib import Path

import pytest

from breachwatch.detect.cases import read_cases
from breachwatch.detect.lint.validators import _has_both
from breachwatch.detect.nesting import DEEPEST, refuse_deep
from breachwatch.evidence.reproduction.comparing import _asks_for_more

LEVELS = 200_000
TEXTS = pytest.mark.parametrize("text", ["[" * LEVELS, "- " * LEVELS, "{a: " * LEVELS])


@TEXTS
def test_deep_texts_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"deeper than {DEEPEST} levels"):
        refuse_deep(text)
    cases = tmp_path / "deep.yml"
    cases.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="nested deeper"):
        read_cases("deep", tmp_path, cases)
    assert not _has_both(cases)
    assert _asks_for_more(text.encode()) == ""


def test_what_is_wide_is_not_deep() -> None:
    refuse_deep("a: [" + "[1], " * 500 + "]")
    refuse_deep("\n".join(["- b:", *(" " * (DEEPEST + 20) + f"- {number}" for number in range(5))]))
