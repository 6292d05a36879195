"""`breachwatch report follow-up`, `correct`, `acknowledge`, `reply`, `due`: what comes after the receipt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from breachwatch.cli.documents import write_new
from breachwatch.cli.incident_options import ReasonOption, time_of
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show_json
from breachwatch.cli.report_options import ChannelOption, ReportArgument, channel_of, number_of, values
from breachwatch.errors import UsageError

_OutputOption = Annotated[Path, typer.Option("--output", "-o", metavar="PDF", help="Write the letter there.")]
_LanguageOption = Annotated[str, typer.Option("--language", help="en or es; default: the report's.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group `report`."""
    app.command("follow-up")(follow_up)
    for command in (correct, acknowledge, reply, due):
        app.command()(command)


def follow_up(
    ctx: typer.Context,
    number: ReportArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the reporter said later.")],
    channel: ChannelOption = "other",
    attach: Annotated[
        list[Path] | None, typer.Option("--attach", metavar="FILE", help="Goes into evidence; repeatable.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Keep what the reporter said or sent later, as evidence."""
    from breachwatch.respond.intake import following

    ws = open_workspace(ctx, workspace)
    number = number_of(ws, number)
    evidence = following.follow_up(ws, number, text, attach or (), by=actor(ctx, ws), channel=channel_of(channel))
    if as_json:
        show_json({"report": number, "evidence": evidence})
    else:
        remark(f"{number}: kept, sealed in {evidence}.")


def correct(
    ctx: typer.Context,
    number: ReportArgument,
    fields: Annotated[
        list[str],
        typer.Argument(metavar="NAME=VALUE...", help="As noticed_at=2026-11-22T02:00, people=612, kind=complaint."),
    ],
    reason: ReasonOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Correct what a report says. What was said first stays on record and stays sealed."""
    from breachwatch.cli.report_options import QUESTIONS
    from breachwatch.report.intake import plain_report
    from breachwatch.respond.intake import following

    ws = open_workspace(ctx, workspace)
    number = number_of(ws, number)
    pairs: dict[str, Any] = dict(text.partition("=")[::2] for text in fields)
    known = [question.key for question in QUESTIONS]
    wrong = [name for name in pairs if name not in known]
    if wrong or not all("=" in text for text in fields):
        msg = f"write NAME=VALUE, where NAME is one of {', '.join(known)}."
        raise UsageError(msg)
    changes = {name: value for name, value in values(ws, pairs).items() if name in pairs}
    cleared = {name: _CLEARED.get(name, "") for name, value in pairs.items() if not value}
    found = following.correct(ws, number, changes | cleared, by=actor(ctx, ws), reason=reason)
    if as_json:
        show_json(plain_report(found))
    else:
        remark(f"{number}: corrected. What was said first is kept.")


_CLEARED: dict[str, Any] = {
    **dict.fromkeys(("noticed_at", "occurred_from", "occurred_until", "people")),
    **dict.fromkeys(("accounts", "systems", "records"), ()),
}


def acknowledge(
    ctx: typer.Context,
    number: ReportArgument,
    output: _OutputOption,
    channel: ChannelOption = "e-mail",
    language: _LanguageOption = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the acknowledgement, with the numbers of the report and its incident; the copy is kept as sent."""
    from breachwatch.respond.intake import answering

    ws = open_workspace(ctx, workspace)
    number, way = number_of(ws, number), channel_of(channel)
    made = answering.acknowledge(ws, number, by=actor(ctx, ws), channel=way, language=language)
    write_new(output, made.pdf)
    _tell(number, output, made.evidence, as_json=as_json)


def reply(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    number: ReportArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the reporter is told.")],
    output: _OutputOption,
    channel: ChannelOption = "e-mail",
    next_at: Annotated[str, typer.Option("--next", metavar="TIME", help="When the next answer is owed.")] = "",
    language: _LanguageOption = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Answer a reporter in writing; the copy is kept as sent."""
    from breachwatch.respond.intake import answering

    ws = open_workspace(ctx, workspace)
    number, way = number_of(ws, number), channel_of(channel)
    when = time_of(ws, next_at) if next_at else None
    by = actor(ctx, ws)
    made = answering.reply(ws, number, text, by=by, channel=way, language=language, next_at=when)
    write_new(output, made.pdf)
    _tell(number, output, made.evidence, as_json=as_json)


def due(
    ctx: typer.Context,
    number: ReportArgument,
    reason: ReasonOption,
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="When the answer is owed; empty: no more is.")] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Set when the reporter is owed the next answer."""
    from breachwatch.respond.intake import following

    ws = open_workspace(ctx, workspace)
    number = number_of(ws, number)
    following.set_due(ws, number, time_of(ws, at) if at else None, by=actor(ctx, ws), reason=reason)
    remark(f"{number}: {f'the next answer is owed by {at}' if at else 'no further answer is owed'}.")


def _tell(number: str, output: Path, evidence: str, *, as_json: bool) -> None:
    if as_json:
        show_json({"report": number, "file": str(output), "evidence": evidence})
    else:
        remark(f"{number}: {output} is written, and kept as sent in {evidence}. Now send it.")
