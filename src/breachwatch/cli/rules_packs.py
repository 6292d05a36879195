"""`breachwatch rules add`, `packs`, `diff`, `remove`: rules from elsewhere."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, remark, show, show_json
from breachwatch.cli.run import PARTIAL
from breachwatch.errors import DataError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from breachwatch.detect.packs import Selection
    from breachwatch.detect.packs.adding import Prepared
    from breachwatch.detect.packs.comparing import Side
    from breachwatch.model.people import Actor
    from breachwatch.workspace import Workspace

_DECLINED = 1
"""The person who was asked said no: nothing was done."""

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
StatusOption = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="Only rules of these statuses, like stable,test. Default: not retired ones."),
]
LevelOption = Annotated[str | None, typer.Option(metavar="LEVEL", help="Only rules of this level and above.")]
ProductOption = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="Only rules for these products, like windows,linux; none: those that name none."),
]


def add(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    ctx: typer.Context,
    place: Annotated[Path, typer.Argument(metavar="FILE|DIR|ZIP", help="The rules.")],
    name: Annotated[str, typer.Option(help="The pack's name. Default: that of the file, without its version.")] = "",
    status: StatusOption = None,
    level: LevelOption = None,
    product: ProductOption = None,
    licence: Annotated[str, typer.Option(metavar="ID", help="Its licence. Default: read from its licence file.")] = "",
    origin: Annotated[str, typer.Option(metavar="TEXT", help="Where you got it. Default: the path.")] = "",
    yes: YesOption = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Install a pack of Sigma rules, or a newer version of one.

    The pack is copied into the workspace and read from there. Of an update you see what it changes first and are asked;
    the version before stays beside it. Ends with 5 if a rule or file of the pack was left out; all others run.
    """
    ws = open_workspace(ctx, workspace)
    selection = _selection(status, level, product)
    from breachwatch.cli.progress import bars
    from breachwatch.detect.packs.adding import Asked, install, prepare
    from breachwatch.report.packs import comparison_page, pack_page

    given = str(place) if origin == "" else origin
    with ExitStack() as stack:
        with bars() as progress:
            prepared = stack.enter_context(prepare(ws, place, Asked(name, given, licence, selection), progress))
        if prepared.changes_nothing:
            remark(f"{prepared.manifest.name} is installed already, with the same contents. Nothing was changed.")
            return
        if prepared.comparison is not None and not as_json:
            show(comparison_page(prepared.comparison))
        if prepared.former is not None and not yes:
            old, new = prepared.former.manifest, prepared.manifest
            same = f" ({new.sha256[:12]})" if old.version == new.version else ""
            _confirm(f"Replace version {old.version} by {new.version}{same}?")
        install(ws, prepared)
        _enter(ws, actor(ctx, ws), prepared)
        if as_json:
            shown = {"problems": [dict(item) for item in prepared.problems], "changes": prepared.comparison}
            show_json({**prepared.manifest.model_dump(), **shown})
        else:
            show(pack_page(prepared.manifest, prepared.problems))
        _remarks(ws, prepared)
        if prepared.problems:
            raise typer.Exit(PARTIAL)


def packs(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One pack, whole. Default: a list of all.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List the installed rule packs: version, licence, origin, and how many of their rules run.

    Ends with 1 if one cannot be used.
    """
    from breachwatch.detect.packs import Pack, installed, pack_at
    from breachwatch.detect.packs.adding import pack_folder
    from breachwatch.report.packs import pack_page, packs_page

    ws = open_workspace(ctx, workspace)
    found = installed(ws.root) if name is None else [item for item in [pack_at(pack_folder(ws, name))] if item]
    faults = {item.name: fault for item in found if isinstance(item, Pack) and (fault := item.fault())}
    if as_json:
        show_json(
            [
                {**item.manifest.model_dump(), "fault": faults.get(item.name, "")} if isinstance(item, Pack) else item
                for item in found
            ]
        )
    elif name is not None and isinstance(found[0], Pack) and not faults:
        show(pack_page(found[0].manifest))
    else:
        show(packs_page(found, faults))
    if faults or not all(isinstance(item, Pack) for item in found):
        raise typer.Exit(DataError.exit_code)


def diff(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="A pack, PACK@VERSION, or a file, folder or zip.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same.")],
    text: Annotated[bool, typer.Option("--text", help="The difference of the rules' YAML.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Rules that the pack's selection leaves out, too.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what an update of rules changes: added, removed, changed, and what stops working.

    Compared are the rules that the pack's selection takes. Ends with 1 if a rule of NEW cannot be read or run.
    """
    from breachwatch.cli.rules_room import workspace_or_room
    from breachwatch.detect.packs.adding import tester, workspace_compiler
    from breachwatch.detect.packs.comparing import compare
    from breachwatch.report.packs import comparison_page

    with workspace_or_room(ctx, workspace) as ws:
        before, selection = _side(ws, old, None, everything=everything)
        after, _ = _side(ws, new, selection, everything=everything)
        compiler = workspace_compiler(ws)
        found = compare(before, after, tester(compiler))
        compiler.save()
    if as_json:
        show_json(found)
    else:
        show(comparison_page(found, text=text))
    if found.unreadable or found.stopping:
        raise typer.Exit(DataError.exit_code)


def remove(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The pack.")],
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Remove a rule pack with all its versions. What its rules found stays."""
    from breachwatch.detect.packs import adding

    ws = open_workspace(ctx, workspace)
    folder = adding.pack_folder(ws, name)
    if not yes:
        _confirm(f"Remove the pack {name} and its earlier versions ({folder})?")
    adding.remove(ws, name)
    _audit(ws, actor(ctx, ws), name, "removed", "asked for")
    remark(f"{name} is removed; its rules no longer run.")


def _side(ws: Workspace, named: str, selection: Selection | None, *, everything: bool) -> tuple[Side, Selection | None]:
    """The rules that an argument means, and the selection they are under."""
    from breachwatch.detect.loading import read_archive, read_rules
    from breachwatch.detect.packs import Pack, installed
    from breachwatch.detect.packs.comparing import Side

    name, _, version = named.partition("@")
    pack = next((item for item in installed(ws.root) if isinstance(item, Pack) and item.name == name), None)
    if pack is not None:
        archive = pack.former_archive(version) if version else pack.archive
        if archive is None:
            known = [item.version for item in pack.manifest.former]
            raise UnknownNameError(f"earlier version of {name}", version, known)
        if not version and (fault := pack.fault()):
            msg = f"the pack {name} cannot be compared: {fault}"
            raise DataError(msg)
        selection = pack.manifest.selection
        texts, label = read_archive(archive, name), f"{name} {version or pack.manifest.version}"
    elif Path(named).expanduser().exists():
        texts, label = read_rules(named, Path.cwd()), named
    else:
        msg = f"{named!r} is neither an installed pack nor a file or folder."
        raise UsageError(msg)
    return Side.of(label, texts, None if everything else selection), selection


def _selection(status: str | None, level: str | None, product: str | None) -> dict[str, object]:
    """The keys of a selection that were given, checked. Raises UsageError."""
    from pydantic import ValidationError

    from breachwatch.detect.packs import Selection

    asked: dict[str, object] = {}
    if status is not None:
        asked["status"] = _listed(status)
    if level is not None:
        asked["level"] = level
    if product is not None:
        asked["product"] = _listed(product)
    try:
        Selection.model_validate(asked)
    except ValidationError as error:
        first = error.errors()[0]
        msg = f"--{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}"
        raise UsageError(msg) from None
    return asked


def _listed(text: str) -> tuple[str, ...]:
    return tuple(item.strip().lower() for item in text.split(",") if item.strip())


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        msg = f"{question} There is nobody to ask here: say --yes. Nothing was changed."
        raise UsageError(msg)
    if not typer.confirm(question, err=True):
        remark("Nothing was changed.")
        raise typer.Exit(_DECLINED)


def _remarks(ws: Workspace, prepared: Prepared) -> None:
    """What one should know besides."""
    from breachwatch.detect.loading import PACKS
    from breachwatch.detect.packs.stored import FOLDER

    places = ws.settings.detect.rules
    name = prepared.manifest.name
    if PACKS not in places and f"{FOLDER}/{name}" not in places:
        remark(f'It does not run yet: [detect] rules in {ws.root / "breachwatch.toml"} lacks "{PACKS}".')
    if prepared.twice:
        more = f" and {len(prepared.twice) - 3} more" if len(prepared.twice) > 3 else ""
        remark(
            f"{len(prepared.twice)} of its rules have the id of a rule that is there already, and the one read first "
            f"runs: {'; '.join(prepared.twice[:3])}{more}. Is this pack installed under another name?"
        )


def _enter(ws: Workspace, by: Actor, prepared: Prepared) -> None:
    known = prepared.manifest
    before = f"version {prepared.former.manifest.version}" if prepared.former else "none"
    change = f"{before} -> version {known.version}, rules selected: {known.selected} ({known.selection})"
    _audit(ws, by, known.name, change, f"from {known.origin}, SHA-256 {known.sha256}")


def _audit(ws: Workspace, by: Actor, name: str, change: str, reason: str) -> None:
    from breachwatch.records import audit

    with ws.database.write() as connection:
        audit.append(connection, at=ws.clock.now(), by=by, entity=f"rule pack {name}", change=change, reason=reason)
