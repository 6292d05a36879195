"""`breachwatch rules`: which rules there are, whether they compile, whether they find what they should."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List, check and test detection rules.")
