"""Where the rules, filters and mappings that come with breachwatch are."""

from __future__ import annotations

from pathlib import Path

from breachwatch.errors import EnvironmentFault


def builtin_folder() -> Path:
    """`detections/`: inside the installed package, or at the root of a checkout. Raises EnvironmentFault."""
    here = Path(__file__).resolve()
    for folder in (here.parent / "builtin", here.parents[3] / "detections"):
        if (folder / "mappings").is_dir():
            return folder
    msg = f"the rules that come with breachwatch are missing beside {here.parent}. Install it again."
    raise EnvironmentFault(msg)
