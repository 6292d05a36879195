"""`python -m pipelines.serve` (what `breachwatch schedule` starts): server, alarms and schedule of a small site.

One long-running process: it starts a Prefect server on the loopback address unless PREFECT_API_URL names one, sets the
alarms, and serves the nightly flow, the monthly report, the verification of all evidence and, where there are channels
of notice, their sending, each on its schedule. Larger sites run a server and a worker and use prefect.yaml.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from breachwatch.errors import BreachwatchError, EnvironmentFault
from pipelines._flowkit import open_for_flow, prepare_environment, workspace_root

START_SECONDS = 180
REPOSITORY = Path(__file__).resolve().parents[1]


def main() -> int:
    """Serve until stopped. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.serve", description=__doc__)
    parser.add_argument("--workspace", help="the workspace's folder (default: as `breachwatch` finds it)")
    parser.add_argument("--port", type=int, default=4200, help="the server's port on 127.0.0.1 (default 4200)")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # systemd's stop is a normal end
    try:
        root = workspace_root(chosen.workspace)
        prepare_environment(root)
        with _server(root, chosen.port):
            _serve(root)
    except BreachwatchError as error:
        print(f"breachwatch: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


@contextmanager
def _server(root: Path, port: int) -> Iterator[None]:
    """A Prefect server for as long as the block lasts, unless the environment names one."""
    if os.environ.get("PREFECT_API_URL"):
        yield
        return
    address = f"http://127.0.0.1:{port}"
    log = root / "state" / "prefect-server.log"
    with log.open("ab") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(f"{address}/api/health", server, log)
            os.environ["PREFECT_API_URL"] = f"{address}/api"
            print(f"Prefect's pages are at {address} (this machine only).", file=sys.stderr)
            yield
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            msg = f"the Prefect server ended with code {server.returncode}; its words are in {log}"
            raise EnvironmentFault(msg)
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  our own loopback address
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    msg = f"the Prefect server did not answer within {START_SECONDS} s; its words are in {log}"
    raise EnvironmentFault(msg)


def _serve(root: Path) -> None:
    from prefect import serve
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.schedules import Cron

    from pipelines.alarms import set_alarms
    from pipelines.monthly import monthly
    from pipelines.nightly import nightly
    from pipelines.notify import notify
    from pipelines.verify_evidence import verify_evidence

    ws = open_for_flow(str(root))
    print(f"Alarms are set; {set_alarms(ws)}.", file=sys.stderr)
    one_at_a_time = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    deployment: Any = nightly.to_deployment(
        name="nightly",
        parameters={"workspace": str(root)},
        schedule=Cron(ws.settings.run.schedule, timezone=ws.settings.city.time_zone),
        concurrency_limit=one_at_a_time,
        description="Collect, search and seal one night.",
    )
    report: Any = monthly.to_deployment(
        name="monthly",
        parameters={"workspace": str(root)},
        schedule=Cron("0 7 1 * *", timezone=ws.settings.city.time_zone),
        concurrency_limit=one_at_a_time,
        description="Write last month's report to council into the folder reports.",
    )
    served: list[Any] = [deployment, report]
    if ws.settings.evidence.verify.schedule:
        served.append(
            verify_evidence.to_deployment(
                name="verify-evidence",
                parameters={"workspace": str(root)},
                schedule=Cron(ws.settings.evidence.verify.schedule, timezone=ws.settings.city.time_zone),
                concurrency_limit=one_at_a_time,
                description="Verify all sealed evidence and all ledgers again.",
            )
        )
    if ws.settings.notify.channels:
        served.append(
            notify.to_deployment(
                name="notify",
                parameters={"workspace": str(root)},
                schedule=Cron("*/5 * * * *", timezone=ws.settings.city.time_zone),
                concurrency_limit=one_at_a_time,
                description="Tell people what waits for them, and escalate where nobody answers.",
            )
        )
    # A stopped site must not come back with its schedule switched off.
    serve(*served, pause_on_shutdown=False, print_starting_message=sys.stderr.isatty())


if __name__ == "__main__":
    sys.exit(main())
