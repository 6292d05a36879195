"""A bag as it lies on the disk: its files found and hashed once, and read without trust in anything that they say."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from breachwatch.errors import EvidenceError
from breachwatch.evidence.bag import Written, hash_stream
from breachwatch.evidence.content import INCIDENT
from breachwatch.evidence.originals.matches import MATCHES

ITEM = "data/item.json"
"""What a bag of files that somebody handed over says about them; a snapshot of logs has data/incident.json."""
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n\r]+)", re.ASCII)
_SMALL = 64 * 1024 * 1024  # bytes of a manifest, a tag file or a line, beyond which it is not read


class BagOnDisk:
    """The files of a bag, found and hashed once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, os.stat_result] = {}
        self.folders: dict[str, os.stat_result] = {}
        self._walk(folder, "")
        self._hashes: dict[str, Written] = {}

    def _walk(self, folder: Path, prefix: str) -> None:
        self.folders[prefix.rstrip("/")] = folder.stat(follow_symlinks=False)
        with os.scandir(folder) as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    self._walk(Path(entry.path), name + "/")
                else:
                    self.files[name] = entry.stat(follow_symlinks=False)

    def small(self, name: str) -> bytes:
        """A small file whole. Raises EvidenceError where it is missing, no plain file, or not small."""
        with self.open(name) as file:
            content = file.read(_SMALL + 1)
        if len(content) > _SMALL:
            msg = f"{name} is larger than any file of its kind"
            raise EvidenceError(msg)
        return content

    def open(self, name: str) -> BinaryIO:
        """Open a file to read. Raises EvidenceError where it is missing or no plain file."""
        found = self.files.get(name)
        if found is None:
            msg = f"{name} is missing"
            raise EvidenceError(msg)
        if not stat.S_ISREG(found.st_mode):
            msg = f"{name} is no plain file"
            raise EvidenceError(msg)
        return os.fdopen(os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW), "rb")

    def hash(self, name: str) -> Written:
        """The hash of a file, computed on first use."""
        if name not in self._hashes:
            with self.open(name) as file:
                self._hashes[name] = hash_stream(file)
        return self._hashes[name]

    def manifest(self, name: str) -> dict[str, str]:
        """A manifest: SHA-256 by file name. Raises EvidenceError where a line is not as it should be."""
        found: dict[str, str] = {}
        for line in self.small(name).decode("utf-8", errors="replace").split("\n")[:-1]:
            match = _LINE.fullmatch(line)
            if match is None or match[2] in found:
                msg = f"{name} has a line that is no hash, two spaces and a name, or names a file twice"
                raise EvidenceError(msg)
            found[match[2]] = match[1]
        return found

    def json(self, name: str) -> Mapping[str, Any]:
        """A small file with one JSON object. Raises EvidenceError."""
        try:
            value = json.loads(self.small(name))
        except (ValueError, RecursionError) as error:
            msg = f"{name} is no JSON"
            raise EvidenceError(msg) from error
        if not isinstance(value, dict):
            msg = f"{name} is no JSON object"
            raise EvidenceError(msg)
        return value

    def json_lines(self, name: str) -> Iterator[Mapping[str, Any]]:
        """The objects of a file with one in each line. Raises EvidenceError."""
        with self.open(name) as file:
            while line := file.readline(_SMALL):
                try:
                    value = json.loads(line)
                except (ValueError, RecursionError) as error:
                    msg = f"{name} has a line that is no JSON"
                    raise EvidenceError(msg) from error
                if not isinstance(value, dict):
                    msg = f"{name} has a line that is no JSON object"
                    raise EvidenceError(msg)
                yield value


def incident_in(bag: BagOnDisk) -> Mapping[str, Any]:
    """What data/incident.json says, or data/item.json of received files. Raises EvidenceError."""
    return bag.json(ITEM if ITEM in bag.files and INCIDENT not in bag.files else INCIDENT)


def match_lines(bag: BagOnDisk) -> Iterator[Mapping[str, Any]]:
    """The lines of data/matches.jsonl. Raises EvidenceError."""
    return bag.json_lines(MATCHES)
