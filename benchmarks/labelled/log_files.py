"""Every file of the development data as a case: which are logs, in what format, and what labels belong to them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from benchmarks.labelled import line_labels, record_labels
from benchmarks.labelled.signins import UNREAD, Case, SignIn, numbered
from benchmarks.labelled.trying import form_of, of_lines
from breachwatch.collect.json_records import JsonRecords
from breachwatch.detect.trial import TrialLog

FOLDERS: Final = (
    *("linux-auth", "linux-auditd", "journald", "utmp", "syslog-rfc5424", "firewall-vpn", "web-access"),
    *("windows-evtx", "windows-json", "sigma-regression", "entra-azure", "m365", "okta", "google-workspace"),
    *("aws-cloudtrail", "saas-other"),
)

_NO_LOGS: Final = ("*.assert", "*.yaml", "*.yml", "*.golden", "*Parsed", "*_parsed", "*_vectors.jsonl", "*.parse1")
"""Expectations beside the logs, and messages that stand one by one with theirs."""


def is_log(path: Path, logs: Path) -> bool:
    """Whether a file is a log as its program wrote it, and not an expectation, a list of labels or a wrapper."""
    parts = path.relative_to(logs).parts
    if parts[0] not in FOLDERS or any(part in ("_rules", "_metadata", "reassembly") for part in parts):
        return False
    if any(path.match(pattern) for pattern in (*_NO_LOGS, "*.ini", "*.labelled.jsonl", "bsd/*")):
        return False
    return not (path.parent.name == "fail2ban" and b"# failJSON" in path.read_bytes())


def log_files(logs: Path) -> list[Path]:
    """Every file that is a log."""
    return sorted(path for path in logs.rglob("*") if path.is_file() and is_log(path, logs))


def read_log(path: Path) -> bytes:
    """A log's bytes, unpacked."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def cases(logs: Path, only: tuple[str, ...] = ()) -> Iterator[Case]:
    """Every case, or those of the named folders."""
    for case in (*line_labels.fail2ban_cases(logs), *line_labels.ini_cases(logs), *line_labels.crowdsec_cases(logs)):
        if not only or case.folder in only:
            yield case
    for path in sorted(logs.glob("*/panther-analysis/*.labelled.jsonl")):
        if not only or path.relative_to(logs).parts[0] in only:
            yield _panther(path, logs)
    for path in log_files(logs):
        if "crowdsec-hub" not in path.parts and (not only or path.relative_to(logs).parts[0] in only):
            yield _file(path, logs)


def _file(path: Path, logs: Path) -> Case:
    parts = path.relative_to(logs).parts
    name, data = "/".join(parts[1:]), read_log(path)
    form = form_of(data)
    if form is None:
        return Case(parts[0], name, [], unread=sum(bool(line.strip()) for line in data.split(b"\n")))
    case = Case(parts[0], name, [TrialLog(name, form, data)])
    if form == "evtx":  # records of damaged files have no common numbers: compared by their values
        case.signins = list(record_labels.of_evtx(str(path)))
    else:
        case.signins = numbered(name, _labels(path, logs, form, data))
    return case


def _labels(path: Path, logs: Path, form: str, data: bytes) -> list[SignIn | None]:
    """What is known of each record, in their order."""
    if form == "utmp":
        return record_labels.of_utmp_dump(_dump(logs), path.relative_to(logs).as_posix())
    if form == "cloud-json":
        spans = JsonRecords(0).feed(data)
        return [record_labels.of_document(json.loads(data[start:end])) for start, end in spans]
    lines = data.decode("utf-8", "replace").split("\n")
    if form == "windows-json":
        return [record_labels.of_windows(_document(line)) for line in lines]
    if form in ("syslog", "journald-json") and path.relative_to(logs).parts[0] in ("linux-auth", "journald"):
        texts = [_message(line) for line in lines] if form == "journald-json" else lines
        return [record_labels.of_sshd(text) for text in texts]
    return []


def _panther(path: Path, logs: Path) -> Case:
    documents = [json.loads(line)["log"] for line in path.read_text(encoding="utf-8").splitlines()]
    folder, name = path.relative_to(logs).parts[0], f"panther-analysis/{path.name}"
    lines = [json.dumps(document, separators=(",", ":")) for document in documents]
    found, index_of = of_lines(name, lines)
    places = {index: place for place, index in index_of.items()}
    case = Case(folder, name, found, unread=len(lines) - len(places))
    for index, document in enumerate(documents):
        label = record_labels.of_document(document)
        if label is not None:
            place = places.get(index) or (UNREAD, index)
            case.signins.append(SignIn(label.outcome, label.user, label.source, place))
    return case


@lru_cache(maxsize=1)
def _dump(logs: Path) -> str:
    return (logs / "_truth" / "utmpdump.txt").read_text(encoding="utf-8")


def _document(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _message(line: str) -> str:
    entry = _document(line)
    if not isinstance(entry, dict):
        return ""
    return f"{entry.get('SYSLOG_IDENTIFIER')}: {entry.get('MESSAGE')}"
