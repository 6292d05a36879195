"""Recorded attacks: which of our rules fire on each file, beside the ATT&CK technique that its name or folder gives.

EVTX-to-MITRE-Attack (Windows event logs) and stratus-red-team (CloudTrail of techniques carried out for the purpose).
All files of a kind lie in one lake and are searched together; a finding belongs to the files of its events.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.labelled.table import paragraph, share, table
from benchmarks.labelled.trying import Tried, form_of, rules, tried
from breachwatch.detect.trial import TrialLog, Trials
from breachwatch.model.finding import Level

WINDOWS = "windows-evtx/EVTX-to-MITRE-Attack"
CLOUD = "aws-cloudtrail/stratus-red-team"
_RULES = {WINDOWS: "windows_* any_authentication_*", CLOUD: "aws_*"}
_PATTERN = {WINDOWS: "*.evtx", CLOUD: "*.json"}
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3}|\.xxx)?")


@dataclass(frozen=True)
class FileResult:
    """What fires on one file."""

    name: str
    technique: str
    events: int
    fired: tuple[str, ...]  # stems of rules, the gravest first
    level: Level | None  # of the gravest

    @property
    def row(self) -> tuple[object, ...]:
        """The file's row of the table."""
        return (self.technique, self.name, self.events, str(self.level or "-"), ", ".join(self.fired) or "-")


def run(room: Trials, logs: Path, folder: str, only: tuple[str, ...] = ()) -> list[FileResult]:
    """Every file of the folder, or those named."""
    paths = sorted((logs / folder).rglob(_PATTERN[folder]))
    paths = [path for path in paths if not only or path.stem in only]
    forms = {path: form_of(path.read_bytes()) for path in paths}
    sources = {path: str(path.relative_to(logs)) for path in paths}
    read = [TrialLog(sources[path], form, path.read_bytes()) for path, form in forms.items() if form]
    result = tried(room, read, rules(_RULES[folder]))
    return [_file(path, sources[path], result) for path in paths]


def _file(path: Path, source: str, result: Tried) -> FileResult:
    hits = [hit for hit in result.hits if any(place[0] == source for place in hit.places)]
    level = max((hit.level for hit in hits), default=None)
    gravest = sorted({(-hit.level, hit.stem) for hit in hits})
    fired = tuple(dict.fromkeys(stem for _, stem in gravest))
    technique = _TECHNIQUE.search(source)
    name = path.stem.removeprefix("aws.")
    events = sum(place[0] == source for place in result.events)
    tactic = name.split(".")[0] if source.startswith(CLOUD) else "several"
    return FileResult(name, technique[0] if technique else tactic, events, fired, level)


_TITLE = {
    WINDOWS: "EVTX-to-MITRE-Attack: recorded techniques on Windows",
    CLOUD: "stratus-red-team: recorded techniques in AWS",
}
_REMARK = {
    WINDOWS: """Many files hold one step that nobody could tell from daily work by itself (a share opened, a ticket
        asked for), or come from products that our rules do not look at (SQL Server, Exchange).
        `windows_security_log_cleared` often fires on what the recording person did before.""",
    CLOUD: """Where nothing fires, the calls are those of daily deployment: instances started, commands sent through
        SSM, Lambda functions changed, a few secrets read.""",
}


def section(results: list[FileResult], folder: str) -> str:
    """The part of the document."""
    any_level = sum(bool(item.fired) for item in results)
    grave = sum(item.level is not None and item.level >= Level.MEDIUM for item in results)
    about = paragraph(
        f"Some rule of ours fires on {share(any_level, len(results))} files, one of level medium or above on",
        f"{share(grave, len(results))}.",
        *_REMARK[folder].split(),
        "Rules about first times do not fire: the files are too short to learn from.",
    )
    rows = table(("technique", "file", "events", "gravest", "rules of ours"), [item.row for item in results])
    return f"## {_TITLE[folder]}\n\n{about}\n\n{rows}\n"
