"""The quick way to read a System part gives what the general one gives."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from breachwatch.parse.windows_evtx_json import set_plain_system, set_usual_system, system_parts
from breachwatch.parse.windows_shapes import WindowsEvent, set_system

GUID = "54849625-5478-4994-A5BA-3E3B0328C30D"
ELEMENTS = ("Provider", "TimeCreated", "Correlation", "Execution", "Security", "EventID", "Version", "Level", "Task")
ELEMENTS = (*ELEMENTS, "Opcode", "Keywords", "EventRecordID", "Channel", "Computer", "Provider_attributes", "Other")
ATTRIBUTES = ("Name", "Guid", "EventSourceName", "SystemTime", "ActivityID", "RelatedActivityID", "ProcessID")
ATTRIBUTES = (*ATTRIBUTES, "ThreadID", "UserID", "Qualifiers")
_LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 70_000), st.sampled_from([10**20, 10**24, -(10**19), 1.5]),
    st.sampled_from(["", "0x8020000000000000", "12", "-", "a\r\nb", "\u0662", GUID, "{" + GUID + "}", "Security"]),
    st.lists(st.sampled_from(["a", 1, None, {"b": 2}]), max_size=2),
)  # fmt: skip
_ATTRIBUTES = st.dictionaries(st.sampled_from(ATTRIBUTES), _LEAF, max_size=4)
_ELEMENT = st.one_of(
    _LEAF,
    st.fixed_dictionaries({"#attributes": _ATTRIBUTES}),
    st.fixed_dictionaries({"#attributes": _ATTRIBUTES, "#text": _LEAF}),
    st.fixed_dictionaries({"#text": _LEAF}),
    st.dictionaries(st.sampled_from(["#attributes", "#text", "More"]), _LEAF, max_size=2),
)
REAL = {
    "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing", "Guid": GUID}},
    "EventID": {"#attributes": {"Qualifiers": 16384}, "#text": 7036},
    "Version": 0,
    "Level": 4,
    "Keywords": "0x8020000000000000",
    "TimeCreated": {"#attributes": {"SystemTime": "2021-04-22T11:32:03.549477Z"}},
    "EventRecordID": 436773,
    "Correlation": None,
    "Execution": {"#attributes": {"ProcessID": 480, "ThreadID": 488}},
    "Channel": "System",
    "Computer": "fs03",
    "Security": {"#attributes": {"UserID": "S-1-5-18"}},
}


@settings(max_examples=400, deadline=None)
@given(system=st.dictionaries(st.sampled_from(ELEMENTS), _ELEMENT))
@example(system=REAL)
def test_a_plain_system_part_is_read_as_any_other(system: dict[str, Any]) -> None:
    quick, slow = WindowsEvent(), WindowsEvent()
    set_system(slow, system_parts(system))
    if set_plain_system(quick, system):
        assert quick == slow
        assert list(quick.more.items()) == list(slow.more.items())
    else:
        assert quick == WindowsEvent()


def test_what_windows_writes_is_plain() -> None:
    assert set_plain_system(WindowsEvent(), dict(REAL))


_USUAL = {**REAL, "EventID": 4624, "Task": 12544, "Opcode": 0}


@settings(max_examples=400, deadline=None)
@given(others=st.dictionaries(st.sampled_from(ELEMENTS), _ELEMENT, max_size=4))
@example(others={})
def test_a_usual_system_part_is_read_as_any_other(others: dict[str, Any]) -> None:
    system = {**_USUAL, **others}
    quick, slow = WindowsEvent(), WindowsEvent()
    set_system(slow, system_parts(system))
    if set_usual_system(quick, system):
        assert quick == slow
        assert list(quick.more.items()) == list(slow.more.items())
    else:
        assert quick == WindowsEvent()


def test_what_is_read_once_is_not_shared() -> None:
    first, second = WindowsEvent(), WindowsEvent()
    assert set_usual_system(first, _USUAL)
    first.more["Version"] = "changed"
    assert set_usual_system(second, {**_USUAL, "Version": True}) is False
    assert set_usual_system(second, _USUAL)
    assert second.more["Version"] == "0"
