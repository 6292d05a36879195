"""The logs of a worked example by its name."""

from __future__ import annotations

from pathlib import Path

from breachwatch.errors import EnvironmentFault, UnknownNameError, UsageError
from breachwatch.simulate.cases.odessa import write_odessa
from breachwatch.simulate.cases.oxnard import write_oxnard

CASES = {"odessa": write_odessa, "oxnard": write_oxnard}


def simulate_case(target: Path, name: str) -> int:
    """Write the logs of a worked example and a sources.toml below `target`; gives how many records. No chance in it.

    Raises UnknownNameError, UsageError where `target` is not empty, EnvironmentFault where it cannot be written.
    """
    if name not in CASES:
        raise UnknownNameError("worked example", name, CASES)
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            msg = f"{target} is not empty. Name a new folder for the logs."
            raise UsageError(msg)
        return CASES[name](target)
    except OSError as error:
        msg = f"cannot write the logs to {target}: {error.strerror or error}"
        raise EnvironmentFault(msg) from error
