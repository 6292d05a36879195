"""Run by test_kill_everywhere.py: one workspace in which sealing, adding and exporting are killed again and again.

Arguments: workspace, folder for exports, number of kills, seed. After each kill the vault holds no half bag, and the
chain of custody is unbroken; in the end everything is mended, and every archive is one that the chain tells of.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

# Loaded before the forks, so that each costs little; nothing of them may start a thread here.
import duckdb  # noqa: F401
import pyarrow.csv
import pyarrow.parquet  # noqa: F401
import typst  # noqa: F401
from sqlalchemy import select

from breachwatch import evidence
from breachwatch.clock import FixedClock
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.adding import Given, Receipt
from breachwatch.evidence.checks import check_bag, key_in
from breachwatch.evidence.names import bags_in, is_number
from breachwatch.evidence.on_disk import BagOnDisk
from breachwatch.incidents.sealing import unsealed
from breachwatch.records import cases
from breachwatch.workspace import Workspace, open_workspace
from tests.somebody import SOMEBODY
from tests.unit.evidence.kill_worker import PRELOADED, in_child

CLOCK = FixedClock(datetime(2026, 11, 22, 10, 15, tzinfo=UTC))
OPERATIONS = ("add",) * 9 + ("sweep",) * 4 + ("export",) * 2 + ("seal",) * 2


def seal(ws: Workspace, _: Path) -> None:
    with ws.database.read() as connection:
        jobs = unsealed(connection)
    if jobs:
        evidence.preserve(ws, jobs[0], "run-1")


def add(ws: Workspace, _: Path) -> None:
    given = [Given("a.png", io.BytesIO(b"a" * 100_000)), Given("b", io.BytesIO(b"b"))]
    evidence.add_file(ws, given, by=SOMEBODY, receipt=Receipt("J. Doe", "kept"))


def export(ws: Workspace, exports: Path) -> None:
    lines = evidence.listing(ws, by=SOMEBODY)
    if lines:
        target = exports / f"{len(list(exports.iterdir()))}-{os.getpid()}.tar"
        evidence.export(ws, lines[0].number, target, by=SOMEBODY)


def run(name: str, root: Path, exports: Path, kill_after: float | None) -> float:
    """Do one operation, killed after so many seconds of work; how many it took.

    The kernel's timer of the time that the process works (ITIMER_PROF) ends it without another instruction, as SIGKILL
    does, however busy the machine is; and unlike a trace of the program's lines it costs nothing.
    """
    if kill_after is not None:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, kill_after)
    begun = time.process_time()
    ws = open_workspace(root, CLOCK)
    globals()[name](ws, exports)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return time.process_time() - begun


def sweep(ws: Workspace, _: Path) -> None:
    evidence.sweep(ws)


def check(root: Path, known: Path) -> None:
    """What holds after a kill, before anything was mended. `known` lists the bags that were looked at before."""
    ws = open_workspace(root, CLOCK)
    with ws.database.read() as connection:
        recorded = set(connection.scalars(select(cases.evidence.c.number)))
        assert custody.check_chain(connection).ok
    in_vault = bags_in(ws.vault)
    assert recorded <= in_vault, "a record without its bag"
    seen = set(known.read_text().split()) if known.exists() else set()
    known.write_text(" ".join(in_vault))
    for number in in_vault - recorded - seen:
        bag = BagOnDisk(ws.vault / number)
        assert all(item.ok for item in check_bag(bag, key_in(bag))), f"half a bag: {number}"
    assert not mirror.contradiction(ws)


def check_end(root: Path, exports: Path) -> None:
    """What holds once all is mended."""
    ws = open_workspace(root, CLOCK)
    evidence.sweep(ws)
    assert evidence.sweep(ws) == ()
    while True:
        with ws.database.read() as connection:
            if not unsealed(connection):
                break
        seal(ws, exports)
    add(ws, exports)
    export(ws, exports)
    reports = evidence.verify_all(ws)
    assert reports
    assert all(report.ok for report in reports), [report for report in reports if not report.ok]
    names = {path.name for path in ws.vault.iterdir()}
    assert {name for name in names if not is_number(name)} == {"custody.jsonl"}
    assert list(ws.scratch.iterdir()) == []
    with ws.database.read() as connection:
        bodies = connection.scalars(select(cases.custody.c.body).where(cases.custody.c.event == "exported"))
        told = {json.loads(body)["archive"]: json.loads(body)["archive_sha256"] for body in bodies}
    for path in exports.iterdir():
        if not path.name.startswith("."):
            assert evidence.bag.hash_file(path).sha256 == told[path.name], f"{path.name} is not in the chain"


def main() -> None:
    root, exports, kills = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    dice = random.Random(int(sys.argv[4]))
    exports.mkdir()
    known = exports.with_name("known")
    longest: dict[str, float] = {}
    for name in dict.fromkeys(OPERATIONS):

        def count(name: str = name) -> int:
            (exports / "seconds").write_text(str(run(name, root, exports, None)))
            check(root, known)
            (exports / "modules").write_text("\n".join(sys.modules))
            return 0

        assert in_child(count) == 0, name
        longest[name] = float((exports / "seconds").read_text())
        (exports / "seconds").unlink()
        # What a child loads on the way is loaded here, once; nothing has begun that a fork could harm.
        for module in (exports / "modules").read_text().split():
            if module.startswith(PRELOADED):
                importlib.import_module(module)
        (exports / "modules").unlink()
    done, tried = 0, 0
    while done < kills:
        name, tried = dice.choice(OPERATIONS), tried + 1
        assert tried < 5 * kills, "the operations end before they can be killed"
        at = dice.uniform(0.001, longest[name])
        action: Callable[[], int] = lambda name=name, at=at: run(name, root, exports, at) and 0  # type: ignore[misc]  # noqa: E731
        status = in_child(action)
        assert status in {0, -signal.SIGPROF}, (name, at, status)
        done += status == -signal.SIGPROF
        assert in_child(lambda: check(root, known) or 0) == 0, (name, at)
    assert in_child(lambda: check_end(root, exports) or 0) == 0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{done} killed, {used.ru_utime + used.ru_stime:.1f} s, of {tried} operations; seconds: {longest}")


if __name__ == "__main__":
    main()
