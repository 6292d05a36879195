"""`breachwatch keys`: the key that signs evidence and ledgers, its predecessors, what the city publishes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The keys that sign evidence.")


@app.command("list")
def list_keys(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the keys, oldest first, with the time in which each was the city's."""
    from breachwatch.evidence import keyring
    from breachwatch.report.keys import as_fields, keys_page

    ws = open_workspace(ctx, workspace)
    found = keyring.tenures(ws.keys)
    if as_json:
        show_json([as_fields(item) for item in found])
    else:
        show(keys_page(found, ws.settings.city.zone))


@app.command()
def create(ctx: typer.Context, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Make the first signing key of a workspace that has none. `breachwatch init` does so too."""
    from breachwatch.evidence import keyring
    from breachwatch.report.keys import as_fields, keys_page

    ws = open_workspace(ctx, workspace)
    made = keyring.create(ws, by=actor(ctx, ws))
    if as_json:
        show_json(as_fields(made))
    else:
        show(keys_page([made], ws.settings.city.zone))


@app.command()
def rotate(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(metavar="WHY", help="Why; it stands in the history that is published.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Put a new signing key in the place of the present one, which endorses it and is then destroyed.

    What the old key sealed stays verifiable. Publish the new one afterwards: `breachwatch keys publish`.
    """
    from breachwatch.evidence import keyring
    from breachwatch.report.keys import as_fields, keys_page

    ws = open_workspace(ctx, workspace)
    keyring.rotate(ws, by=actor(ctx, ws), reason=reason)
    found = keyring.tenures(ws.keys)
    if as_json:
        show_json([as_fields(item) for item in found])
    else:
        show(keys_page(found, ws.settings.city.zone))


@app.command()
def publish(
    ctx: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="A new folder, or a new file that ends in .zip.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write what the city publishes: public keys, fingerprints as text and HTML, how each key was endorsed."""
    from breachwatch.evidence import keyring
    from breachwatch.report.keys import published_page

    ws = open_workspace(ctx, workspace)
    names = keyring.publish(ws, target)
    if as_json:
        show_json({"target": str(target), "files": names})
    else:
        show(published_page(target, names))
