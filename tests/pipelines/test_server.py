"""The flow against a separate Prefect server, served on its schedule, with an alarm that really rings."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.spine.small_city import contents, make_workspace, write_logs

ROOT = Path(__file__).resolve().parents[2]
SERVED = {"nightly": "15 4 * * *", "monthly": "0 7 1 * *", "verify-evidence": "45 6 * * 3"}
"""What `breachwatch schedule` serves, with its time in the city's zone."""
pytestmark = [pytest.mark.prefect, pytest.mark.slow, pytest.mark.timeout(600)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A receiver on the loopback address that keeps what is posted to it."""
    received: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/alarm", received
    server.shutdown()


def _get(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _until(what: Any, seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := what():
                return found
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(1)
    return None


def test_a_small_site_serves_runs_and_alarms(tmp_path: Path, webhook: tuple[str, list[dict[str, Any]]]) -> None:
    address, received = webhook
    write_logs(tmp_path / "logs")
    ws = make_workspace(tmp_path / "ws", tmp_path / "logs")
    (ws.root / "alarm-address").write_text(address)
    settings = ws.root / "breachwatch.toml"
    settings.write_text(
        'alarm = { webhook_url_file = "alarm-address", hours = 0.005 }\n'
        f'{settings.read_text()}\n[evidence.verify]\nschedule = "45 6 * * 3"\n'
    )
    port = _free_port()
    environment = {k: v for k, v in os.environ.items() if k not in {"PREFECT_API_URL", "PREFECT_HOME"}}
    environment["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
    served = subprocess.Popen(
        [sys.executable, "-m", "pipelines.serve", "--workspace", str(ws.root), "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        api = f"http://127.0.0.1:{port}/api"

        def deployed() -> dict[str, Any] | None:
            found = {item["name"]: item for item in _get(f"{api}/deployments/filter", {})}
            return found if len(found) == len(SERVED) else None

        deployments = _until(deployed, 240)
        assert set(deployments) == set(SERVED)
        for name, cron in SERVED.items():
            [schedule] = deployments[name]["schedules"]
            assert schedule["active"]
            assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == (cron, "America/Chicago")

        once = subprocess.run(
            [sys.executable, "-m", "pipelines.once", "--workspace", str(ws.root)],
            cwd=ROOT,
            env=environment | {"PREFECT_API_URL": api},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert once.returncode == 0, once.stderr
        assert contents(ws)["incidents"]
        states = [
            run["state_name"] for run in _get(f"{api}/flow_runs/filter", {"flows": {"name": {"any_": ["nightly"]}}})
        ]
        assert "Completed" in states

        # No further run completes within 18 seconds: the dead man's alarm must ring.
        assert _until(lambda: any("no nightly run" in item["text"] for item in received), 120), received
        with urllib.request.urlopen(f"{api}/health", timeout=10) as answer:
            assert answer.status == 200
    finally:
        served.send_signal(signal.SIGTERM)
        _, words = served.communicate(timeout=60)
    assert served.returncode == 0, words
    assert "Alarms are set" in words
    assert address not in words
