"""A workspace with a template of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from breachwatch.workspace import Workspace

HEAD = """\
---
title: Notice {{ incident_number }}
audience: resident
fields:
  incident_number: number of the incident
  what_happened: what happened
  data_elements: kinds of data
  residents: people by state
  occurred_on: when it happened
  identity_numbers: whether numbers are among them
---
"""


@pytest.fixture
def write(ws: Workspace) -> Callable[..., Workspace]:
    """Write a template of the city's own: `write("# Text")`; with `head` for another head."""

    def make(text: str, *, head: str = HEAD, name: str = "tiny", language: str = "en") -> Workspace:
        folder = ws.root / "templates"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.{language}.md").write_text(head + text, encoding="utf-8")
        return ws

    return make
