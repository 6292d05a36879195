"""`breachwatch paper write|approve|sent|merge`: what becomes of a draft."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachwatch.cli.incident_options import ReasonOption, chosen, time_of
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show_json
from breachwatch.cli.paper_options import PaperArgument, number_of, tell
from breachwatch.errors import EnvironmentFault, UsageError


def write(
    ctx: typer.Context,
    number: PaperArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE.docx", help="The edited file, kept byte for byte.")],
    reason: ReasonOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take an edited DOCX back as the next version: that file is then what is approved and sent."""
    from breachwatch.respond import notices
    from breachwatch.respond.notices.edited import why_only_docx
    from breachwatch.respond.notices.word_file import LARGEST

    ws = open_workspace(ctx, workspace)
    if not file.is_file():
        msg = f"{file} is no plain file."
        raise UsageError(msg)
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        msg = f"cannot read {file}: {error.strerror}"
        raise EnvironmentFault(msg) from error
    made = notices.take_back(ws, number_of(ws, number), content, by=actor(ctx, ws), reason=reason)
    tell(made, "taken back", as_json=as_json)
    if as_json:
        return
    if made.latest.remarks:
        remark(f"The file holds {', '.join(made.latest.remarks)}: it cannot be approved with that.")
    elif why := why_only_docx(ws, made, made.latest):
        remark(f"It has no PDF of ours: {why}.")


def approve(
    ctx: typer.Context,
    number: PaperArgument,
    reason: ReasonOption,
    version: Annotated[
        int | None, typer.Option("--version", metavar="N", help="Refuse if this is not the latest version any more.")
    ] = None,
    blanks_may_stay: Annotated[
        str, typer.Option("--blanks-may-stay", metavar="WHY", help="Why blanks may stay, such as a mail-merge.")
    ] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record counsel's approval of the latest version, by its hash. Only counsel may."""
    from breachwatch.respond import notices

    ws = open_workspace(ctx, workspace)
    paper, by = number_of(ws, number), actor(ctx, ws)
    made = notices.approve(ws, paper, by=by, reason=reason, version=version, blanks_reason=blanks_may_stay)
    tell(made, f"approved by {by.name} ({made.latest.sha256[:16]})", as_json=as_json)


def sent(  # noqa: PLR0913, PLR0917  options of a command
    ctx: typer.Context,
    number: PaperArgument,
    to: Annotated[str, typer.Option("--to", metavar="WHOM", help='The class of recipients: "Texas residents".')],
    way: Annotated[str, typer.Option("--way", help="letter, e-mail, portal, website, media, in-person, other.")],
    proof: Annotated[str, typer.Option("--proof", metavar="WORDS", help="What proves it: a receipt's number, ...")],
    count: Annotated[int, typer.Option("--count", metavar="N", help="How many recipients.")] = 1,
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="When it went out; empty: now.")] = "",
    proof_file: Annotated[
        list[Path] | None, typer.Option("--proof-file", metavar="FILE", help="Sealed beside what was sent; repeat it.")
    ] = None,
    form: Annotated[str, typer.Option("--form", help="docx, html or pdf; empty: what was approved.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record that a paper was sent: the exact file is sealed as evidence, with its proof, and the obligation is met."""
    from breachwatch.model.papers import Form, Way
    from breachwatch.respond import notices
    from breachwatch.respond.duties.standing import recalculate

    ws = open_workspace(ctx, workspace)
    how = notices.Sent(
        way=chosen(Way, way, "way of sending"),
        recipients=to,
        count=count,
        at=time_of(ws, at) if at else ws.clock.now(),
        proof=proof,
        form=chosen(Form, form, "form") if form else None,
    )
    made = notices.sent(ws, number_of(ws, number), how, by=actor(ctx, ws), proof_files=proof_file or [])
    if made.obligation:
        recalculate(ws, made.incident, because=f"{made.obligation}: {made.number} was sent")
    tell(made, f"sent to {how.recipients}, sealed as {made.sendings[-1].evidence}", as_json=as_json)


def merge(
    ctx: typer.Context,
    number: PaperArgument,
    people: Annotated[Path, typer.Argument(metavar="PEOPLE.csv", help="Its first line names the paper's blanks.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PATH", help="A new folder for letters, or a new file for CSV.")
    ],
    form: Annotated[
        str, typer.Option("--form", help="pdf: a letter for each row; csv: a sheet for the printer.")
    ] = "pdf",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Fill an approved paper in for each row of a list. Ends with 5 where a row lacks something and got no letter."""
    from breachwatch.respond import notices

    ws = open_workspace(ctx, workspace)
    made = notices.merge(ws, number_of(ws, number), people, output, by=actor(ctx, ws), form=form)
    if as_json:
        show_json({"output": str(made.output), "written": made.written, "lacking": made.lacking, "unused": made.unused})
    else:
        remark(f"{made.output}: {made.written:,} written, {len(made.lacking):,} rows lack something.")
        for row in made.lacking[:50]:
            remark(f"line {row.line} lacks {', '.join(row.what)}")
        if made.unused:
            remark(f"No field takes: {', '.join(made.unused)}.")
    if made.lacking:
        raise typer.Exit(5)
