"""`breachwatch rules`: which rules there are, whether they compile, whether they find what they should."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, show, show_json

if TYPE_CHECKING:
    from breachwatch.report.listings import RuleLine
    from breachwatch.workspace import Workspace

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List, check and test detection rules.")


class Ended(StrEnum):
    """How a rule ended, as one types it."""

    MATCHED = "matched"
    NO_MATCH = "no-match"
    NOT_APPLICABLE = "not-applicable"
    COULD_NOT_RUN = "could-not-run"


@app.command("list")
def list_rules(
    ctx: typer.Context,
    outcome: Annotated[Ended | None, typer.Option(help="Only rules that ended the last run like this.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List the rules with how each ended the last run, and why."""
    from breachwatch.report.listings import rules_page

    ws = open_workspace(ctx, workspace)
    lines = _lines(ws)
    wanted = outcome.value.replace("-", " ") if outcome else None
    chosen = [line for line in lines if wanted is None or line.outcome == wanted]
    if as_json:
        show_json(chosen)
    else:
        show(rules_page(chosen, shown_of=len(lines)))


def _lines(ws: Workspace) -> list[RuleLine]:
    """The rules of the settings, the highest level first; then the texts that are no rules."""
    from breachwatch import detect
    from breachwatch.model.finding import Outcome
    from breachwatch.report.listings import RuleLine

    pack = detect.load_rules(ws)
    last = _last_outcomes(ws)
    lines = []
    for rule in sorted((rule for rule in pack.rules if rule.reports), key=lambda rule: (-rule.level, rule.title)):
        ended = last.get(rule.id, {})
        lines.append(
            RuleLine(
                rule_id=rule.id,
                title=rule.title,
                level=rule.level,
                where=rule.source.origin,
                outcome=Outcome(ended["outcome"]) if ended else None,
                findings=int(ended.get("findings", 0)),
                reason=str(ended.get("reason", "")) or rule.problem,
            )
        )
    return lines + [
        RuleLine(item.rule_id, item.title, item.level, item.rule_id, item.outcome, 0, item.reason)
        for item in pack.problems
    ]


def _last_outcomes(ws: Workspace) -> dict[str, dict[str, Any]]:
    """How each rule ended the last run that got through, by rule id."""
    from sqlalchemy import select

    from breachwatch.model.summary import RunState
    from breachwatch.records import catalog

    through = (RunState.COMPLETED.value, RunState.PARTIAL.value)
    columns = catalog.run.c
    query = select(columns.summary).where(columns.state.in_(through)).order_by(columns.started_at.desc()).limit(1)
    with ws.database.read() as connection:
        text = connection.scalar(query)
    return {item["rule_id"]: item for item in json.loads(text)["outcomes"]} if text else {}
