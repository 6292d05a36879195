"""`breachwatch assess`: which obligations the facts of an incident trigger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from breachwatch.cli.jurisdiction import chosen_profile
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.respond.duties.filling import Filling
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
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Keep it as the next version of this incident's assessment; alone: what is on record, kept nowhere.",
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", "-r", metavar="WHY", help="With --incident: what it rests on.")
    ] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Weigh facts against the law: obligations that are triggered, undetermined or not, and what decides each.

    Proposals with citations; counsel decides. A fact that is not known leaves open what hangs on it. With --incident
    and no worksheet the facts are those that the incident and the register of systems tell: to read and correct with
    --save, to confirm one by one with --ask.
    """
    from breachwatch.cli.worksheets import ask_for, facts_on_record, save_worksheet
    from breachwatch.report.assessment import assessment_page
    from breachwatch.respond.assessment.facts import facts_of, read_facts, read_table
    from breachwatch.respond.assessment.weighing import weigh
    from breachwatch.respond.duties.filling import worksheet as from_records

    if worksheet is None and not ask and incident is None:
        msg = (
            "name a worksheet of facts, or let breachwatch ask for them: `breachwatch assess --ask --save FILE`. "
            "To begin with what is on record of an incident: `breachwatch assess --incident NUMBER --save FILE`."
        )
        raise UsageError(msg)
    law = chosen_profile(ctx, workspace, profile)
    day = _day(on, law)
    table: dict[str, Any] = {}
    recorded: tuple[Filling, ...] = ()
    if worksheet is not None:
        read_facts(worksheet)  # names the key where something is wrong, before anybody is asked
        table = read_table(worksheet)
    elif incident is not None:
        recorded = facts_on_record(ctx, workspace, incident)
        table = {} if ask else from_records(recorded)
    if ask:
        ask_for(law, table, day, recorded)
    proposals = weigh(law, facts_of(table), day)
    if save is not None:
        save_worksheet(save, table, recorded, proposals)
    if incident is not None and (ask or worksheet is not None):
        _keep(ctx, workspace, incident, table, law.id, reason)
    elif incident is not None:
        _on_record(recorded, save, incident)
    if as_json:
        show_json(proposals)
    else:
        show(assessment_page(law, proposals))


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


def _on_record(recorded: Sequence[Filling], save: Path | None, incident: str) -> None:
    """Say what the facts rest on, and that nothing was kept."""
    from breachwatch.cli.worksheets import as_typed

    for item in recorded:
        remark(f"{item.fact}: {as_typed(item.value)}  ({item.why})")
    if not recorded:
        remark(
            "nothing is on record yet that the law asks about: no affected system, account or group, and no register."
        )
    file = save or Path("FILE")
    first = "" if save else f"Write it down to correct it: `breachwatch assess --incident {incident} --save FILE`. "
    remark(
        f"From the records alone, and kept nowhere. {first}Then: `breachwatch assess {file} --incident {incident} "
        "--reason WHY`."
    )


def _day(text: str | None, law: Profile) -> date:
    if text is None:
        return datetime.now(tz=ZoneInfo(law.time_zone or "UTC")).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"--on {text}: write a date like 2026-03-07."
        raise UsageError(msg) from None
