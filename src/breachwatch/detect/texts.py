"""Texts of rules: the YAML documents of a file's bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from breachwatch.detect.packs.manifest import Manifest

FILE_BYTES = 1024 * 1024  # SigmaHQ's largest rule file has 60 KiB
DOCUMENTS = 1000  # in one file
SUFFIXES = (".yml", ".yaml")

# A line of --- begins a document even inside a block scalar (YAML 1.2.2, 9.1.2), so that texts can be told apart
# without parsing: one broken document leaves the others of its file whole.
_MARKER = re.compile(r"^---(?:[ \t]+#.*|[ \t]*)\r?$\n?", re.MULTILINE)
# A line that is neither blank nor a comment nor the end of a document. YAML 1.1 has more line breaks than one.
_SAYS_SOMETHING = re.compile(r"(?:^|[\r\x85\u2028\u2029])[^\S\n]*(?!#|\.\.\.)\S", re.MULTILINE)


class RuleText:
    """One YAML document as read. `origin` says where it came from, for people; `pack` names the rule pack it is of.

    `manifest` is what the workspace knows of that pack. A text may be given as a function with its `revision`: it is
    called when the text is first asked for.
    """

    __slots__ = ("_revision", "_text", "manifest", "origin", "pack")

    def __init__(
        self,
        origin: str,
        text: str | Callable[[], str],
        pack: str = "",
        manifest: Manifest | None = None,
        revision: str = "",
    ) -> None:
        self.origin = origin
        self.pack = pack
        self.manifest = manifest
        self._text = text
        self._revision = revision

    @property
    def text(self) -> str:
        if not isinstance(self._text, str):
            self._text = self._text()
        return self._text

    @property
    def revision(self) -> str:
        """SHA-256 of the text."""
        if not self._revision:
            self._revision = hashlib.sha256(self.text.encode()).hexdigest()
        return self._revision

    def of_pack(self, pack: str, manifest: Manifest) -> RuleText:
        """The same text as one of an installed pack."""
        return RuleText(self.origin, self._text, pack, manifest, self._revision)


@dataclass(frozen=True, slots=True)
class LoadProblem:
    """A file or archive, or a part of one, that could not be read, and why."""

    origin: str
    reason: str


def documents(origin: str, data: bytes) -> Iterator[RuleText | LoadProblem]:
    """The YAML documents of one file's bytes."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield LoadProblem(origin, f"is not UTF-8 text: {error.reason} at byte {error.start}")
        return
    pieces = [piece for piece in (_MARKER.split(text) if "---" in text else [text]) if _says_something(piece)]
    if len(pieces) > DOCUMENTS:
        yield LoadProblem(origin, f"holds {len(pieces)} documents, more than {DOCUMENTS}")
        return
    for number, piece in enumerate(pieces, 1):
        yield RuleText(origin if len(pieces) == 1 else f"{origin}, document {number}", piece)


def _says_something(piece: str) -> bool:
    return _SAYS_SOMETHING.search(piece) is not None
