"""`breachwatch rules show`: one rule whole."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, show, show_json
from breachwatch.cli.rules_room import workspace_or_room


def show_rule(
    ctx: typer.Context,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its id, the beginning of it, its file or its title.")],
    sql: Annotated[bool, typer.Option("--sql", help="Only the SQL it is run as.")] = False,
    yaml: Annotated[bool, typer.Option("--yaml", help="Only its text, as it was read.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show one rule: author, licence, origin, guide, the SQL it is run as, and how it ended the last run."""
    from breachwatch import detect
    from breachwatch.detect.chosen import find_rule
    from breachwatch.detect.outcomes import last_outcomes
    from breachwatch.detect.starting import compiler_for
    from breachwatch.detect.viewing import view
    from breachwatch.report.rule import rule_page
    from breachwatch.report.text import visible

    with workspace_or_room(ctx, workspace) as ws:
        pack = detect.load_rules(ws)
        found = find_rule(pack.rules, rule)
        compiler, _ = compiler_for(ws, pack, ws.clock.now())
        seen = view(found, compiler)
        ended = last_outcomes(ws).get(found.id)
    if as_json:
        from breachwatch.report.plain import plain

        show_json({**plain(seen), "last_run": ended})
    elif sql:
        typer.echo(";\n\n".join("\n".join(map(visible, query.sql.splitlines())) for query in seen.queries))
    elif yaml:
        typer.echo("\n".join(map(visible, seen.text.splitlines())))
    else:
        show(rule_page(seen, ended))
