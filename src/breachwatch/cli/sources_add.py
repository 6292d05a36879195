"""`breachwatch sources add`: a guided way to a new source, or options alone for scripts."""

from __future__ import annotations

import sys
import tomllib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, remark, show, show_json
from breachwatch.cli.sources_ask import PATHS, ask_table, table_of
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.model.tried import Tried
    from breachwatch.workspace import Workspace


def add(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    name: Annotated[str, typer.Option("--name", help="What the source is called, such as vpn01-auth.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Where it comes from; asked for where left out.")] = "",
    paths: Annotated[list[str] | None, typer.Option("--path", help="A pattern of files; may be repeated.")] = None,
    log_format: Annotated[str, typer.Option("--format", help="The format; recognised where left out.")] = "auto",
    time_zone: Annotated[str, typer.Option("--time-zone", help="Zone of times that name none (IANA).")] = "",
    host: Annotated[str, typer.Option("--host", help="The host to name where a record names none.")] = "",
    more: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any other key of a source, as TOML.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing, write it.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Add a source to breachwatch.toml: asks, shows what it gives, then writes it below what stands there.

    Comments and order of the file stay. Without a terminal, or with --yes, nothing is asked.
    """
    from breachwatch.settings import SETTINGS_NAME
    from breachwatch.settings_edit import with_source, write_settings
    from breachwatch.settings_file import parse_settings

    ws = open_workspace(ctx, workspace)
    ask = sys.stdin.isatty() and not (yes or as_json)
    given = _more(more or [])
    values = _values(ws, ask, given, name=name, kind=kind, paths=paths or [], time_zone=time_zone)
    values |= {key: value for key, value in (("format", log_format), ("host", host)) if value not in ("", "auto")}
    values |= {key: value for key, value in given.items() if key not in values}
    settings = ws.root / SETTINGS_NAME
    text = with_source(settings, values, f"added on {ws.clock.now().astimezone(ws.settings.city.zone):%Y-%m-%d}")
    source = parse_settings(text, settings).source(values["name"])
    tried = _preview(ws, source, quiet=as_json)
    if ask and not typer.confirm(f"Add this source to {settings}?", default=tried.rows > 0):
        raise typer.Abort
    write_settings(settings, text)
    if as_json:
        show_json({"added": values, "tried": tried})
    else:
        remark(f"added to {settings}. The next run collects it: breachwatch run")


def _values(
    ws: Workspace, ask: bool, given: dict[str, Any], *, name: str, kind: str, paths: list[str], time_zone: str
) -> dict[str, Any]:
    """What was given by options, and what a person adds; raises UsageError where something is missing."""
    from breachwatch.collect.collector import COLLECTORS

    kinds = ", ".join(COLLECTORS)
    if not name and ask:
        name = typer.prompt("Name of the source (lower-case letters, digits, . _ -)")
    if not kind:
        kind = typer.prompt(f"Kind ({kinds})", default="files") if ask else "files"
    if kind not in COLLECTORS:
        msg = f"--kind {kind!r} is no kind of source. Known: {kinds}."
        raise UsageError(msg)
    table = table_of(kind)
    own = ask_table(ws, kind, given.get(table, {})) if ask and table else given.get(table)
    if kind in PATHS and not paths and ask:
        text, default = PATHS[kind]
        said = typer.prompt(text, default=default, show_default=False)
        paths = [said] if said else []
    if not time_zone and ask and kind in PATHS:  # the others tell the zone of their times
        time_zone = typer.prompt("Time zone of times that name none", default=ws.settings.city.time_zone)
    if not name:
        msg = "a source needs a name: --name vpn01-auth."
        raise UsageError(msg)
    if kind == "files" and not paths:
        msg = "a source of kind 'files' needs files: --path '/srv/logs/vpn01/auth.log*'."
        raise UsageError(msg)
    if any(source.name == name for source in ws.settings.sources):
        msg = f"there is a source named {name!r} already. Choose another name, or edit breachwatch.toml."
        raise UsageError(msg)
    return {
        "name": name,
        "kind": kind,
        "paths": paths or None,
        "time_zone": None if time_zone in ("", ws.settings.city.time_zone) else time_zone,
    } | ({table: own} if own else {})


def _more(given: list[str]) -> dict[str, Any]:
    """`--set okta.domain="city.okta.com"` as nested values; what is no TOML value is taken as text."""
    try:
        return tomllib.loads("\n".join(_as_toml(item) for item in given))
    except tomllib.TOMLDecodeError as error:
        msg = f"--set: {error}. Write KEY=VALUE, such as --set optional=true."
        raise UsageError(msg) from error


def _as_toml(item: str) -> str:
    key, equals, value = item.partition("=")
    if not equals or "\n" in item:
        msg = f"--set {item!r} is not KEY=VALUE."
        raise UsageError(msg)
    try:
        tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        value = "'" + value.replace("'", "") + "'"
    return f"{key} = {value}"


def _preview(ws: Workspace, source: Any, *, quiet: bool) -> Tried:
    from breachwatch.dry_run import try_source
    from breachwatch.report.source_trial import trial_page

    tried = try_source(ws, source)
    if not quiet:
        show(trial_page(tried, ws.settings.city.zone))
    return tried
