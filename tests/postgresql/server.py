"""A PostgreSQL server of the tests' own: a new cluster in a temporary folder, reached by a socket in that folder.

It listens on no network. Nothing it keeps is meant to outlast it, so it waits for no disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

START_SECONDS = 60.0
ACCOUNT = "postgres"
"""Who runs the server when the tests run as root: `initdb` refuses root. Debian's package makes the account."""

_QUICK = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "16MB",
    "log_min_messages": "fatal",
}


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`, the newest if there are several; None where there is none."""
    found = shutil.which("initdb")
    if found is not None and Path(found).resolve().with_name("postgres").is_file():
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]  # Debian keeps them off PATH
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


class Cluster:
    """A running server; `folder` is what clients give as host."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self._process = process

    @classmethod
    def start(cls, bin_folder: Path) -> Cluster:
        """Make a cluster and wait until it answers."""
        folder = Path(tempfile.mkdtemp(prefix="bw-pg-"))  # short: a socket's path has a hundred bytes
        as_account: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(folder, ACCOUNT)
            as_account = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups"]
        made = subprocess.run(
            [
                *(*as_account, bin_folder / "initdb", "-D", folder / "data", "-U", ACCOUNT),
                *("--auth=trust", "--no-sync", "--locale=C.UTF-8", "--encoding=UTF8"),
                # Sorted as people of a language do, as most installations are: not as SQLite and Python do.
                *("--locale-provider=icu", "--icu-locale=en-US"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
        )
        assert made.returncode == 0, made.stderr
        settings = [argument for name, value in _QUICK.items() for argument in ("-c", f"{name}={value}")]
        # A run of the tests that is killed takes its server with it.
        prefix = ["setpriv", "--pdeathsig", "INT", *as_account[1:]]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*prefix, bin_folder / "postgres", "-D", folder / "data", "-k", folder, *settings],
                stdout=log,
                stderr=log,
                cwd=folder,
            )
        cluster = cls(folder, process)
        cluster._await()
        return cluster

    def _await(self) -> None:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect("postgres").close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < until, (self.folder / "log").read_text()
                time.sleep(0.02)
            else:
                return

    def connect(self, database: str) -> psycopg.Connection:
        """A connection as the cluster's owner; each statement is a transaction of its own."""
        return psycopg.connect(host=str(self.folder), user=ACCOUNT, dbname=database, autocommit=True)

    def stop(self) -> None:
        """End the server and remove all that it kept; once is enough."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)  # a fast shutdown: breaks connections off
        self._process.wait(timeout=START_SECONDS)
        shutil.rmtree(self.folder)
