"""A workspace for commands that look at rules: they do not need one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from breachwatch.cli.options import Common, open_workspace
from breachwatch.errors import SettingsError

if TYPE_CHECKING:
    from breachwatch.workspace import Workspace


@contextmanager
def workspace_or_room(ctx: typer.Context, named: Path | None) -> Iterator[Workspace]:
    """The workspace; where there is none, an empty one that is thrown away: rules can be checked anywhere."""
    from breachwatch.clock import SystemClock
    from breachwatch.detect.trial import trials
    from breachwatch.settings import Settings

    try:
        ws = open_workspace(ctx, named)
    except SettingsError:
        if named or ctx.ensure_object(Common).workspace or os.environ.get("BREACHWATCH_WORKSPACE") or _is_inside_one():
            raise
        with trials() as room:
            yield replace(room.workspace(Settings()), clock=SystemClock())
        return
    yield ws


def _is_inside_one() -> bool:
    """Whether a workspace was found, so that what is wrong with it must be told."""
    from breachwatch.workspace import find_root

    try:
        find_root()
    except SettingsError:
        return False
    return True
