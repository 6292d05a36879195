"""`breachwatch jurisdiction`: what the law asks, as data with citations."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, remark, show, show_json
from breachwatch.errors import DataError, SettingsError, UsageError

if TYPE_CHECKING:
    from breachwatch.respond.law.profile import Profile
    from breachwatch.respond.law.words import Start

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What the law asks of a city after a breach, with citations."
)
NameArgument = Annotated[
    str | None, typer.Argument(metavar="[PROFILE]", help="A profile. Default: the city's (city.jurisdiction).")
]


@app.command("list")
def list_profiles(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the profiles: breachwatch's, and the city's own in jurisdictions/."""
    from breachwatch.report.tables import table
    from breachwatch.respond.law.loading import load_profile, profile_names

    root = _root(ctx, workspace)
    found = [load_profile(name, root) for name in profile_names(root)]
    if as_json:
        show_json([{"id": item.id, "title": item.title, "as_of": item.as_of, "status": item.status} for item in found])
        return
    rows = table("profile", "title", "as of", "status", flexible="title")
    for item in found:
        rows.add_row(item.id, item.title, item.as_of.isoformat(), item.status)
    show(rows)


@app.command("show")
def show_profile(
    ctx: typer.Context,
    name: NameArgument = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The obligations as a table in Markdown.")] = False,
    year: Annotated[int | None, typer.Option(help="Holidays of this year. Default: that of the profile.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show a profile: obligations, deadlines, recipients, holidays; with what its sources leave open."""
    from breachwatch.report.jurisdictions import markdown_tables, profile_page

    profile = chosen_profile(ctx, workspace, name)
    if as_json:
        show_json(profile.model_dump(mode="json", by_alias=True))
    elif markdown:
        typer.echo(markdown_tables([profile]), nl=False)
    else:
        show(profile_page(profile, year=year or profile.as_of.year))


@app.command()
def check(
    ctx: typer.Context,
    profiles: Annotated[
        list[str] | None, typer.Argument(metavar="[PROFILE]...", help="Names of profiles, or files. Default: all.")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Check profiles: unknown keys, missing citations, dates, references. Ends with 1 where one cannot be used."""
    from breachwatch.respond.law.loading import check_file, load_profile, profile_names

    root = _root(ctx, workspace)
    failed = False
    for name in profiles or profile_names(root):
        try:
            profile = check_file(Path(name), root) if _is_file(name) else load_profile(name, root)
        except DataError as error:
            failed = True
            remark(str(error))
            continue
        counted = len(profile.obligations)
        typer.echo(f"{profile.id}: {counted} obligations, {_open_points(profile)}; {profile.status}.")
        today = datetime.now(tz=ZoneInfo(profile.time_zone or "UTC")).date()
        if profile.review_by < today:
            remark(f"{profile.id}: it was to be reviewed by {profile.review_by}. Laws may have changed since.")
    if failed:
        raise typer.Exit(DataError.exit_code)


@app.command()
def diff(
    ctx: typer.Context,
    before: Annotated[str, typer.Argument(help="A profile, or a file.")],
    after: Annotated[str, typer.Argument(help="Another profile, or a file.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what differs between two profiles, place by place."""
    from breachwatch.report.jurisdictions import changes_page
    from breachwatch.respond.law.comparing import compare
    from breachwatch.respond.law.loading import check_file, load_profile

    root = _root(ctx, workspace)
    sides = [check_file(Path(name), root) if _is_file(name) else load_profile(name, root) for name in (before, after)]
    changes = compare(*sides)
    if as_json:
        show_json(changes)
    else:
        show(changes_page(changes))


@app.command("due")
def due_date(
    ctx: typer.Context,
    obligation: Annotated[str, typer.Argument(help="An obligation's id, as `jurisdiction show` names it.")],
    at: Annotated[
        list[str],
        typer.Option("--at", metavar="START=TIME", help="As discovered=2026-03-07T10:00, in the profile's zone."),
    ],
    profile: Annotated[str | None, typer.Option(help="A profile. Default: the city's.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Compute one deadline from anchor times: the safe date, the latest, and the steps of the count."""
    from breachwatch.errors import UnknownNameError
    from breachwatch.report.jurisdictions import due_page
    from breachwatch.respond import due

    law = chosen_profile(ctx, workspace, profile)
    zone = ZoneInfo(law.time_zone or "UTC")
    anchors = dict(_anchor(text, zone) for text in at)
    known = [item.id for item in law.obligations]
    if obligation not in known:
        raise UnknownNameError("obligation", obligation, known)
    first = min(anchors.values()).astimezone(zone).date()
    duty = law.obligation(obligation, first)
    if not duty.in_force(first):
        span = f"from {duty.effective_from}{f' to {duty.effective_to}' if duty.effective_to else ''}"
        msg = f"{obligation} holds {span}, and {first} is outside of that."
        raise UsageError(msg)
    found = due(law, duty, anchors, zone)
    if as_json:
        show_json(found)
    else:
        show(due_page(found, duty, zone))


def _anchor(text: str, zone: ZoneInfo) -> tuple[Start, datetime]:
    from breachwatch.respond.law.words import Start

    name, _, value = text.partition("=")
    names = ", ".join(start.value for start in Start)
    try:
        start = Start(name.strip())
    except ValueError:
        msg = f"--at {text}: {name!r} is no start of a clock. Known: {names}."
        raise UsageError(msg) from None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        msg = f"--at {text}: {value!r} is no time; write it like 2026-03-07T10:00."
        raise UsageError(msg) from None
    return start, moment if moment.tzinfo else moment.replace(tzinfo=zone)


def chosen_profile(ctx: typer.Context, workspace: Path | None, name: str | None) -> Profile:
    """The profile of that name, or the city's own of the settings. Raises UsageError where neither names one."""
    from breachwatch.respond.law.loading import load_profile, profile_names

    root = _root(ctx, workspace)
    if name is None and root is not None:
        name = open_workspace(ctx, workspace).settings.city.jurisdiction or None
    if name is None:
        msg = f"name a profile ({', '.join(profile_names(root))}), or set city.jurisdiction in the settings."
        raise UsageError(msg)
    return load_profile(name, root)


def _root(ctx: typer.Context, workspace: Path | None) -> Path | None:
    """The workspace's folder; None where there is none, since the law is the same without one."""
    try:
        return open_workspace(ctx, workspace).root
    except SettingsError:
        if workspace is not None:
            raise
        return None


def _is_file(name: str) -> bool:
    return name.endswith((".yaml", ".yml")) or "/" in name


def _open_points(profile: Profile) -> str:
    from breachwatch.respond.law.words import Confidence

    doubtful = {Confidence.UNVERIFIED, Confidence.CONFLICTING}
    count = sum(level in doubtful for item in profile.obligations for level in item.confidence.values())
    return f"{count} of their values unverified or in conflict"
