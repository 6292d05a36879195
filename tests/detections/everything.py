"""All logs there are to try rules on: the development data, labelled lines without their labels, and the rules' cases.

Lines of many small files go into one log for each format, which lands in a fraction of the time. Long text logs, which
say the same over and over, are cut; with BREACHWATCH_EVERYTHING=1 in the environment they are read whole.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.trial import TrialLog
from breachwatch.model.formats import HEAD_BYTES, format_named, recognise

_LONG = ("syslog", "web-access", "journald-json")
_APART = frozenset({"_truth", "licenses", "_rules", "_metadata"})
_NO_LOGS = (".md", ".yml", ".yaml", ".assert", ".golden", ".parse1", "_vectors.jsonl", "manifest.jsonl")
"""Expectations and descriptions beside the logs."""
_TEXT_BYTES = None if os.environ.get("BREACHWATCH_EVERYTHING") else 100_000
_INI = re.compile(r"log \d+ (?:pass|fail) *= *(.*)")


def everything(logs: Path) -> Iterator[TrialLog]:
    """Every log that some parser of ours reads."""
    lines: dict[str, list[str]] = {}
    for path in sorted(logs.rglob("*")):
        if not path.is_file() or path.name.endswith(_NO_LOGS) or _APART & set(path.relative_to(logs).parts):
            continue
        if (path.suffix, path.relative_to(logs).parts[0]) == (".json", "sigma-regression"):
            continue  # the events of the EVTX beside it
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        labelled = list(_labelled(path, data))
        for line in labelled:
            known = recognise(line.encode() + b"\n")
            if known is not None:
                lines.setdefault(known.name, []).append(line)
        known = None if labelled else recognise(data[:HEAD_BYTES])
        if known is not None:
            most = _TEXT_BYTES if known.name in _LONG else None
            yield TrialLog(path.relative_to(logs).as_posix(), known.name, data[:most])
    for form, line in _of_cases():
        lines.setdefault(form, []).append(line)
    for form, listed in lines.items():
        yield TrialLog(f"lines as {form}", form, "".join(f"{line}\n" for line in listed).encode())


def _labelled(path: Path, data: bytes) -> Iterator[str]:
    """The lines of a file of labelled lines; none of another."""
    if path.name.endswith(".labelled.jsonl"):
        yield from (json.dumps(json.loads(line)["log"], separators=(",", ":")) for line in data.splitlines())
    elif path.suffix == ".ini":
        found = map(_INI.match, data.decode("utf-8", "replace").splitlines())
        yield from (line[1] for line in found if line and line[1])
    elif b"# failJSON" in data:
        yield from (line for line in data.decode("utf-8", "replace").splitlines() if line and not line.startswith("#"))


def _of_cases() -> Iterator[tuple[str, str]]:
    """The lines of all cases of our rules, with their formats."""
    for path in sorted((builtin_folder() / "cases").glob("*.yml")):
        said = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for case in (*said["positive"], *said["negative"]):
            for given in case.get("inputs", [case]):
                form = format_named(given["format"]).name
                yield from ((form, _once(line)) for line in given["lines"])


def _once(line: str | Mapping[str, Any]) -> str:
    """A line; of one that is repeated at other times, the first."""
    if isinstance(line, str):
        return line
    return str(line["line"]).replace("{time}", str(line["start"]).replace(" ", "T")).replace("{n}", "1")
