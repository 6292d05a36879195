"""Our rules over labelled logs of other projects: what is found, what is missed and why.

    .venv/bin/python -m benchmarks.quality --logs PATH --write docs/detection-quality.md

`--logs` is the folder of the development data (default: `data/logs` under $BREACHWATCH_SHARED). None of its text goes
into the document, only names of files and rules, and counts.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from benchmarks.labelled import crowdsec, fail2ban, ini, panther, techniques
from benchmarks.labelled.table import paragraph
from benchmarks.labelled.trying import rules
from breachwatch.detect.trial import Trials, trials

_TITLE = "# How good the rules are"
_INTRODUCTION = (
    "Made by `python -m benchmarks.quality --write docs/detection-quality.md`; not to be edited by hand. {files}",
    "rule files of ours, as they come with breachwatch, over logs that other projects labelled for their own",
    "tests. The logs are no part of the repository, and nothing of their text is repeated here. Each source is",
    "told with what is missed and why. None of these logs is a city's daily life, so false positives are told",
    "only where a label says that nothing must be raised; daily life is the matter of the simulated city",
    "(`tests/spine/test_city.py`): two weeks, nine attacks, eight incidents, none of them wrong.",
)


def sections(room: Trials, logs: Path) -> list[str]:
    """Every part of the document, in order."""
    return [
        fail2ban.section(fail2ban.run(room, logs)),
        ini.section(ini.run(room, logs)),
        crowdsec.section(crowdsec.run(room, logs)),
        panther.section(panther.run(room, logs)),
        *(
            techniques.section(techniques.run(room, logs, folder), folder)
            for folder in (techniques.WINDOWS, techniques.CLOUD)
        ),
    ]


def document(parts: list[str]) -> str:
    """The document of its parts."""
    files = len({Path(rule.source.origin).stem for rule in rules().rules})
    introduction = paragraph(*_INTRODUCTION).replace("{files}", str(files))
    return "\n".join([f"{_TITLE}\n\n{introduction}\n", *parts]).rstrip() + "\n"


def main() -> int:
    """The command."""
    shared = Path(os.environ.get("BREACHWATCH_SHARED", "../shared"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=Path, default=shared / "data" / "logs", help="folder of the labelled logs")
    parser.add_argument("--write", type=Path, help="file to write; standard output when left out")
    asked = parser.parse_args()
    if not asked.logs.is_dir():
        print(
            f"benchmarks.quality: there is no folder {asked.logs}; name the labelled logs with --logs.", file=sys.stderr
        )
        return 2
    started = time.process_time()
    with trials() as room:
        text = document(sections(room, asked.logs))
    if asked.write:
        asked.write.write_text(text, encoding="utf-8")
    else:
        print(text)
    print(f"benchmarks.quality: {time.process_time() - started:.0f} CPU seconds", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
