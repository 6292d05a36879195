"""`breachwatch assess`: which obligations the facts of an incident trigger."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from breachwatch.cli.jurisdiction import chosen_profile
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.errors import DataError, UsageError

if TYPE_CHECKING:
    from breachwatch.respond.law.profile import Profile


def assess(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    worksheet: Annotated[
        Path | None, typer.Argument(metavar="[WORKSHEET]", help="Facts as TOML, see docs/jurisdictions.md.")
    ] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the facts that still decide something.")] = False,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the facts to this worksheet.")] = None,
    on: Annotated[str | None, typer.Option(metavar="DATE", help="The law of this day. Default: today.")] = None,
    profile: Annotated[str | None, typer.Option(help="A jurisdiction profile. Default: the city's.")] = None,
    incident: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Keep it as the next version of this incident's assessment.")
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", "-r", metavar="WHY", help="With --incident: what it rests on.")
    ] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Weigh facts against the law: obligations that are triggered, undetermined or not, and what decides each.

    Proposals with citations; counsel decides. A fact that is not known leaves open what hangs on it.
    """
    from breachwatch.report.assessment import assessment_page
    from breachwatch.respond.assessment.facts import facts_of, read_facts, read_table
    from breachwatch.respond.assessment.weighing import weigh

    if worksheet is None and not ask:
        msg = "name a worksheet of facts, or let breachwatch ask for them: `breachwatch assess --ask --save FILE`."
        raise UsageError(msg)
    law = chosen_profile(ctx, workspace, profile)
    day = _day(on, law)
    table: dict[str, Any] = {}
    if worksheet is not None:
        read_facts(worksheet)  # names the key where something is wrong, before anybody is asked
        table = read_table(worksheet)
    if ask:
        _ask(law, table, day)
    if save is not None:
        _save(save, table)
    if incident is not None:
        _keep(ctx, workspace, incident, table, law.id, reason)
    proposals = weigh(law, facts_of(table), day)
    if as_json:
        show_json(proposals)
    else:
        show(assessment_page(law, proposals))


def _ask(law: Profile, table: dict[str, Any], day: date) -> None:
    """Put answers into the table, until nothing is left whose answer would decide anything."""
    from breachwatch.respond.assessment.asking import answer, next_question
    from breachwatch.respond.assessment.facts import facts_of
    from breachwatch.respond.assessment.weighing import weigh

    if not sys.stdin.isatty():
        remark("Answers are read from standard input, one a line; an empty one means that it is not known.")
    asked: set[str] = set()
    while (fact := next_question(weigh(law, facts_of(table), day), asked)) is not None:
        choices = f" [{', '.join(fact.choices)}]" if fact.choices else f" [{fact.kind.value}]"
        text = typer.prompt(f"{fact.question}{choices}", default="?", show_default=True, err=True)
        try:
            entry = answer(fact, text)
            facts_of({**table, **entry})
        except ValueError as error:
            remark(str(error))
            continue
        asked.add(fact.name)
        table.update(entry)


def _keep(
    ctx: typer.Context, workspace: Path | None, incident: str, table: dict[str, Any], profile: str, reason: str
) -> None:
    """Keep the assessment with its incident, and say what differs from the version before."""
    from breachwatch.cli.incident_options import case_number
    from breachwatch.report.duties import changes_text
    from breachwatch.respond.duties import assessing
    from breachwatch.respond.duties.standing import recalculate

    ws = open_workspace(ctx, workspace)
    number, by = case_number(ws, incident), actor(ctx, ws)
    before = assessing.assessments(ws, number, by=by)
    made = assessing.assess(ws, number, table, by=by, reason=reason, profile=profile)
    recalculate(ws, number, because=f"assessment {made.version}")
    remark(f"{number}: assessment {made.version}.")
    if before:
        changed = assessing.fact_changes(before[-1], made), assessing.outcome_changes(before[-1], made)
        remark(changes_text(*changed))


def _save(path: Path, table: dict[str, Any]) -> None:
    import tomlkit

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(tomlkit.dumps(table))
    except FileExistsError:
        msg = f"{path} is there already; name another file, so that no earlier worksheet is lost."
        raise DataError(msg) from None


def _day(text: str | None, law: Profile) -> date:
    if text is None:
        return datetime.now(tz=ZoneInfo(law.time_zone or "UTC")).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"--on {text}: write a date like 2026-03-07."
        raise UsageError(msg) from None
