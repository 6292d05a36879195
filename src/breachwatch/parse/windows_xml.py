"""Windows events as XML: one `<Event>` a line, as Windows renders them and forwarders pass them on, or in any layout.

A line may hold the XML declaration or the opening or closing tag of a surrounding `<Events>`; those become no rows, so
they are rejects unless they stand on the same line as an event. The XML is read with expat from the standard library;
a DTD or an entity declaration ends the record at once, so nothing is expanded and nothing outside is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.parsers import expat

from breachwatch.collect.xml_records import XmlRecords
from breachwatch.model.segment import Segment
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.cloud.records import split_scanned
from breachwatch.parse.lines import UnreadableError, read_lines, read_split
from breachwatch.parse.windows_event import event_row
from breachwatch.parse.windows_shapes import WindowsEvent, put, set_system
from breachwatch.settings import Limits

_DEEPEST = 32
_MOST_ELEMENTS = 20_000
_VIEW_BEGINS = 1024
_COPIED_VIEW = re.compile(
    r">\s{0,64}- <System"
)  # an event copied from a browser's view: each element that folds has a mark
_COPIED_MARK = re.compile(r"(^|>\s{0,64})- (?=<)")
_OPENING = re.compile(r"\ufeff?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<Events\b[^>]{0,500}>\s*)?")


def parse_windows_xml(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every line as one event or one reject."""
    return read_lines(segment, data, limits, _read)


def parse_windows_xml_events(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every `<Event>` as one event or one reject, however they are laid out; other text between them as rejects."""
    return read_split(segment, split_scanned(XmlRecords(0), data, limits), limits, _read)


def _read(text: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    return event_row(from_xml(text))


def from_xml(text: str) -> WindowsEvent:
    """One event from its XML. Raises UnreadableError for what is no well-formed Windows event, and for any DTD."""
    opening = _OPENING.match(text)
    text = text[opening.end() :] if opening else text
    if _COPIED_VIEW.search(text, 0, _VIEW_BEGINS):
        text = _COPIED_MARK.sub(r"\1", text)
    reader = _Reader()
    try:
        reader.parser.Parse(text.rstrip().removesuffix("</Events>"), True)
    except expat.ExpatError as error:
        raise UnreadableError(f"not well-formed XML ({expat.ErrorString(error.code)})") from None
    if not reader.system:
        raise UnreadableError("the record has no Event with a System part")
    set_system(reader.event, reader.system)
    return reader.event


class _Reader:
    """Collects the leaves of one `<Event>` as expat meets them."""

    def __init__(self) -> None:
        self.event = WindowsEvent()
        self.system: dict[str, str | None] = {}
        self._path: list[str] = []
        self._names: list[str] = []  # under which name the text of each open element is kept
        self._texts: list[list[str]] = []
        self._leaf: list[bool] = []
        self._elements = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.EntityDeclHandler = _refuse
        self.parser.ExternalEntityRefHandler = _refuse

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._elements += 1
        if len(self._path) >= _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise UnreadableError("the event's XML is nested too deep or has too many elements")
        if self._leaf:
            self._leaf[-1] = False
        self._path.append(name)
        self._texts.append([])
        self._leaf.append(True)
        self._names.append(name)
        self._attributes(name, attributes)

    def _attributes(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) < 2:
            return
        part = self._path[1]
        if part == "System":
            self.system.update({f"{name}.{key}": text for key, text in attributes.items()})
        elif part != "RenderingInfo":
            for key, text in attributes.items():
                if key == "Name" and len(self._path) == 3 and part == "EventData":
                    self._names[-1] = text
                elif not key.startswith("xmlns"):
                    put(self.event.data, f"{name}{key}" if name == "EventData" else key, text)

    def _text(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def _end(self, tag: str) -> None:
        del tag
        text = "".join(self._texts.pop())
        name, leaf = self._names.pop(), self._leaf.pop()
        path, part = self._path, self._path[1] if len(self._path) > 1 else ""
        if leaf and len(path) == 3:
            if part == "System":
                self.system[name] = text.strip()
            elif part == "RenderingInfo":
                if name == "Message":
                    self.event.message = text
            else:
                put(self.event.data, name, text)
        elif leaf and len(path) > 3 and part not in ("System", "RenderingInfo"):
            put(self.event.data, name, text)
        path.pop()


def _refuse(*_: object) -> int:
    raise UnreadableError("the XML declares a document type or an entity, which no Windows event does")
