"""`breachwatch jurisdiction`, as one types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from breachwatch.cli.app import main
from breachwatch.workspace import Workspace

DOCUMENT = Path(__file__).parents[3] / "docs" / "jurisdictions.md"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BREACHWATCH_WORKSPACE", raising=False)


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["jurisdiction", *words]) == code
    out, err = capsys.readouterr()
    return out + err


def test_a_deadline_with_the_steps_of_its_count(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "due", "tx-individuals", "--profile", "us-tx-city", "--at", "determined=2026-02-03T09:00")
    for words in ("Sat 2026-04-04 23:59 CDT", "Mon 2026-04-06 23:59 CDT", "311.014(b)", "confirm with counsel"):
        assert words in text
    found = json.loads(
        said(capsys, "due", "tx-individuals", "--profile", "us-tx-city", "--at", "determined=2026-02-03", "--json")
    )
    assert (found["safe"][:10], found["latest"][:10]) == ("2026-04-04", "2026-04-06")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["due", "tx-individuals", "--profile", "us-tx-city", "--at", "found=2026-02-03"], "no start of a clock"),
        (["due", "tx-individuals", "--profile", "us-tx-city", "--at", "determined=soon"], "is no time"),
        (["due", "tx-individual", "--profile", "us-tx-city", "--at", "determined=2026-02-03"], "Did you mean"),
        (
            ["due", "tx-individuals", "--profile", "us-tx-city", "--at", "determined=2019-05-01"],
            "holds from 2020-01-01",
        ),
        (["due", "tx-individuals", "--at", "determined=2026-02-03"], "set city.jurisdiction"),
        (["show", "us-ny-city"], "no jurisdiction profile"),
    ],
)
def test_what_cannot_be_computed_is_refused(capsys: pytest.CaptureFixture[str], words: list[str], told: str) -> None:
    assert told in said(capsys, *words, code=2)


def test_profiles_are_checked_by_name_or_as_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "us-ca-city: " in said(capsys, "check", "us-ca-city")
    assert "no jurisdiction profile" in said(capsys, "check", "us-ny-city", code=2)
    (tmp_path / "mine.yaml").write_text("schema: 1\nextends: us-tx-city\nid: mine\ntitle: M\ncolour: red\n")
    assert "colour (line 5)" in said(capsys, "check", "mine.yaml", code=1)


def test_what_is_not_specified_is_printed_so(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "show", "us-ca-city")
    for words in ("not specified", "policy, not law: 30 calendar days", "draft: not confirmed by counsel"):
        assert words in text


def test_the_citys_own_profile_is_the_default_and_a_broken_one_is_named(
    make_ws: Callable[..., Workspace], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = make_ws('[city]\nname = "T"\njurisdiction = "the-city"\n')
    monkeypatch.chdir(ws.root)
    folder = ws.root / "jurisdictions"
    folder.mkdir()
    (folder / "the-city.yaml").write_text("schema: 1\nextends: us-tx-city\nid: the-city\ntitle: The City\n")
    assert json.loads(said(capsys, "show", "--json"))["title"] == "The City"
    assert "the-city: 23 obligations" in said(capsys, "check")
    assert "+ The City" in said(capsys, "diff", "us-tx-city", "the-city")
    (folder / "the-city.yaml").write_text("schema: 1\nextends: us-tx-city\nid: the-city\ntitel: The City\n")
    assert "titel (line 4): there is no such key" in said(capsys, "check", code=1)


def test_the_document_holds_the_tables_of_the_profiles(capsys: pytest.CaptureFixture[str]) -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    for name in ("us-tx-city", "us-ca-city"):
        table = said(capsys, "show", name, "--markdown")
        assert table in document, f"docs/jurisdictions.md: run `breachwatch jurisdiction show {name} --markdown`"
