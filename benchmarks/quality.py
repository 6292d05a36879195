"""Our rules over labelled logs of other projects: what is found, what is missed and why.

    .venv/bin/python -m benchmarks.quality --logs PATH --write docs/detection-quality.md

`--logs` is the folder of the development data (default: `data/logs` under $BREACHWATCH_SHARED). None of its text goes
into the document, only names of files and rules, and counts.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.labelled import crowdsec, fail2ban, ini, panther, techniques
from benchmarks.labelled.command import write_page
from benchmarks.labelled.table import paragraph
from benchmarks.labelled.trying import rules
from breachwatch.detect.trial import Trials

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
    return write_page("benchmarks.quality", __doc__, lambda room, logs: document(sections(room, logs)))


if __name__ == "__main__":
    sys.exit(main())
