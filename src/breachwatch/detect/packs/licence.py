"""Which licence a rule pack is under, read from the licence file in it.

The Detection Rule License 1.1 (SigmaHQ's) asks two things of whoever runs its rules: to keep the `author` of a rule
visible wherever the rule or a message about its match is shown, and to pass the licence on with the rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

NOT_STATED = "not stated"
NOT_RECOGNISED = "not recognised"
LICENCE_BYTES = 256 * 1024

_FILE = re.compile(r"(licen[cs]e|copying)([-_.].*)?", re.IGNORECASE)
_SUFFIXES = frozenset({"", ".txt", ".md", ".rst"})
# SPDX identifier, and words that only this licence has (or a text that names it); the first that fits counts.
_KNOWN = (
    ("DRL-1.1", r"detection rule licen[cs]e[^\n]{0,40}1\.1|\bDRL[- ]1\.1"),
    ("DRL-1.0", r"detection rule licen[cs]e[^\n]{0,40}1\.0|\bDRL[- ]1\.0"),
    ("Elastic-2.0", r"elastic license[^\n]{0,20}2\.0"),
    ("Apache-2.0", r"apache license\s*,?\s*version 2\.0"),
    ("AGPL-3.0-only", r"gnu affero general public license\s+version 3"),
    ("LGPL-3.0-only", r"gnu lesser general public license\s+version 3"),
    ("GPL-3.0-only", r"gnu general public license\s+version 3"),
    ("GPL-2.0-only", r"gnu general public license\s+version 2"),
    ("MPL-2.0", r"mozilla public license,?\s+version 2\.0"),
    ("MIT", r"permission is hereby granted, free of charge, to any person obtaining a copy"),
    ("BSD-3-Clause", r"redistribution and use in source and binary forms.*neither the name"),
    ("BSD-2-Clause", r"redistribution and use in source and binary forms"),
    ("CC-BY-SA-4.0", r"attribution-sharealike 4\.0"),
    ("CC-BY-4.0", r"attribution 4\.0 international"),
    ("CC0-1.0", r"cc0 1\.0 universal"),
    ("Unlicense", r"this is free and unencumbered software released into the public domain"),
)


@dataclass(frozen=True, slots=True)
class Licence:
    """An SPDX identifier, or that there is none; and where that was read."""

    name: str
    read_from: str

    @property
    def wants_authors(self) -> bool:
        """Whether the authors of rules must stay visible. They do so whatever the licence; this says that they must."""
        return self.name.startswith("DRL-")


def is_licence_file(name: str) -> bool:
    """Whether a file of that path holds a licence: LICENSE, LICENCE.txt, COPYING ... at most one folder deep."""
    path = PurePosixPath(name)
    return len(path.parts) <= 2 and _FILE.fullmatch(path.name) is not None and path.suffix.lower() in _SUFFIXES


def licence_in(name: str, text: str) -> Licence:
    """The licence that a licence file's text is, or names."""
    for identifier, words in _KNOWN:
        if re.search(words, text[:LICENCE_BYTES], re.IGNORECASE | re.DOTALL):
            return Licence(identifier, name)
    return Licence(NOT_RECOGNISED, name)
