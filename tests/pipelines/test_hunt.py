"""The hunt as a flow: the same findings and records as the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from breachwatch import run
from breachwatch.detect.chosen import chosen_rules
from breachwatch.detect.hunting import hunt, plan
from breachwatch.errors import UsageError
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.spine.small_city import ATTACKER, make_workspace, write_logs

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("prefect_server"),
]
RULE = """
title: Refused by the attacked server
id: 55555555-5555-4555-8555-555555555551
logsource: {product: linux, service: sshd}
detection: {s: {outcome: failure, source_ip: "%s"}, condition: s}
"""


def _flow(ws: Workspace, **parameters: Any) -> Any:
    from pipelines.hunt import hunt as flow

    return flow(rules=["failed.yml"], workspace=str(ws.root), return_state=True, **parameters)


def _alerts(ws: Workspace) -> int:
    with ws.database.read() as connection:
        query = select(func.count()).where(cases.alert.c.rule_title == "Refused by the attacked server")
        return connection.scalar(query.select_from(cases.alert)) or 0


def test_the_flow_finds_and_records_what_the_command_does(tmp_path: Path) -> None:
    write_logs(tmp_path)
    ws = make_workspace(tmp_path / "ws", tmp_path)
    run.run(ws)
    (ws.root / "failed.yml").write_text(RULE % ATTACKER)
    asked = plan(ws, chosen_rules(ws, ["failed.yml"], ws.root), None, None)
    expected = len(hunt(ws, asked, run.no_progress).findings)
    assert expected
    state = _flow(ws)
    assert (state.name, state.result()["findings"], state.result()["new_alerts"]) == ("Completed", expected, 0)
    assert _alerts(ws) == 0
    assert _flow(ws, open_incidents=True).result()["new_alerts"] == expected == _alerts(ws)
    assert _flow(ws, open_incidents=True).result()["new_alerts"] == 0
    assert _alerts(ws) == expected
    with pytest.raises(UsageError, match="is no time"):
        _flow(ws, since="some day").result()
    (ws.root / "failed.yml").write_text("title: [")
    assert _flow(ws).name == "Partial"
