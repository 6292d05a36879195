"""`breachwatch paper` and `breachwatch contacts`, from template to sent."""

from __future__ import annotations

import json
from pathlib import Path

import docx
import pytest

from breachwatch.cli.app import main


@pytest.fixture(autouse=True)
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("BREACHWATCH_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main(["init", "."]) == 0
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *command: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(list(command)) == code
    shown = capsys.readouterr()
    return shown.out + shown.err


def test_a_template_is_copied_by_the_shell_as_the_documents_say(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A shell makes the city's file, empty, before the command that fills it begins."""
    mine = city / "templates" / "individual-notice.en.md"
    mine.parent.mkdir()
    mine.touch()
    mine.write_text(said(capsys, "paper", "templates", "individual-notice"))
    listed = json.loads(said(capsys, "paper", "templates", "--json"))
    assert listed["problems"] == []
    mine.write_text(mine.read_text().replace("title:", "title: Ours,", 1))
    assert "Ours," in said(capsys, "paper", "templates", "individual-notice")
    mine.write_text("")
    assert "a template begins with" in said(capsys, "paper", "draft", "individual-notice", "-r", "x", code=1)
    mine.with_name("brand-new.en.md").touch()
    assert "a template begins with" in said(capsys, "paper", "templates", "brand-new", code=1)


def test_from_template_to_sent(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = said(capsys, "paper", "templates", "media-release")
    assert own.startswith("---\ntitle:")
    (city / "templates").mkdir()
    (city / "templates" / "media-release.en.md").write_text(
        "---\ntitle: News\naudience: public\nfields: {what_happened: what happened, signer_name: who signs}\n---\n"
        "{{ what_happened }}\n\n{{ signer_name }}\n",
        encoding="utf-8",
    )
    listed = json.loads(said(capsys, "paper", "templates", "--json"))
    assert {"templates/media-release.en.md", "built in"} == {item["origin"] for item in listed["templates"]}
    drafted = said(
        capsys, "paper", "draft", "media-release", "-r", "press", "-s", "what_happened=A [red]theft[/red]\x1b[2J"
    )
    assert "P-2026" in drafted.replace("P-20", "P-2026", 1)
    assert "Blanks: signer_name." in drafted
    assert "has no field 'x'" in said(capsys, "paper", "draft", "media-release", "-r", "p", "-s", "x=1", code=2)
    assert "still has blanks" in said(capsys, "paper", "approve", "1", "-r", "ok", code=2)
    assert "not approved" in said(
        capsys, "paper", "sent", "1", "--to", "press", "--way", "e-mail", "--proof", "x", code=2
    )
    assert "version 2" in said(capsys, "paper", "revise", "1", "-r", "signed", "-s", "signer_name=Dana")
    said(capsys, "paper", "show", "1", "-o", "news.docx")
    assert "exists already" in said(capsys, "paper", "show", "1", "-o", "news.docx", code=2)
    word = docx.Document("news.docx")
    word.add_paragraph("By counsel.")
    word.save("news2.docx")
    assert "taken back, version 3" in said(capsys, "paper", "write", "1", "news2.docx", "-r", "wording")
    assert "approved by" in said(capsys, "paper", "approve", "1", "-r", "read", "--version", "3")
    assert "sealed as EV-" in said(
        capsys, "paper", "sent", "1", "--to", "press", "--way", "e-mail", "--proof", "mail 7"
    )
    shown = json.loads(said(capsys, "paper", "show", "1", "--json"))
    assert shown["state"] == "sent"
    assert shown["paper"]["sendings"][0]["way"] == "e-mail"
    page = said(capsys, "paper", "show", "1")
    assert "By counsel" not in page
    assert "\x1b[2J" not in page
    assert "sent" in said(capsys, "paper", "list")
    assert "written as" in said(capsys, "paper", "show", "1", "-o", "news.txt", code=2)


def test_a_bad_template_is_named_with_its_line(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (city / "templates").mkdir()
    (city / "templates" / "mine.en.md").write_text(
        "---\ntitle: T\naudience: inside\n---\n{{ ''.__class__ }}\n", encoding="utf-8"
    )
    told = said(capsys, "paper", "templates", code=1)
    assert "mine.en.md, line 5" in told
    assert "acknowledgement" in told  # the others are shown


def test_merge_reports_rows_that_lack_something(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (city / "templates").mkdir()
    (city / "templates" / "mine.en.md").write_text(
        "---\ntitle: T\naudience: inside\nfields: {recipient_name: name}\n---\nDear {{ recipient_name }}\n",
        encoding="utf-8",
    )
    said(capsys, "paper", "draft", "mine", "-r", "x")
    (city / "people.csv").write_text("recipient_name,room\nAnn,1\n,2\n", encoding="utf-8")
    told = said(capsys, "paper", "merge", "1", "people.csv", "-o", "letters", code=5)
    assert "1 written, 1 rows lack something" in told
    assert "line 3 lacks recipient_name" in told
    assert "No field takes: room." in told
    made = json.loads(
        said(capsys, "paper", "merge", "1", "people.csv", "-o", "x.csv", "--form", "csv", "--json", code=5)
    )
    assert made["written"] == 1
    assert made["lacking"] == [{"line": 3, "what": ["recipient_name"]}]


def test_values_from_a_file(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (city / "values.json").write_text('{"what_happened": "A theft.", "individuals": 612}', encoding="utf-8")
    drafted = json.loads(
        said(capsys, "paper", "draft", "media-release", "-r", "x", "--values", "values.json", "--json")
    )
    assert "what_happened" not in drafted["paper"]["versions"][0]["blanks"]
    (city / "values.json").write_text("[" * 100_000, encoding="utf-8")
    assert "cannot read" in said(
        capsys, "paper", "draft", "media-release", "-r", "x", "--values", "values.json", code=1
    )
    (city / "values.json").write_text("x" * 1_100_000, encoding="utf-8")
    assert "larger than" in said(
        capsys, "paper", "draft", "media-release", "-r", "x", "--values", "values.json", code=1
    )
    assert "FIELD=VALUE" in said(capsys, "paper", "draft", "media-release", "-r", "x", "-s", "nothing", code=2)


def test_contacts(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = city / "breachwatch.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        f'{text}\n[[contacts]]\nname = "PD"\nkind = "police"\nform = "https://pd.example/form"\n', encoding="utf-8"
    )
    assert "https://pd.example/form" in said(capsys, "contacts")
    assert "nobody is the IT director" in said(capsys, "contacts", "--check", code=1)
    found = json.loads(said(capsys, "contacts", "police", "--json"))
    assert found["contacts"][0]["name"] == "PD"
    assert "no kind of contact is named" in said(capsys, "contacts", "friend", code=2)
    assert "what it is" in said(capsys, "paper", "fields")
