"""Windows events as the `evtx` library and evtx_dump write them: JSON with attributes in members of their own."""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import Any

from breachwatch.parse.lines import UnreadableError
from breachwatch.parse.windows_shapes import WindowsEvent, as_text, guid, integer, keywords_text, put, set_system

_LONGEST_NAME = 64  # of what is remembered about names
_LARGE = 10**20  # numbers of fewer digits than `integer` takes
_DEEPEST = 32  # levels of UserData; real events have three

_ATTRIBUTES_ONLY = frozenset({"#attributes"})
_TEXT_AND_ATTRIBUTES = frozenset({"#attributes", "#text"})
_ATTRIBUTED = ("Provider", "TimeCreated", "Correlation", "Execution", "Security")
_LEAVES = ("Version", "Level", "Task", "Opcode", "Keywords", "EventRecordID", "Channel", "Computer")
_SYSTEM = frozenset(("EventID", *_ATTRIBUTED, *_LEAVES))
_PARTS_WITH_ATTRIBUTES = itemgetter(*_ATTRIBUTED)
_SAME_IN_ALL = itemgetter("Version", "Level", "Task", "Opcode", "Keywords", "Channel", "Computer")
_KEY_TYPES = frozenset({str, int, type(None)})  # equal ones of these are of one type
_NOTHING: dict[str, Any] = {}


def from_evtx_json(document: Any) -> WindowsEvent:
    """An event as the `evtx` library and evtx_dump write it: `{"Event": {"System": ..., "EventData": ...}}`."""
    body = document.get("Event") if isinstance(document, dict) else None
    system = body.get("System") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(system, dict):
        raise UnreadableError("the record has no Event with a System part")
    event = WindowsEvent()
    if not set_usual_system(event, system) and not set_plain_system(event, system):
        set_system(event, system_parts(system))
    for part, content in body.items():
        if part == "RenderingInfo" and isinstance(content, dict):
            event.message = as_text(content.get("Message"))
        elif part not in ("System", "#attributes", "RenderingInfo"):
            _leaves(event.data, part, content, 0)
    return event


def system_parts(system: dict[str, Any]) -> dict[str, str | None]:
    """The leaves of a System part, however it is laid out, for `set_system`."""
    parts: dict[str, str | None] = {}
    for name, value in system.items():
        if name.endswith("_attributes") and isinstance(value, dict):  # evtx_dump --separate-json-attributes
            parts.update({f"{name.removesuffix('_attributes')}.{key}": as_text(item) for key, item in value.items()})
        elif isinstance(value, dict):
            attributes = value.get("#attributes")
            if isinstance(attributes, dict):
                parts.update({f"{name}.{key}": as_text(item) for key, item in attributes.items()})
            parts[name] = as_text(value.get("#text"))
        else:
            parts[name] = as_text(value)
    return parts


def _leaves(data: dict[str, str], name: str, value: Any, depth: int) -> None:
    """Leaf values under their own names. Attributes count as leaves, name spaces do not."""
    if not isinstance(value, dict):
        put(data, name, value)
        return
    if depth > _DEEPEST:
        raise UnreadableError(f"the event's data is nested deeper than {_DEEPEST} levels")
    for key, item in value.items():
        if type(item) is str and len(key) <= _LONGEST_NAME and _is_plain(key) and key not in data:  # nearly all are
            data[key] = item if "\r" not in item else item.replace("\r\n", "\n")
        elif key == "#attributes" or key.endswith("_attributes"):
            for attribute, text in item.items() if isinstance(item, dict) else ():
                if not attribute.startswith("xmlns"):
                    put(data, f"{name}{attribute}" if name == "EventData" else attribute, text)
        elif key == "#text":
            put(data, name, item)
        else:
            _leaves(data, key, item, depth + 1)


@lru_cache(maxsize=8192)
def _is_plain(name: str) -> bool:
    """Whether a member is a leaf by its name, and none whose text is written in another way."""
    return not (name.startswith("#") or name.endswith("_attributes") or name[-4:].lower() == "guid")


def set_usual_system(event: WindowsEvent, system: dict[str, Any]) -> bool:
    """What `set_plain_system` does, for a System part of which every element is there; False for another.

    What a provider writes into all its events of one kind is read once.
    """
    if len(system) != len(_SYSTEM) or not system.keys() >= _SYSTEM:
        return False
    attributes = [_attributes(value) for value in _PARTS_WITH_ATTRIBUTES(system)]
    if None in attributes:
        return False
    provider, created, correlation, execution, security = attributes
    named = system["EventID"], provider.get("Name"), provider.get("Guid"), provider.get("EventSourceName")
    kind = *named, *_SAME_IN_ALL(system), security.get("UserID")
    single = system["EventRecordID"], execution.get("ProcessID"), execution.get("ThreadID")
    if not _KEY_TYPES.issuperset(map(type, kind)) or not _KEY_TYPES.issuperset(map(type, single)):
        return False
    common, before, after = _common(kind)
    (event.event_id, event.level, event.task, event.opcode, event.channel, event.computer) = common[:6]
    (event.provider, event.keywords, event.user_id) = common[6:]
    event.record_id, event.process_id = _integer(single[0]), _integer(single[1])
    event.time_text = as_text(created.get("SystemTime")) or None
    more = event.more = before.copy()
    if thread := as_text(single[2]):
        more["ThreadID"] = thread
    if correlation:
        for name in ("ActivityID", "RelatedActivityID"):
            if text := as_text(correlation.get(name)):
                more[name] = guid(text)
    more.update(after)
    return True


@lru_cache(maxsize=1024)
def _common(kind: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, str], dict[str, str]]:
    """What the same values in a System part always become: fields, and what of `more` stands first and last."""
    number, name, own_guid, source_name, *same, user_id = kind
    event = WindowsEvent()
    system = dict(zip(("Version", "Level", "Task", "Opcode", "Keywords", "Channel", "Computer"), same, strict=True))
    provider = {"Name": name, "Guid": own_guid, "EventSourceName": source_name}
    system |= {
        "EventID": number,
        "Provider": {"#attributes": provider},
        "Security": {"#attributes": {"UserID": user_id}},
    }
    set_plain_system(event, system)
    fields = event.event_id, event.level, event.task, event.opcode, event.channel, event.computer
    before = {key: text for key, text in event.more.items() if key == "Version"}
    after = {key: text for key, text in event.more.items() if key != "Version"}
    return (*fields, event.provider, event.keywords, event.user_id), before, after


def set_plain_system(event: WindowsEvent, system: dict[str, Any]) -> bool:
    """Fill the System part if it is laid out as Windows itself writes it, as nearly all are; False where it is not.

    What it fills is what `set_system` makes of `system_parts`.
    """
    if not system.keys() <= _SYSTEM:
        return False
    attributes = [_attributes(system.get(name)) for name in _ATTRIBUTED]
    leaves = [system.get(name) for name in _LEAVES]
    number = _event_id(system.get("EventID"))
    if None in attributes or dict in map(type, leaves) or number is None:
        return False
    provider, created, correlation, execution, security = attributes
    event.event_id = _integer(number[0])
    version, level, task, opcode, keywords, record_id, channel, computer = leaves
    event.level, event.task, event.opcode = _integer(level), _integer(task), _integer(opcode)
    event.record_id, event.process_id = _integer(record_id), _integer(execution.get("ProcessID"))
    event.channel = as_text(channel) or None
    event.computer = as_text(computer) or None
    source_name = as_text(provider.get("EventSourceName"))
    event.provider = as_text(provider.get("Name")) or source_name or None
    event.keywords = keywords_text(as_text(keywords))
    event.user_id = as_text(security.get("UserID")) or None
    event.time_text = as_text(created.get("SystemTime")) or None
    activity = as_text(correlation.get("ActivityID")), as_text(correlation.get("RelatedActivityID"))
    own_guid = as_text(provider.get("Guid"))
    more = (
        ("Version", as_text(version)),
        ("Qualifiers", as_text(number[1])),
        ("ThreadID", as_text(execution.get("ThreadID"))),
        ("ActivityID", activity[0] and guid(activity[0])),
        ("RelatedActivityID", activity[1] and guid(activity[1])),
        ("Provider_Guid", own_guid and guid(own_guid)),
        ("EventSourceName", source_name),
    )
    event.more = {name: text for name, text in more if text}
    return True


def _attributes(value: Any) -> Any:
    """The attributes of an element that has nothing else; None where it has."""
    if value is None:
        return _NOTHING
    if type(value) is not dict or value.keys() != _ATTRIBUTES_ONLY:
        return None
    found = value["#attributes"]
    return found if type(found) is dict else None


def _event_id(value: Any) -> tuple[Any, Any] | None:
    """Number and qualifiers; None where the element has more than these."""
    if type(value) is not dict:
        return value, None
    attributes = value.get("#attributes")
    if not value.keys() <= _TEXT_AND_ATTRIBUTES or type(attributes) is not dict:
        return None
    return value.get("#text"), attributes.get("Qualifiers")


def _integer(value: Any) -> int | None:
    """`integer` of the value's text."""
    if type(value) is int and -_LARGE < value < _LARGE:
        return value
    return integer(as_text(value))
