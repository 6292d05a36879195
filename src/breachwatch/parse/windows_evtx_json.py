"""Windows events as the `evtx` library and evtx_dump write them: JSON with attributes in members of their own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from breachwatch.parse.lines import UnreadableError
from breachwatch.parse.windows_shapes import WindowsEvent, as_text, guid, integer, keywords_text, put, set_system

_LONGEST_NAME = 64  # of what is remembered about names
_LONGEST_TEXT = 512  # of a System part that is remembered
_LARGE = 10**20  # numbers of fewer digits than `integer` takes
_DEEPEST = 32  # levels of UserData; real events have three

_ATTRIBUTES_ONLY = frozenset({"#attributes"})
_TEXT_AND_ATTRIBUTES = frozenset({"#attributes", "#text"})
_ATTRIBUTED = ("Provider", "TimeCreated", "Correlation", "Execution", "Security")
_LEAVES = ("Version", "Level", "Task", "Opcode", "Keywords", "EventRecordID", "Channel", "Computer")
_SYSTEM = frozenset(("EventID", *_ATTRIBUTED, *_LEAVES))
_FIRST = frozenset({"Version", "Qualifiers"})  # of `WindowsEvent.more`
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
            put_leaves(event.data, part, content)
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


def put_leaves(data: dict[str, str], name: str, value: Any, depth: int = 0) -> None:
    """Leaf values under their own names. Attributes count as leaves, name spaces do not.

    Raises UnreadableError for data that is nested too deep.
    """
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
            put_leaves(data, key, item, depth + 1)


@lru_cache(maxsize=8192)
def _is_plain(name: str) -> bool:
    """Whether a member is a leaf by its name, and none whose text is written in another way."""
    return not (name.startswith("#") or name.endswith("_attributes") or name[-4:].lower() == "guid")


def set_usual_system(event: WindowsEvent, system: dict[str, Any]) -> bool:
    """What `set_plain_system` does, for a System part that `system_of` can read; False for another."""
    found = system_of(system)
    if found is None:
        return False
    kind, (record_id, process_id, thread_id, created, activity_id, related_id) = found
    common = common_of(kind)
    (event.event_id, event.level, event.task, event.opcode, event.channel, event.computer) = common[:6]
    (event.provider, event.keywords, event.user_id) = common[6:9]
    event.record_id, event.process_id = system_number(record_id), system_number(process_id)
    event.time_text = as_text(created) or None
    more = event.more = common.before.copy()
    if thread := as_text(thread_id):
        more["ThreadID"] = thread
    for name, value in (("ActivityID", activity_id), ("RelatedActivityID", related_id)):
        if text := as_text(value):
            more[name] = guid(text)
    more.update(common.after)
    return True


def system_of(system: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """A System part as what it has in common with others, for `common_of`, and what is its own.

    Its own are record id, process id, thread id, time and the two activity ids: a text, a number or None each. None for
    a System part that is laid out otherwise than Windows writes it.
    """
    if not system.keys() <= _SYSTEM:
        return None
    get = system.get
    attributes = [_attributes(get(name)) for name in _ATTRIBUTED]
    number = _event_id(get("EventID"))
    if None in attributes or number is None:
        return None
    provider, created, correlation, execution, security = attributes
    kind = (
        *number, provider.get("Name"), provider.get("Guid"), provider.get("EventSourceName"), security.get("UserID"),
        get("Version"), get("Level"), get("Task"), get("Opcode"), get("Keywords"), get("Channel"), get("Computer"),
    )  # fmt: skip
    own = (
        get("EventRecordID"), execution.get("ProcessID"), execution.get("ThreadID"), created.get("SystemTime"),
        correlation.get("ActivityID"), correlation.get("RelatedActivityID"),
    )  # fmt: skip
    if not _KEY_TYPES.issuperset(map(type, kind + own)):
        return None
    return (kind, own) if all(type(value) is not str or len(value) <= _LONGEST_TEXT for value in kind) else None


class Common(NamedTuple):
    """What the same values in a System part always become, named as in `WindowsEvent`."""

    event_id: int | None
    level: int | None
    task: int | None
    opcode: int | None
    channel: str | None
    computer: str | None
    provider: str | None
    keywords: str | None
    user_id: str | None
    before: dict[str, str]  # of `more`: what stands before the thread and the activity ids
    after: dict[str, str]


@lru_cache(maxsize=4096)
def common_of(kind: tuple[Any, ...]) -> Common:
    """What the first part of `system_of` says."""
    number, qualifiers, name, own_guid, source_name, user_id, *same = kind
    event = WindowsEvent()
    system = dict(zip(("Version", "Level", "Task", "Opcode", "Keywords", "Channel", "Computer"), same, strict=True))
    provider = {"Name": name, "Guid": own_guid, "EventSourceName": source_name}
    system |= {
        "EventID": {"#attributes": {"Qualifiers": qualifiers}, "#text": number},
        "Provider": {"#attributes": provider},
        "Security": {"#attributes": {"UserID": user_id}},
    }
    set_plain_system(event, system)
    fields = event.event_id, event.level, event.task, event.opcode, event.channel, event.computer
    before = {key: text for key, text in event.more.items() if key in _FIRST}
    after = {key: text for key, text in event.more.items() if key not in _FIRST}
    return Common(*fields, event.provider, event.keywords, event.user_id, before, after)


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
    event.event_id = system_number(number[0])
    version, level, task, opcode, keywords, record_id, channel, computer = leaves
    event.level, event.task, event.opcode = system_number(level), system_number(task), system_number(opcode)
    event.record_id, event.process_id = system_number(record_id), system_number(execution.get("ProcessID"))
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


def system_number(value: Any) -> int | None:
    """`integer` of the text of a value in the System part."""
    if type(value) is int and -_LARGE < value < _LARGE:
        return value
    return integer(as_text(value))
