"""fail2ban's test lines: `# failJSON: {"match": true, "host": ...}` before a line that is a failed sign-in by `host`.

A line with `match` false is one that fail2ban does not count, for whatever reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.labelled.table import paragraph, share, table
from benchmarks.labelled.trying import Tried, of_lines, rules, tried
from breachwatch.detect.trial import TrialLog, Trials

FOLDERS = ("linux-auth/fail2ban", "web-access/fail2ban")
REPEATED = 20
"""So often one address must fail within ten minutes for the rule "Brute force, many failed sign-ins"."""
_BRUTE_FORCE = "any_authentication_brute_force_one_address"
_LABEL = re.compile(r"# *failJSON: *(\{.*\})")


@dataclass(frozen=True)
class Line:
    """A log line with its label."""

    text: str
    match: bool
    host: str
    user: str | None = None  # where the label names one


@dataclass(frozen=True)
class FileResult:
    """How one file fared."""

    name: str
    failed: int  # lines that are failed sign-ins
    found: int  # of them, rows of `authentication` with that address and outcome failure
    other: int  # of the rest, events with that address, but no sign-in
    unread: int  # of the rest, of a format that is not known here
    repeated: int  # of those found, addresses whose line, repeated, is brute force
    addresses: int
    passed: int  # lines that fail2ban does not count
    counted: int  # of them, failed sign-ins here

    @property
    def missed(self) -> int:
        """Lines that are read, but not as what they are."""
        return self.failed - self.found - self.other - self.unread

    @property
    def row(self) -> tuple[object, ...]:
        """The file's row of the table."""
        rest = (self.other, self.unread, self.missed)
        return (self.name, self.failed, self.found, *rest, f"{self.repeated} of {self.addresses}", *self._passed)

    @property
    def _passed(self) -> tuple[int, int]:
        return (self.passed, self.counted)


def labelled(path: Path) -> Iterator[Line]:
    """The lines of a file that have a label."""
    label = None
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        found = _LABEL.match(text)
        if found:
            label = json.loads(found[1])
        elif label is not None and text and not text.startswith("#"):
            yield Line(text, bool(label.get("match")), str(label.get("host") or ""), label.get("user"))
            label = None


def run(room: Trials, logs: Path, only: tuple[str, ...] = ()) -> list[FileResult]:
    """Every file with labels, or those named."""
    paths = [path for folder in FOLDERS for path in sorted((logs / folder).iterdir()) if path.is_file()]
    read = [(path.name, list(labelled(path))) for path in paths if not only or path.name in only]
    return [_file(room, name, lines) for name, lines in read if lines]


def _file(room: Trials, name: str, lines: list[Line]) -> FileResult:
    logs, index_of = of_lines(name, [line.text for line in lines])
    result = tried(room, logs, None)
    became = {index_of[place]: event for place, event in result.events.items() if place in index_of}
    known = set(index_of.values())
    found, other, unread, counted = [], 0, 0, 0
    for index, line in enumerate(lines):
        event = became.get(index)
        failed = event is not None and event.attempt and event.outcome == "failure"
        if not line.match:
            counted += failed
        elif failed and event is not None and event.source_ip == line.host:
            found.append(line)
        elif event is not None and event.source_ip == line.host:
            other += 1
        elif index not in known:
            unread += 1
    first = {line.host: line.text for line in reversed(found)}
    repeated = _repeated(room, first)
    passed = sum(not line.match for line in lines)
    failed_lines = len(lines) - passed
    return FileResult(name, failed_lines, len(found), other, unread, repeated, len(first), passed, counted)


def _repeated(room: Trials, first: dict[str, str]) -> int:
    """For how many addresses the line, written so often, makes the rule of brute force fire."""
    logs: list[TrialLog] = []
    for host, text in first.items():
        logs += of_lines(host, [text] * REPEATED)[0]
    result: Tried = tried(room, logs, rules(_BRUTE_FORCE)) if logs else Tried()
    return len({host for host in first for hit in result.hits if host in hit.entities})


HEAD = ("file", "failed sign-ins", "found", "as another event", "format unknown", "missed")
HEAD_MORE = ("brute force fires", "not to be counted", "counted")


def section(results: list[FileResult]) -> str:
    """The part of the document."""
    failed, found = sum(item.failed for item in results), sum(item.found for item in results)
    passed, counted = sum(item.passed for item in results), sum(item.counted for item in results)
    unread, missed = sum(item.unread for item in results), sum(item.missed for item in results)
    other, written = sum(item.other for item in results), [item for item in results if item.failed]
    about = paragraph(
        "A line that fail2ban's tests call a failed sign-in by an address must be a row of `authentication` with",
        f"outcome `failure` and that address: {share(found, failed)} in {len(written)} files. Of the rest,",
        f"{other} are read as another event of that address (a request for a missing page, a refused connection,",
        f"a second line about a sign-in that is counted already), {unread} are in a format that is not known",
        f"here, and {missed} are read without the address or the outcome, because no program of `parse/programs`",
        f'knows the daemon or the wording. "Brute force fires": addresses whose line, {REPEATED} times over,',
        'makes "Brute force, many failed sign-ins from one address" fire. Of the lines that fail2ban does not',
        f"count, {share(counted, passed)} are failed sign-ins here; it leaves some out on purpose, because they",
        "repeat another line or depend on its mode.",
    )
    rows = table([*HEAD, *HEAD_MORE], [item.row for item in results])
    return f"## fail2ban: failed sign-ins, line by line\n\n{about}\n\n{rows}\n"
