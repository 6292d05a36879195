"""`python -m pipelines.once`: the nightly flow, once, now; ends with the summary that `breachwatch run` ends with."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from breachwatch.errors import BreachwatchError
from pipelines._flowkit import prepare_environment, workspace_root


def main() -> int:
    """Run the flow with Prefect's embedded server, or the server that PREFECT_API_URL names. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.once", description=__doc__)
    parser.add_argument("--workspace", help="the workspace's folder (default: as `breachwatch` finds it)")
    parser.add_argument("--night", metavar="YYYY-MM-DD", help="the night to do (default: the one scheduled for now)")
    chosen = parser.parse_args()
    try:
        root = workspace_root(chosen.workspace)
        prepare_environment(root)
        # On a terminal Prefect's lines show how far the run is; in a log the summary is enough.
        if not sys.stderr.isatty():
            os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
        if not os.environ.get("PREFECT_API_URL"):
            # Its one night needs no catalogue of Prefect's kinds of blocks, which takes seconds to write into the
            # database; a kind comes with the first block that is saved, and a server of its own writes all of them.
            os.environ.setdefault("PREFECT_API_BLOCKS_REGISTER_ON_START", "false")
            print("Starting Prefect's embedded server (about half a minute the first time) ...", file=sys.stderr)
        from breachwatch.model.summary import RunState, RunSummary
        from breachwatch.report.terminal import print_summary
        from breachwatch.workspace import open_workspace
        from pipelines.nightly import nightly

        state: Any = nightly(str(root), chosen.night, return_state=True)
        summary: RunSummary = state.result()
        print_summary(summary, open_workspace(root).settings.city.zone)
    except BreachwatchError as error:
        print(f"breachwatch: {error}", file=sys.stderr)
        return error.exit_code
    return 5 if summary.state is RunState.PARTIAL else 0


if __name__ == "__main__":
    sys.exit(main())
