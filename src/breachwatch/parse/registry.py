"""Which parser reads which format. A parser's module is imported when its format is first met.

To add a log: write `parse/<format>.py` with one function of the shape `breachwatch.parse.base.Parser`, and name format
and function in the table of `breachwatch.model.formats`. Nothing is to be done here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Final

from breachwatch.errors import UnknownNameError
from breachwatch.model.formats import FORMATS
from breachwatch.model.segment import Batch, Segment
from breachwatch.parse.base import Parser

if TYPE_CHECKING:
    from breachwatch.settings import Limits

_BLOCKS: Final = {
    "cloud-json": "cloud.blocks",
    "evtx": "evtx_blocks",
    "journald-json": "journal_blocks",
    "syslog": "syslog_blocks",
}
BlockParser = Callable[[Segment, BinaryIO, "Limits", int], Iterator[Batch]]


class _Parsers(Mapping[str, Parser]):
    """Parsers by format; looking one up imports it."""

    def __getitem__(self, name: str) -> Parser:
        module, function = FORMATS[name].parser.split(":")
        parser: Parser = getattr(import_module(f"breachwatch.parse.{module}"), function)
        return parser

    def __iter__(self) -> Iterator[str]:
        return iter(FORMATS)

    def __len__(self) -> int:
        return len(FORMATS)


PARSERS: Mapping[str, Parser] = _Parsers()
"""Every parser by the name of its format."""


def parser_for(format_name: str) -> Parser:
    """The parser of that format; raises UnknownNameError."""
    if format_name not in PARSERS:
        raise UnknownNameError("parser", format_name, PARSERS)
    return PARSERS[format_name]


def block_parser_for(segment: Segment, limits: Limits) -> BlockParser | None:
    """What reads a segment many records at once, giving what its parser gives; None where there is no such thing."""
    module = _BLOCKS.get(segment.format)
    if module is None or (segment.format == "syslog" and segment.size > limits.segment_bytes):
        return None
    return import_module(f"breachwatch.parse.{module}").parse_blocks  # type: ignore[no-any-return]
