"""Where in a record that stands which a rule matched, however the log writes it; and how it is shown."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from breachwatch.model.finding import Level, Match, Part
from breachwatch.model.incident import AlertRecord
from breachwatch.report.marking import marked
from breachwatch.report.originals import AlertOriginals, Original, explained_first, originals_page, with_marks

AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def match(field: str, value: str, found: str | None = None, event: str = "e1", rule: str = "r1") -> Match:
    return Match(rule, event, "sel", field, "contains", "p", value, value if found is None else found)


def parts(data: bytes, *matches: Match) -> list[bytes]:
    return [data[mark.start : mark.end] for mark in marked(data, matches).marks]


LINE = b"Nov 22 02:00:01 vpn01 sshd[7]: Failed password for jdoe from 203.0.113.9 port 40022 ssh2"


def test_the_matching_part_is_marked_where_the_line_has_it() -> None:
    found = marked(LINE, [match("message", "Failed password for jdoe from 203.0.113.9", "Failed password")])
    (mark,) = found.marks
    assert (mark.start, mark.end, LINE[mark.start : mark.end]) == (31, 46, b"Failed password")
    assert found.elsewhere == ()


def test_what_only_the_parser_knows_is_told_as_elsewhere() -> None:
    outcome, missing = match("outcome", "failure"), match("TargetUser", "", "")
    found = marked(LINE, [outcome, missing])
    assert (found.marks, found.elsewhere) == ((), (outcome, missing))


def test_a_value_that_stands_twice_is_marked_after_its_fields_name() -> None:
    line = b'{"ParentImage":"C:\\\\cmd.exe","Image":"C:\\\\cmd.exe","User":"cmd.exe"}'
    (image,) = marked(line, [match("Image", "C:\\cmd.exe", "\\cmd.exe")]).marks
    assert image.start == line.index(b'"Image"') + len(b'"Image":"C:')
    (user,) = marked(line, [match("User", "cmd.exe")]).marks
    assert user.start == line.rindex(b"cmd.exe")


def test_a_short_value_is_no_part_of_a_word() -> None:
    line = b'{"RecordID":14625,"EventID":4625,"LogonType":4}'
    assert [marked(line, [match("LogonType", "4")]).marks[0].start] == [line.rindex(b"4")]
    assert parts(b"abc4", match("LogonType", "4")) == []


COMMAND = "powershell -c \"iex ('mimikätz' & <b>)\" C:\\x"


@pytest.mark.parametrize(
    "written",
    [
        json.dumps({"CommandLine": COMMAND}).encode(),
        json.dumps({"CommandLine": COMMAND}, ensure_ascii=False).encode(),
        json.dumps({"Message": json.dumps({"CommandLine": COMMAND})}).encode(),
        f"<Data Name='CommandLine'>{escape(COMMAND)}</Data>".encode(),
        escape(COMMAND, {'"': "&quot;", "'": "&apos;"}).encode(),
        b"type=EXECVE a0=" + COMMAND.encode().hex().upper().encode(),
        b"\x00\x01odd" + COMMAND.encode("utf-16-le") + b"\x00",
        b'a,"' + COMMAND.replace('"', '""').encode() + b'",b',
        b'"GET /' + COMMAND.replace("\\", "\\x5C").replace('"', "\\x22").encode() + b'"',
    ],
)
def test_every_way_of_writing_is_found_and_cut_exactly(written: bytes) -> None:
    whole = marked(written, [match("CommandLine", COMMAND)])
    (part,) = marked(written, [match("CommandLine", COMMAND, "mimikätz")]).marks
    (mark,) = whole.marks
    assert mark.start < part.start < part.end < mark.end
    assert written[part.start : part.end].lower() in {
        *("mimikätz".encode(), b"mimik\\u00e4tz", b"mimik\\\\u00e4tz", "mimikätz".encode("utf-16-le")),
        "mimikätz".encode().hex().encode(),
    }


def test_words_of_a_command_that_audit_lists_one_by_one() -> None:
    line = b'type=EXECVE argc=3 a0="bash" a1="-i" a2=">&"'
    assert parts(line, match("CommandLine", "bash -i", "bash -i")) == [b"bash", b"-i"]
    assert parts(line, match("CommandLine", "-i bash", "-i bash")) == []


@given(st.binary(max_size=300), st.text(max_size=40), st.text(max_size=12), st.sampled_from(["", "User", "a.b", "ß"]))
def test_no_record_and_no_value_breaks_it(data: bytes, value: str, found: str, field: str) -> None:
    asked = match(field, value, found)
    result = marked(data, [asked])
    for mark in result.marks:
        assert 0 <= mark.start < mark.end <= len(data)
    assert bool(result.marks) != bool(result.elsewhere)


@given(st.text(min_size=3, max_size=30), st.binary(max_size=30), st.binary(max_size=30))
def test_what_stands_there_is_found(value: str, before: bytes, after: bytes) -> None:
    data = before + value.encode("utf-8", "surrogatepass") + after
    assert marked(data, [match("f", value)]).marks


def alert(*matches: Match, parts: tuple[Part, ...] = ()) -> AlertRecord:
    return AlertRecord(
        key="k1", rule_id="r1", rule_title="Guess\x1b[2J", rule_revision="", level=Level.HIGH, dataset="linux.auth",
        first_time=AT, last_time=AT, event_count=3, entities=(), tags=(), why={}, detected_at=AT, run_id="run-1",
        event_ids=("e1", "e2", "e3"), unsealed=0, evidence=("EV-2026-000001",), matched=matches, parts=parts,
    )  # fmt: skip


def test_other_events_of_the_same_rule_are_marked_by_the_same_words() -> None:
    told = alert(match("message", "Failed password", event="e2"), parts=(Part("r1", "t", ("e1", "e2", "e3")),))
    assert explained_first(told) == ["e2", "e1", "e3"]
    record = with_marks(told, "e1", LINE).record
    assert record is not None
    assert [LINE[start:end] for start, end in record.spans()] == [b"Failed password"]


def shown(item: AlertOriginals, *, terminal: bool) -> str:
    console = Console(
        width=160, file=io.StringIO(), force_terminal=terminal, color_system="standard" if terminal else None
    )
    console.print(originals_page("INC-2026-0001", [item]), crop=False)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_a_hostile_line_steers_no_terminal_and_the_mark_is_bold_there_alone() -> None:
    line = b"evil \x1b[2J\xe2\x80\xae [bold]user[/bold] \xff Failed password"
    told = alert(match("message", "Failed password"))
    item = AlertOriginals(told, (with_marks(told, "e1", line), Original("e2", None, "gone\x1b[2J")))
    plain, coloured = shown(item, terminal=False), shown(item, terminal=True)
    assert "\x1b" not in plain
    assert "\u202e" not in plain + coloured
    assert "\\x1b[2J\\u202e [bold]user[/bold] \\udcff Failed password" in plain
    assert "bytes 33 to 48: sel: message contains 'p'" in plain
    assert "and 1 more event" in plain
    assert "gone\\x1b[2J" in plain
    assert "\x1b[1;7mFailed password\x1b[0m" in coloured
    assert "\x1b[2J" not in coloured


def test_a_long_record_is_cut_between_its_marks_and_a_binary_one_shows_what_was_marked() -> None:
    long = b"a" * 5000 + b" first " + b"b" * 5000 + b" second " + b"c" * 5000
    told = alert(match("f", "first"), match("g", "second"))
    text = shown(AlertOriginals(told, (with_marks(told, "e1", long),)), terminal=False)
    assert "first" in text
    assert "second" in text
    assert "bytes …" in text
    assert len(text) < 3000
    wide = b"\x2a\x2a\0\0" + "evil.exe".encode("utf-16-le")
    told = alert(match("Image", "evil.exe"))
    text = shown(AlertOriginals(told, (with_marks(told, "e1", wide),)), terminal=False)
    assert "a binary record, it holds evil.exe" in text
