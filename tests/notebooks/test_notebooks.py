"""Every notebook runs on a full and an empty workspace, holds no outputs, and exports to a page without a network."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest

from breachwatch.notebook.offline import export_html
from breachwatch.workspace import Workspace
from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


class Page(HTMLParser):
    """The tags of a page, and every address that opening it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.fetched: list[str] = []
        self.alternatives: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        values = dict(attrs)
        if tag == "img":
            self.alternatives.append(values.get("alt"))
        for name in ("src", "href", "data", "poster", "srcset", "background", "action"):
            value = values.get(name)
            if value and not value.startswith(("data:", "#")):
                self.fetched.append(f"{tag} {name}={value}")
        if any(name.startswith("on") for name in values):
            self.fetched.append(f"{tag} runs a script")


def offline(page: str) -> Page:
    """The parsed page, after checking that it is whole by itself."""
    parsed = Page(page)
    assert parsed.fetched == []
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(parsed.tags)
    assert "@import" not in page
    assert "url(" not in page
    assert "cdn" not in re.sub(r'"data:[^"]*"', "", page).lower()
    assert "default-src 'none'" in page
    return parsed


def run(notebook: Path, ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, str]:
    """The executed notebook and its HTML export. Any error in a cell fails."""
    from nbclient import NotebookClient

    monkeypatch.setenv("BREACHWATCH_WORKSPACE", str(ws.root))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    kernels = tmp_path / "kernels" / "python3"
    kernels.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernels / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    content = nbformat.read(notebook, as_version=4)
    client = NotebookClient(
        content, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    asyncio.run(client.async_execute())
    target = tmp_path / notebook.name
    nbformat.write(content, target)
    return content, export_html(target)


def outputs(content: Any) -> list[Any]:
    return [output for cell in content.cells for output in cell.get("outputs", [])]


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == ["01_first_look.ipynb"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(notebook: Path) -> None:
    content = nbformat.read(notebook, as_version=4)
    nbformat.validate(content)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    assert code[0].metadata["tags"] == ["parameters"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(len(cell.source.splitlines()) <= 10 for cell in code), "what is longer belongs in the package"


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_there_is(
    notebook: Path, full_ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, page = run(notebook, full_ws, tmp_path, monkeypatch)
    kinds = {kind for output in outputs(content) for kind in output.get("data", {})}
    assert "image/svg+xml" in kinds
    assert any(kind.startswith("application/vnd.vegalite.") for kind in kinds)
    parsed = offline(page)
    assert parsed.alternatives == [
        "Chart: Sign-ins over time",
        "Chart: Records by source",
        "Chart: Failed sign-ins by address",
        "Chart: INC-2026-0001 and what lay around it",
    ]
    assert "INC-2026-0001" in page
    assert "evil.example" in page, "the log's text is shown"
    assert "\x1b" not in page


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_on_an_empty_workspace(
    notebook: Path, ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, page = run(notebook, ws, tmp_path, monkeypatch)
    said = "".join(output.get("text", "") for output in outputs(content))
    assert "No incidents" in said
    assert "There is no incident to draw." in said
    assert "The lake is empty" in page
    offline(page)
