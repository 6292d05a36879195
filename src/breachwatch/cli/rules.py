"""`breachwatch rules`: which rules there are, whether they compile, whether they find what they should."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli import rules_coverage, rules_filters, rules_packs, rules_show, rules_tuning
from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, show, show_json
from breachwatch.cli.rules_room import workspace_or_room
from breachwatch.errors import DataError

if TYPE_CHECKING:
    from breachwatch.report.rules import RuleLine
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
    pack: Annotated[str, typer.Option(help="Only rules of this pack.")] = "",
    unknown_fields: Annotated[
        bool, typer.Option("--unknown-fields", help="Only rules that name a field which no event of the last run had.")
    ] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List the rules with their authors, how each ended the last run, and why."""
    from breachwatch.report.rules import rules_page
    from breachwatch.report.terminal import output

    ws = open_workspace(ctx, workspace)
    lines = _lines(ws)
    wanted = outcome.value.replace("-", " ") if outcome else None
    chosen = [line for line in lines if wanted in {None, line.outcome} and pack in {"", line.pack}]
    chosen = [line for line in chosen if line.unknown_fields or not unknown_fields]
    if as_json:
        show_json(chosen)
    else:
        show(rules_page(chosen, shown_of=len(lines), width=output().width))


@app.command()
def check(
    ctx: typer.Context,
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PLACE]...", help="Folders, files or zips of rules. Default: those of the settings."),
    ] = None,
    notes: Annotated[bool, typer.Option("--notes", help="Each note about style; they are counted otherwise.")] = False,
    profile: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Which pySigma validators run. Default: that of the built-in rules."),
    ] = None,
    attack_data: rules_coverage.AttackOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Check rules without any log: does each compile, does DuckDB take it, is it well written.

    Ends with 1 if a rule has an error; a warning says that a rule may find less than its author meant, a note is about
    style. Filters are checked, too. Without a workspace the rules that come with breachwatch are checked.
    """
    from breachwatch import detect
    from breachwatch.cli.progress import bars
    from breachwatch.detect.lint import check_filters, default_profile, lint
    from breachwatch.detect.rulepack import load_pack
    from breachwatch.report.rules import rule_problems_page

    with workspace_or_room(ctx, workspace) as ws:
        pack = load_pack(places, Path.cwd()) if places else detect.load_rules(ws)
        now, named = ws.clock.now(), ws.settings.detect.attack_data
        data = attack_data or (ws.path(named) if named else None)
        with bars() as progress:
            problems = detect.check(ws, now, pack, progress) + check_filters(pack, now)
        problems += lint(pack, profile or default_profile(), data)
    if as_json:
        show_json(problems)
    else:
        show(rule_problems_page(problems, len(pack.rules), notes=notes, tags_checked=data is not None))
    if any(problem.severity is detect.Severity.ERROR for problem in problems):
        raise typer.Exit(DataError.exit_code)


@app.command("test")
def try_rules(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RULE]...", help="Rule files, without .yml. Default: all with cases.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder with rules/ and cases/. Default: the built-in rules.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Try rules on their test events: each must find what it should, and nothing in what it should not.

    Ends with 1 if one does not.
    """
    from breachwatch import detect
    from breachwatch.cli.progress import bars
    from breachwatch.report.plain import plain
    from breachwatch.report.rules import cases_page

    results = []
    with bars() as progress:
        for number, result in enumerate(detect.test_rules(names or (), folder), 1):
            results.append(result)
            progress("cases", number, 0)
    if as_json:
        show_json([{"passed": result.passed, **plain(result)} for result in results])
    else:
        show(cases_page(results))
    if not all(result.passed for result in results):
        raise typer.Exit(DataError.exit_code)


app.command("show")(rules_show.show_rule)
app.command("coverage")(rules_coverage.coverage)
app.add_typer(rules_tuning.app, name="filters")
app.command("filter-preview")(rules_filters.preview_filter)
app.command("add")(rules_packs.add)
app.command("packs")(rules_packs.packs)
app.command("diff")(rules_packs.diff)
app.command("remove")(rules_packs.remove)


def _lines(ws: Workspace) -> list[RuleLine]:
    """The rules of the settings, the highest level first; then the texts that are no rules."""
    from breachwatch import detect
    from breachwatch.detect.outcomes import last_outcomes
    from breachwatch.detect.provenance import licence_of
    from breachwatch.report.rules import RuleLine

    pack = detect.load_rules(ws)
    last = last_outcomes(ws)
    lines = []
    for rule in sorted((rule for rule in pack.rules if rule.reports), key=lambda rule: (-rule.level, rule.title)):
        ended = last.get(rule.id)
        lines.append(
            RuleLine(
                rule_id=rule.id,
                title=rule.title,
                level=rule.level,
                where=rule.source.origin,
                outcome=ended.outcome if ended else None,
                findings=ended.findings if ended else 0,
                reason=(ended.reason if ended else "") or rule.problem,
                author=rule.author,
                pack=rule.source.pack,
                licence=licence_of(rule.source, rule.head.said).name,
                unknown_fields=ended.unknown_fields if ended else (),
            )
        )
    return lines + [
        RuleLine(item.rule_id, item.title, item.level, item.rule_id, item.outcome, 0, item.reason)
        for item in pack.problems
    ]
