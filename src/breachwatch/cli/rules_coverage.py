"""`breachwatch rules coverage`: what the rules cover of ATT&CK, here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, remark, show, show_json
from breachwatch.errors import EnvironmentFault, UnknownNameError

if TYPE_CHECKING:
    from breachwatch.detect.coverage import Attack
    from breachwatch.workspace import Workspace

AttackOption = Annotated[
    Path | None,
    typer.Option("--attack-data", metavar="FILE", help="enterprise-attack.json. Default: detect.attack_data."),
]


def coverage(
    ctx: typer.Context,
    layer: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a layer for the ATT&CK Navigator (format 4.5).")
    ] = None,
    tactic: Annotated[str, typer.Option(help="Only this tactic, like credential-access.")] = "",
    gaps: Annotated[bool, typer.Option("--gaps", help="Only techniques whose rules have nothing to search.")] = False,
    days: Annotated[float | None, typer.Option(min=0.01, help="Only logs of so many days count. Default: all.")] = None,
    attack_data: AttackOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show which ATT&CK techniques the active rules are for, and whether the logs they need are there.

    A rule without its logs covers nothing: it is counted apart. Last comes which logs would bring the most.
    """
    from breachwatch.cli.progress import bars
    from breachwatch.detect.coverage import measure
    from breachwatch.report.coverage import coverage_page

    ws = open_workspace(ctx, workspace)
    attack = attack_of(ws, attack_data)
    with bars() as progress:
        found = measure(ws, attack, progress, days)
    if tactic and tactic not in found.tactics:
        raise UnknownNameError("tactic", tactic, found.tactics)
    if layer is not None:
        from breachwatch.detect import coverage as kit

        when = ws.clock.now().astimezone(ws.settings.city.zone)
        name = f"{ws.settings.city.name}: detection coverage"
        said = f"Rules that are active in breachwatch on {when:%Y-%m-%d}, and whether the logs they need are there."
        _write(layer, json.dumps(kit.layer(found, name, said), indent=1))
        remark(f"{layer}: open it in the ATT&CK Navigator (Open Existing Layer, Upload from local).")
    if as_json:
        show_json(found)
    else:
        show(coverage_page(found, tactic=tactic, gaps=gaps))


def attack_of(ws: Workspace, given: Path | None) -> Attack | None:
    """ATT&CK from the file that the option or the settings name; None where neither does."""
    from breachwatch.detect.coverage import load_attack

    if given is not None:
        return load_attack(given)
    named = ws.settings.detect.attack_data
    return load_attack(ws.path(named)) if named else None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        msg = f"cannot write the layer {path}: {error.strerror}."
        raise EnvironmentFault(msg) from error
