"""The command of a page that is measured over the labelled logs."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from breachwatch.detect.trial import Trials, trials


def write_page(name: str, about: str | None, page: Callable[[Trials, Path], str]) -> int:
    """Ask for the folder of logs, have the page made of it and write it; the exit code."""
    shared = Path(os.environ.get("BREACHWATCH_SHARED", "../shared"))
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=Path, default=shared / "data" / "logs", help="folder of the labelled logs")
    parser.add_argument("--write", type=Path, help="file to write; standard output when left out")
    asked = parser.parse_args()
    if not asked.logs.is_dir():
        print(f"{name}: there is no folder {asked.logs}; name the labelled logs with --logs.", file=sys.stderr)
        return 2
    started = time.process_time()
    with trials() as room:
        text = page(room, asked.logs)
    if asked.write:
        asked.write.write_text(text, encoding="utf-8")
    else:
        print(text)
    print(f"{name}: {time.process_time() - started:.0f} CPU seconds", file=sys.stderr)
    return 0
