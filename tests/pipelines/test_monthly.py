"""The monthly report as a flow: files in the workspace, and Prefect learns their names alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from breachwatch.workspace import Workspace

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("prefect_server"),
]


def test_the_flow_files_the_report_of_a_month_once(ws: Workspace) -> None:
    from pipelines.monthly import monthly

    flow: Callable[..., Any] = monthly
    names = flow(str(ws.root), "2026-10")
    assert names == ["security-incidents-2026-10.pdf", "security-incidents-2026-10.docx"]
    assert sorted(path.name for path in (ws.root / "reports").iterdir()) == sorted(names)
    assert flow(str(ws.root), "2026-10") == names
