"""`breachwatch simulate`: write the logs of a made-up city with planted attacks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachwatch.cli.options import JsonOption, remark, show_json


def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An empty or new folder.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days of logs.")] = 14,
    seed: Annotated[int, typer.Option(help="The same seed gives the same logs.")] = 7,
    scale: Annotated[float, typer.Option(help="Staff and noise, times this.")] = 1.0,
    case: Annotated[
        str, typer.Option("--case", metavar="NAME", help="The logs of a worked example instead: odessa or oxnard.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Write the logs of a made-up city.

    Staff, services, noise, and planted attacks that truth.json names.
    sources.toml beside the logs is what `breachwatch init --sources` takes.
    """
    from breachwatch import simulate as city
    from breachwatch.cli.progress import bars
    from breachwatch.report.next_steps import command

    if case:
        records = city.simulate_case(folder, case)
        remark(f"{folder}: {records:,} records, and {folder / 'sources.toml'}.")
        return
    with bars() as progress:
        report = city.simulate(folder, days=days, seed=seed, scale=scale, progress=progress)
    if as_json:
        show_json(report)
        return
    count = f"{report.lines:,} lines in {report.files} files"
    remark(f"{folder}: {count}, {len(report.attacks)} attacks (see {folder / 'truth.json'}).")
    step = command("init", "demo", "--time-zone", report.time_zone, "--sources", str(folder / "sources.toml"))
    remark(f"A workspace over it: {step}")
