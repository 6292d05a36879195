"""`breachwatch report add`: take in what somebody reports, by options, by questions, or from an e-mail."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from breachwatch.cli.documents import write_new
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show_json
from breachwatch.cli.report_options import ChannelOption, ask, values
from breachwatch.errors import EnvironmentFault, EvidenceError, UsageError

if TYPE_CHECKING:
    from breachwatch.model.intake import Received, Report


def register(app: typer.Typer) -> None:
    """Add the command to the group `report`."""
    app.command()(add)


def add(  # noqa: PLR0913, PLR0917 - each option is one thing that the guides ask for
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="[WHAT]", help="What was seen, in the reporter's words.")] = "",
    asking: Annotated[bool, typer.Option("--ask", help="Ask for what is not given, in the guides' order.")] = False,
    eml: Annotated[
        Path | None, typer.Option("--eml", metavar="FILE", help="An e-mail (RFC 5322), kept byte for byte.")
    ] = None,
    relation: Annotated[
        str, typer.Option("--from", metavar="WHO", help="employee, vendor, contractor, resident, anonymous, other.")
    ] = "",
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="suspicion, or complaint.")] = "",
    noticed_at: Annotated[str, typer.Option("--noticed", metavar="TIME", help="When it was noticed.")] = "",
    occurred_from: Annotated[str, typer.Option("--occurred", metavar="TIME", help="When it began.")] = "",
    occurred_until: Annotated[str, typer.Option("--until", metavar="TIME", help="When it ended.")] = "",
    accounts: Annotated[
        list[str] | None, typer.Option("--account", metavar="NAME", help="An affected account; repeatable.")
    ] = None,
    systems: Annotated[
        list[str] | None, typer.Option("--system", metavar="NAME", help="An affected system; repeatable.")
    ] = None,
    records: Annotated[
        list[str] | None, typer.Option("--records", metavar="KIND", help="Affected records; repeatable.")
    ] = None,
    people: Annotated[str, typer.Option("--people", metavar="COUNT", help="How many people's records.")] = "",
    discovered: Annotated[str, typer.Option("--discovered", metavar="HOW", help="How it was discovered.")] = "",
    name: Annotated[str, typer.Option("--name", help="The reporter's name.")] = "",
    organization: Annotated[str, typer.Option("--organization", help="Department or company.")] = "",
    contract: Annotated[str, typer.Option("--contract", metavar="REF", help="A vendor's contract.")] = "",
    contact: Annotated[str, typer.Option("--contact", help="How the reporter can be reached.")] = "",
    language: Annotated[str, typer.Option("--language", help="Of the answer: en, es.")] = "",
    channel: ChannelOption = "",
    attach: Annotated[
        list[Path] | None, typer.Option("--attach", metavar="FILE", help="Goes into evidence; repeatable.")
    ] = None,
    acknowledgement: Annotated[
        Path | None, typer.Option("--acknowledgement", metavar="PDF", help="Write the acknowledgement there.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take in what somebody reports, and seal it with its attachments, hashed at receipt.

    Anyone may report: staff, vendors, residents, somebody without a name. A complaint goes to the helpdesk and to the
    records officer.
    """
    from breachwatch.report.intake import received_page
    from breachwatch.respond.intake.receiving import receive

    ws = open_workspace(ctx, workspace)
    by = actor(ctx, ws)
    given: dict[str, Any] = {
        "what": what,
        "relation": relation,
        "kind": kind,
        "noticed_at": noticed_at,
        "people": people,
        "occurred_from": occurred_from,
        "occurred_until": occurred_until,
        "discovered": discovered,
        "accounts": accounts,
        "systems": systems,
        "records": records,
        "name": name,
        "language": language,
        "organization": organization,
        "contract": contract,
        "contact": contact,
        "channel": channel,
    }
    mail = _read(eml) if eml is not None else None
    if asking:
        given = ask(ws, given)
    report = _report(values(ws, given), mail)
    done = receive(ws, report, attach or (), by=by, mail=mail)
    written = ""
    if acknowledgement is not None and not done.failure:
        _acknowledge(ctx, done, acknowledgement, report, workspace)
        written = str(acknowledgement)
    if as_json:
        show_json(asdict(done))
    else:
        remark(received_page(done, written))
    if done.failure:
        raise typer.Exit(EvidenceError.exit_code)


def _report(said: dict[str, Any], mail: bytes | None) -> Report:
    """What is taken in: the mail's own words where it came by one, with what is known besides."""
    from breachwatch.model.intake import Relation, Report
    from breachwatch.respond.intake.mail import read_mail

    if mail is None:
        return Report(**{"what": "", **said})
    said.pop("channel", None)
    report = read_mail(mail).as_report()
    if said.get("relation") is Relation.ANONYMOUS:
        report = replace(report, contact="")
    return replace(report, **{name: value for name, value in said.items() if name != "what" or str(value).strip()})


def _read(path: Path) -> bytes:
    from breachwatch.respond.intake.mail import MOST_BYTES

    try:
        if not path.is_file():
            msg = f"{path} is no plain file."
            raise UsageError(msg)
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise EnvironmentFault(msg) from error


def _acknowledge(ctx: typer.Context, done: Received, path: Path, report: Report, workspace: Path | None) -> None:
    from breachwatch.respond.intake.answering import acknowledge

    ws = open_workspace(ctx, workspace)
    answer = acknowledge(ws, done.number, by=actor(ctx, ws), channel=report.channel)
    write_new(path, answer.pdf)
