"""Every command has help and is named in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

ROOT = Path(__file__).resolve().parents[2]


def _commands() -> list[tuple[str, str]]:
    from breachwatch.cli.app import app

    found = []

    def walk(command: object, path: str) -> None:
        children = getattr(command, "commands", None)
        if children:
            for name, child in children.items():
                walk(child, f"{path} {name}".strip())
        else:
            found.append((path, str(getattr(command, "help", "") or "")))

    walk(typer.main.get_command(app), "")
    return found


def test_every_command_has_help() -> None:
    commands = _commands()
    assert len(commands) >= 12
    assert [path for path, text in commands if len(text) < 15] == []


def test_every_command_is_documented() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = " ".join(re.sub(r"\s+", " ", page.read_text()) for page in pages)
    assert [path for path, _ in _commands() if f"breachwatch {path}" not in text] == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    # Code may hold what looks like a link: blocks are set in by four spaces or fenced.
    prose = re.sub(r"(?ms)^```.*?^```$|^ {4}.*?$", "", page.read_text())
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", prose)
    assert [link for link in links if not (page.parent / link).exists()] == []
