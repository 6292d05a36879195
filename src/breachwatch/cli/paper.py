"""`breachwatch paper`: everything written that the city hands out or files, from draft to what was sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from breachwatch.cli import paper_after
from breachwatch.cli.documents import write_new
from breachwatch.cli.incident_options import ReasonOption, case_number
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.cli.paper_options import PaperArgument, number_of, tell
from breachwatch.cli.report_options import number_of as report_number
from breachwatch.cli.request_options import request_number
from breachwatch.errors import DataError, LimitError, UsageError

if TYPE_CHECKING:
    from breachwatch.papers import Value
    from breachwatch.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Letters, notices, reports and orders: drafted, approved by counsel, sent.",
)
_LARGEST = 1024 * 1024  # bytes of a file with values
SetOption = Annotated[
    list[str] | None, typer.Option("--set", "-s", metavar="FIELD=VALUE", help="A value; repeat it for more.")
]
ValuesOption = Annotated[
    Path | None, typer.Option("--values", metavar="FILE", help="Values as JSON: {field: text, number, or list}.")
]


@app.command()
def templates(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Print the text of this one, to copy and change.")] = "",
    language: Annotated[str, typer.Option("--language", "-l", help="en, es, ...")] = "en",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the templates, the city's own and those of breachwatch, and check each of them.

    Ends with 1 where one cannot be used.
    """
    from breachwatch.papers import load_template, template_files, template_source
    from breachwatch.report.papers import templates_page
    from breachwatch.report.text import visible

    ws = open_workspace(ctx, workspace)
    if name:
        text = template_source(ws, name, language)
        typer.echo("\n".join(visible(line) for line in text.split("\n")), nl=False)
        return
    rows, wrong = [], []
    for template, code in template_files(ws):
        try:
            found = load_template(ws, template, code)
        except DataError as error:
            wrong.append(str(error))
            continue
        rows.append((template, code, found.front.audience.value, found.origin, ", ".join(found.front.obligations)))
    if as_json:
        keys = ("template", "language", "audience", "origin", "obligations")
        show_json({"templates": [dict(zip(keys, row, strict=True)) for row in rows], "problems": wrong})
    else:
        show(templates_page(rows))
        for problem in wrong:
            remark(problem)
    if wrong:
        raise typer.Exit(1)


@app.command()
def fields(as_json: JsonOption = False) -> None:
    """Show the fields that templates can print and that `--set` takes."""
    from breachwatch.papers.vocabulary import VOCABULARY
    from breachwatch.report.papers import fields_page

    if as_json:
        show_json(list(VOCABULARY.values()))
    else:
        show(fields_page(list(VOCABULARY.values())))


@app.command()
def draft(  # noqa: PLR0913, PLR0917  options of a command
    ctx: typer.Context,
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="As `paper templates` names it.")],
    reason: ReasonOption,
    incident: Annotated[
        str, typer.Option("--incident", "-i", metavar="NUMBER", help="What it is about: INC-2026-0042, or 42.")
    ] = "",
    obligation: Annotated[str, typer.Option("--obligation", metavar="ID", help="The obligation that it meets.")] = "",
    request: Annotated[
        str,
        typer.Option(
            "--request", metavar="NUMBER", help="The request for records that it answers: PR-2026-0001, or 1."
        ),
    ] = "",
    report: Annotated[
        str, typer.Option("--report", metavar="NUMBER", help="The report that it answers: R-2026-000001, or 1.")
    ] = "",
    language: Annotated[str, typer.Option("--language", "-l", help="en, es, ...")] = "en",
    given: SetOption = None,
    values: ValuesOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Draft a paper from what is known; what is not known is left as a visible blank."""
    from breachwatch.respond import notices

    ws = open_workspace(ctx, workspace)
    made = notices.draft(
        ws,
        template,
        by=actor(ctx, ws),
        incident=case_number(ws, incident) if incident else None,
        obligation=obligation or None,
        request=request_number(ws, request) if request else None,
        report=report_number(ws, report) if report else None,
        values=_values(ws, given, values, template, language),
        language=language,
        reason=reason,
    )
    tell(made, "drafted", as_json=as_json)


@app.command()
def revise(
    ctx: typer.Context,
    number: PaperArgument,
    reason: ReasonOption,
    given: SetOption = None,
    values: ValuesOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Draft a paper again from what is known now, as its next version; it then needs approval anew."""
    from breachwatch.respond import notices

    ws = open_workspace(ctx, workspace)
    by = actor(ctx, ws)
    old = notices.paper(ws, number_of(ws, number), by=by)
    more = _values(ws, given, values, old.template, old.language)
    tell(notices.revise(ws, old.number, by=by, values=more, reason=reason), "drafted again", as_json=as_json)


@app.command("list")
def list_papers(
    ctx: typer.Context,
    incident: Annotated[
        str, typer.Option("--incident", "-i", metavar="NUMBER", help="Only those of this incident.")
    ] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the papers, of one incident or all."""
    from breachwatch.report.papers import papers_page
    from breachwatch.respond import notices

    ws = open_workspace(ctx, workspace)
    found = notices.papers_of(ws, by=actor(ctx, ws), incident=case_number(ws, incident) if incident else None)
    if as_json:
        show_json([{"state": item.state, "paper": item} for item in found])
    else:
        show(papers_page(found, ws.settings.city.zone))


@app.command("show")
def show_paper(
    ctx: typer.Context,
    number: PaperArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it to a new .docx, .pdf or .html.")
    ] = None,
    version: Annotated[int | None, typer.Option("--version", metavar="N", help="Another than the latest.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show a paper's versions, blanks, approvals and sendings, or write one of its forms to a file."""
    from breachwatch.report.papers import paper_page
    from breachwatch.respond import notices
    from breachwatch.respond.notices.plainness import MEASURED, reading_of_paper

    ws = open_workspace(ctx, workspace)
    found = notices.paper(ws, number_of(ws, number), by=actor(ctx, ws))
    if output is not None:
        form = output.suffix.lower().removeprefix(".")
        if form not in {"docx", "pdf", "html"}:
            msg = f"{output.name}: a paper is written as .docx, .pdf or .html."
            raise UsageError(msg)
        write_new(output, notices.file_of(ws, found, form, version=version))
        remark(f"{output}: {found.number}, version {version or found.latest.number}.")
        return
    reading = reading_of_paper(ws, found) if found.audience in MEASURED else None
    if as_json:
        plain = {"score": reading.score, "described": reading.described, "plain": reading.plain} if reading else None
        show_json({"state": found.state, "paper": found, "plain_language": plain})
    else:
        show(paper_page(found, ws.settings.city.zone, reading))


app.command("write")(paper_after.write)
app.command("approve")(paper_after.approve)
app.command("sent")(paper_after.sent)
app.command("merge")(paper_after.merge)


def _values(
    ws: Workspace, given: list[str] | None, file: Path | None, template: str, language: str
) -> dict[str, Value]:
    """The values of a file and of `--set`, each checked against the template's fields."""
    from breachwatch.papers import load_template
    from breachwatch.respond.notices.given import typed

    found: dict[str, Any] = _from_file(file) if file is not None else {}
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals:
            msg = f"--set {text!r}: write FIELD=VALUE."
            raise UsageError(msg)
        found[name.strip()] = value
    front = load_template(ws, template, language).front
    unknown = [name for name in found if name not in front.fields]
    if unknown:
        msg = f"the template {template!r} has no field {unknown[0]!r}. It has: {', '.join(front.fields)}."
        raise UsageError(msg)
    zone = ws.settings.city.zone
    return {name: typed(name, value, zone) if isinstance(value, str) else value for name, value in found.items()}


def _from_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            msg = f"{path} is larger than {_LARGEST // 1024} KiB; the values of a paper are a few pages of text."
            raise LimitError(msg)
        found = json.loads(content.decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        msg = f"cannot read the values in {path}: {error}."
        raise DataError(msg) from error
    if not isinstance(found, dict):
        msg = f"{path}: values are written as {{field: value}}."
        raise DataError(msg)
    return found
