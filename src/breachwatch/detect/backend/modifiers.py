"""Modifiers where pySigma refuses, or does otherwise than, what the Sigma specification says.

- `utf16le`, which pySigma lacks, and characters beyond ASCII under `wide`, `utf16`, `utf16be`, `utf16le`: what Base64
  gets are the bytes, which no text has to hold;
- Base64, UTF-16 and `cased` texts keep their case, whatever modifier comes after;
- `windash` with more dashes than can be written out: each becomes a class of characters;
- `startswith` and `endswith` of a regular expression anchor it.

Sigma specification 2.1, appendix "Modifiers".
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from sigma.exceptions import SigmaValueError
from sigma.modifiers import (
    SigmaBase64Modifier,
    SigmaBase64OffsetModifier,
    SigmaContainsModifier,
    SigmaEndswithModifier,
    SigmaModifier,
    SigmaStartswithModifier,
    SigmaUTF16BEModifier,
    SigmaUTF16Modifier,
    SigmaValueModifier,
    SigmaWideModifier,
    SigmaWindowsDashModifier,
    modifier_mapping,
)
from sigma.types import (
    Placeholder,
    SigmaCasedString,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaRegularExpression,
    SigmaString,
    SigmaType,
)

DASHES = "-/\N{EN DASH}\N{EM DASH}\N{HORIZONTAL BAR}"
"""What `windash` takes for one another."""

_DASH = re.compile(r"\B[-/]\b")
_WRITTEN_OUT = 3  # five to this power alternatives


@dataclass
class Dash(Placeholder):
    """A dash of a `windash` value with many of them: any of DASHES."""

    name: str = "windash"


class EncodedString(SigmaCasedString):
    """A text in UTF-16, as the bytes that Base64 will get. `s` holds it as text where its bytes are some."""

    data: bytes = b""


class _Utf16(SigmaValueModifier[SigmaString, SigmaString]):
    codec: ClassVar[str] = "utf-16le"
    mark: ClassVar[str] = ""

    def modify(self, val: SigmaString) -> SigmaString:
        encoded = EncodedString()
        parts = [self.mark, *val.s] if self.mark else val.s
        encoded.s = [self._text(part) if isinstance(part, str) else part for part in parts]
        if not val.contains_special():
            encoded.data = (self.mark + bytes(val).decode()).encode(self.codec)
        return encoded

    def _text(self, part: str) -> str:
        # Two characters for each of ASCII, one of them NUL: how such a text reads in a log that knows no UTF-16.
        return part if part == self.mark else "".join(char.encode(self.codec).decode("latin-1") for char in part)


class Wide(_Utf16, SigmaWideModifier):
    """UTF-16, little-endian (`wide`, `utf16le`)."""


class Utf16BE(_Utf16, SigmaUTF16BEModifier):
    """UTF-16, big-endian."""

    codec = "utf-16be"


class Utf16(_Utf16, SigmaUTF16Modifier):
    """UTF-16, little-endian, with the byte order mark before it."""

    mark = "\ufeff"


class Base64(SigmaBase64Modifier):
    """Base64 of a text's UTF-8, or of the UTF-16 that the modifiers before made of it; it keeps its case."""

    def modify(self, val: SigmaString) -> SigmaString:
        return _cased(b64encode(_data(val)).decode())


class Base64Offset(SigmaBase64OffsetModifier):
    """The three Base64 texts that a text can be inside of a longer one."""

    def modify(self, val: SigmaString) -> SigmaExpansion:
        data = _data(val)
        starts, ends = self.start_offsets, self.end_offsets
        return SigmaExpansion(
            [
                _cased(b64encode(b" " * offset + data).decode()[starts[offset] : ends[(len(data) + offset) % 3]])
                for offset in range(3)
            ]
        )


class Windash(SigmaWindowsDashModifier):
    """Dashes and slashes before a word, each any of the five that Windows takes."""

    def modify(self, val: SigmaString) -> Any:
        if sum(len(_DASH.findall(part)) for part in val.s if isinstance(part, str)) <= _WRITTEN_OUT:
            expanded = super().modify(val)
            expanded.values = [_like(val, item) for item in expanded.values]
            return expanded
        marked = type(val)()
        marked.s = [piece for part in val.s for piece in _dashed(part)]
        return marked


class StartsWith(SigmaStartswithModifier):
    """At the beginning; of a regular expression too."""

    def modify(self, val: SigmaString | SigmaRegularExpression | SigmaFieldReference) -> Any:
        return _anchored(val, r"\A(?:", ")") if isinstance(val, SigmaRegularExpression) else super().modify(val)


class EndsWith(SigmaEndswithModifier):
    """At the end; of a regular expression too."""

    def modify(self, val: SigmaString | SigmaRegularExpression | SigmaFieldReference) -> Any:
        return _anchored(val, "(?:", r")\z") if isinstance(val, SigmaRegularExpression) else super().modify(val)


class Contains(SigmaContainsModifier):
    """Anywhere; a regular expression is looked for anywhere as it is."""

    def modify(self, val: SigmaString | SigmaRegularExpression | SigmaFieldReference) -> Any:
        return val if isinstance(val, SigmaRegularExpression) else super().modify(val)


MODIFIERS: Mapping[str, type[SigmaModifier[Any, Any]]] = MappingProxyType(
    {
        **modifier_mapping,
        "base64": Base64,
        "base64offset": Base64Offset,
        "contains": Contains,
        "endswith": EndsWith,
        "startswith": StartsWith,
        "utf16": Utf16,
        "utf16be": Utf16BE,
        "utf16le": Wide,
        "wide": Wide,
        "windash": Windash,
    }
)
"""Every modifier by its name in a rule."""


def _cased(text: str) -> SigmaCasedString:
    made = SigmaCasedString()
    made.s = [text]
    return made


def _data(val: SigmaString) -> bytes:
    if val.contains_special() or val.contains_placeholder():
        msg = "a text with wildcards has no Base64"
        raise SigmaValueError(msg)
    return val.data if isinstance(val, EncodedString) else bytes(val)


def _like(model: SigmaString, value: SigmaType) -> SigmaType:
    """The value, case-sensitive where the model is; pySigma forgets it."""
    if isinstance(model, SigmaCasedString) and isinstance(value, SigmaString):
        return SigmaCasedString.from_sigma_string(value)
    return value


def _dashed(part: Any) -> list[Any]:
    if not isinstance(part, str):
        return [part]
    pieces: list[Any] = []
    at = 0
    for found in _DASH.finditer(part):
        pieces += [part[at : found.start()], Dash()]
        at = found.end()
    return [*pieces, part[at:]]


def _anchored(val: SigmaRegularExpression, before: str, after: str) -> SigmaRegularExpression:
    val.regexp = SigmaString(before + str(val.regexp) + after, escape=False)
    return val
