"""How well logs are understood: every file of the development data, and every labelled sign-in in it.

    .venv/bin/python -m benchmarks.parsing --logs PATH --write docs/parsing-quality.md

`--logs` is the folder of the development data (default: `data/logs` under $BREACHWATCH_SHARED). None of its text goes
into the document, only names of files and counts.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from benchmarks.labelled.command import write_page
from benchmarks.labelled.line_labels import NOT_ABOUT_SIGN_INS
from benchmarks.labelled.log_files import cases, log_files, read_log
from benchmarks.labelled.signins import UNREAD, Case, Score, measured, total
from benchmarks.labelled.table import paragraph, share, table
from benchmarks.labelled.trying import form_of
from breachwatch.detect.trial import Trials

_TITLE = "# How well logs are understood"
_INTRODUCTION = (
    "Made by `python -m benchmarks.parsing --write docs/parsing-quality.md`; not to be edited by hand. Measured",
    "over logs that other projects published with their tests, which are no part of this repository; nothing of",
    "their text is repeated here. `tests/docs/test_parsing_quality.py` measures a part of it anew at every",
    "change, and fails where a figure falls below the published one.",
)
_ABOUT_RECORDS = (
    "Each log is read by the parser that is recognised from its content. Records: what the log holds. Parsed and",
    "rejected add up to them, always. A reject keeps its bytes and a reason; some of these files are damaged or",
    'wrong on purpose. "Format unknown": lines of files, or of labelled tests, in a format that is recognised as',
    "none; without a `format` in the source's settings these would be reported as such and not read.",
)
_ABOUT_SIGN_INS = (
    "A labelled sign-in is a record of which somebody else says that it is an attempt to sign in, and by whom,",
    "from where or how it ended: fail2ban's `failJSON`, CrowdSec's parser and scenario tests, the rule numbers of",
    "OSSEC and Wazuh, `utmpdump`, regular expressions over sshd's lines whose totals `_truth/` confirms, and for",
    "vendors' records their own fields, read a second time apart from the parsers. Found: it is a row of the view",
    "`authentication`. Of those found: user, source address and outcome as the label says, where it says them.",
    "Beside: it is no row, but its event carries the address or the outcome; most are second lines about an",
    'attempt that another line of the same program counts ("Invalid user" before "Failed password"). Not to be',
    "counted: records of which a label says that they are no refused sign-in.",
)


_ABOUT_MISSING = (
    "What is missing, and why. Dovecot's auth process and PAM, which tell of an attempt that the login",
    "process or the daemon tells of, too; connections that ended before anybody gave a name; Apache's lines",
    "about clients that are not authorised or answer a challenge wrongly. Records that another project cut down",
    "to the few members that its test needs (Panther on Google Workspace and AWS): too few to be known by.",
    "Refused recipients of Exim and Postfix, which CrowdSec files under the type of refused sign-ins. SABnzbd",
    "in Dutch.",
)

Scores = dict[tuple[str, str, str], Score]
"""By folder, name of the file and name of the format (`unknown` for lines that are recognised as none)."""


def measure(room: Trials, logs: Path, only: tuple[str, ...] = ()) -> Scores:
    """The score of every file, by the formats in it; `only` names folders."""
    scores: Scores = defaultdict(Score)
    for case in cases(logs, only):
        for part in _by_format(case):
            form = part.logs[0].format if part.logs else "unknown"
            scores[case.folder, case.name, form].add(measured(room, part))
    return scores


def _by_format(case: Case) -> Iterator[Case]:
    """The parts of a case that are of one format each; the lines of labelled tests may be of several."""
    if len(case.logs) + bool(case.unread) < 2:
        yield case
        return
    for log in case.logs:
        signins = [label for label in case.signins if label.place is None or label.place[0] == log.name]
        quiet = [place for place in case.quiet if place[0] == log.name]
        yield Case(case.folder, case.name, [log], signins, quiet)
    unread = [label for label in case.signins if label.place and label.place[0] == UNREAD]
    yield Case(case.folder, case.name, [], unread, unread=case.unread)


def records_by_format(scores: Scores) -> str:
    """The table of records: for each format and folder the files, records, parsed and rejected."""
    summed: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for (folder, _, form), score in scores.items():
        summed[form, folder].append(score)
    rows = [_records_row(form, folder, len(parts), parts) for (form, folder), parts in sorted(summed.items())]
    rows.append(_records_row("all", "", len({key[:2] for key in scores}), list(scores.values())))
    return table(("format", "folder", "files", "records", "parsed", "rejected", "format unknown"), rows)


def _records_row(form: str, folder: str, files: int, parts: list[Score]) -> tuple[object, ...]:
    whole = total(parts)
    return (form, folder, files, whole.records, whole.rows, whole.rejects, whole.unread)


def signin_row(name: str, score: Score) -> tuple[object, ...]:
    """A row of the table of sign-ins."""
    return (
        name,
        score.labelled,
        score.found,
        score.beside,
        f"{score.users_right} of {score.users}",
        f"{score.sources_right} of {score.sources}",
        f"{score.outcomes_right} of {score.outcomes}",
        score.quiet,
        score.counted,
    )


_HEAD = (
    "",
    "labelled",
    "found",
    "beside",
    "user right",
    "source right",
    "outcome right",
    "not to be counted",
    "counted",
)


def document(room: Trials, logs: Path) -> str:
    """The whole document."""
    scores = measure(room, logs)
    whole = total(scores.values())
    by_folder, by_form, by_file = (_summed(scores, index) for index in ((0,), (2,), (0, 1)))
    forms = [signin_row(form, score) for (form,), score in by_form.items() if score.labelled or score.quiet]
    folders = [signin_row(folder, score) for (folder,), score in by_folder.items()]
    folders.append(signin_row("all", whole))
    files = [
        signin_row(": ".join(key), score)
        for key, score in by_file.items()
        if score.labelled and (score.labelled != score.found or _wrong(score))
    ]
    summary = paragraph(
        f"{share(whole.found, whole.labelled)} of the labelled sign-ins are found; of those found the user is right in",
        f"{share(whole.users_right, whole.users)}, the source in {share(whole.sources_right, whole.sources)}, the",
        f"outcome in {share(whole.outcomes_right, whole.outcomes)}. {whole.beside} more are told beside another.",
        *(f"Left out: `{name}` ({why})." for name, why in NOT_ABOUT_SIGN_INS.items()),
    )
    parts = [
        f"{_TITLE}\n\n{paragraph(*_INTRODUCTION)}",
        f"## Records\n\n{paragraph(*_ABOUT_RECORDS)}\n\n{records_by_format(scores)}",
        f"## Sign-ins\n\n{paragraph(*_ABOUT_SIGN_INS)}\n\n{summary}\n\n{paragraph(*_ABOUT_MISSING)}",
        f"### By format\n\n{table(('format', *_HEAD[1:]), forms)}",
        f"### By folder of the development data\n\n{table(('folder', *_HEAD[1:]), folders)}",
        f"### Files with something missing or wrong\n\n{table(('file', *_HEAD[1:]), files)}",
        f"## Files in no known format\n\n{_unknown(logs)}",
    ]
    return "\n\n".join(parts) + "\n"


def _summed(scores: Scores, index: tuple[int, ...]) -> dict[tuple[str, ...], Score]:
    """The scores added up by these parts of their keys, in order."""
    parts: dict[tuple[str, ...], list[Score]] = defaultdict(list)
    for key, score in scores.items():
        parts[tuple(key[place] for place in index)].append(score)
    return {key: total(found) for key, found in sorted(parts.items())}


def _wrong(score: Score) -> bool:
    return (score.users, score.sources, score.outcomes) != (
        score.users_right,
        score.sources_right,
        score.outcomes_right,
    ) or bool(score.counted)


def unknown_files(logs: Path) -> list[str]:
    """Logs that are recognised as no format, by their path below the folder of the development data."""
    return [path.relative_to(logs).as_posix() for path in log_files(logs) if form_of(read_log(path)) is None]


def _unknown(logs: Path) -> str:
    names, known = unknown_files(logs), len(log_files(logs))
    about = paragraph(f"Of {known} logs {len(names)} are recognised as no format that is known here:")
    return about + "\n\n" + "\n".join(f"- {name}" for name in names)


def main() -> int:
    """The command."""
    return write_page("benchmarks.parsing", __doc__, document)


if __name__ == "__main__":
    sys.exit(main())
