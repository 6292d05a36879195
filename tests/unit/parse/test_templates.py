"""Messages of one shape, understood once, give what each of them gives when it is read by itself."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.model.segment import make_event_id
from breachwatch.parse.batches import Batches
from breachwatch.parse.driver import parse, read_records
from breachwatch.parse.programs.dispatch import reader_of
from breachwatch.parse.record_ids import RecordIds
from breachwatch.parse.registry import parser_for
from breachwatch.parse.screens import BY_MESSAGE_ALONE
from breachwatch.parse.template_columns import meaning
from breachwatch.parse.templates import learn
from breachwatch.parse.varying import varying
from breachwatch.settings import Limits
from tests.unit.parse.support import make_segment

_NUMBERS = st.one_of(
    st.integers(0, 70_000).map(str),
    st.integers(0, 10**11).map(str),
    st.sampled_from(["0", "00", "007", "65535", "65536", "99999", "100000", "-1", "1.5", "٣", "5x", "x5", ""]),
)
_ADDRESSES = st.one_of(
    st.tuples(*[st.integers(0, 260)] * 4).map(lambda octets: ".".join(map(str, octets))),
    st.sampled_from(
        [
            *(
                "2001:db8::7",
                "::ffff:203.0.113.9",
                "fe80::1%eth0",
                "203.0.113.09",
                "203.0.113",
                "1.2.3.4.5",
                "localhost",
            ),
            *(
                "[203.0.113.9]",
                "203.0.113.9%2",
                "0.0.0.0",
                "255.255.255.255",
                "1",
                "12345",
                "",
                "10:20:30",
                "203.0.113.9.",
            ),
        ]
    ),
)
_NAMES = st.one_of(
    _NUMBERS, st.sampled_from(["root", "a b", "x from 203.0.113.9 port 1", "ä", "\x01", "\x02\x03", "v1.2.3.4"])
)
_FORMS = st.sampled_from(
    [
        *(
            ("sshd", "Failed password for {name} from {address} port {number} ssh2"),
            ("sshd", "Accepted publickey for {name} from {address} port {number} ssh2: RSA SHA256:ab1"),
            ("sshd", "Invalid user {name} from {address} port {number}"),
            ("sshd", "Received disconnect from {address} port {number}:{other}: Bye {other} Bye [preauth]"),
            ("sshd", "Received disconnect from {address}: {other}: Bye [preauth]"),
            ("sshd", "Disconnected from invalid user {name} {address} port {number} [preauth]"),
            ("sshd", "Server listening on {address} port {number}."),
            (
                "sshd",
                (
                    "PAM {other} more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= "
                    "rhost={address}  user={name}"
                ),
            ),
            ("sshd", "reverse mapping checking getaddrinfo for {name} [{address}] failed."),
        ),
        *(
            (
                "su",
                (
                    "pam_unix(su:auth): authentication failure; logname={name} uid={number} euid=0 "
                    "tty=pts/{other} ruser= rhost={address}"
                ),
            ),
            ("login", "pam_unix(login:session): session opened for user {name}(uid={number}) by (uid={other})"),
            (
                "vsftpd",
                (
                    "pam_unix(vsftpd:auth): {other} more authentication failures; logname= uid={number} euid= tty= "
                    "ruser={name} rhost={address} "
                ),
            ),
            ("sshd(pam_unix)", "session opened for user {name} by (uid={number})"),
            (
                "sudo",
                (
                    "{name} : {number} incorrect password attempts ; TTY=pts/{other} ; PWD=/srv/{number} ; USER=root ; "
                    "COMMAND=/bin/kill {number} {address}"
                ),
            ),
            ("CRON", "({name}) CMD (sleep {number}; ping {address})"),
            ("atd", "Starting job {number} (a{other}) for user '{name}' ({number})"),
            ("systemd-logind", "New session {number} of user {name}."),
            ("systemd-logind", "Removed session {number}."),
            ("nobody-reads", "pam_tally2(x:y): user {name} ({number}) tally {other}, deny {number}"),
        ),
    ]
)
_MESSAGES = st.tuples(_FORMS, st.lists(st.tuples(_NAMES, _ADDRESSES, _NUMBERS, _NUMBERS), min_size=1, max_size=8)).map(
    lambda drawn: [
        (drawn[0][0], drawn[0][1].format(name=name, address=address, number=number, other=other))
        for name, address, number, other in drawn[1]
    ]
)


def _tables(batches: list[tuple[str, pa.Table]]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, table in batches:
        rows.setdefault(name, []).extend(table.to_pylist())
    return {name: sorted(found, key=lambda row: int(row["record_number"])) for name, found in rows.items()}


@settings(max_examples=120, deadline=None)
@given(kinds=st.lists(_MESSAGES, min_size=1, max_size=6), repeated=st.integers(1, 4))
def test_messages_of_one_shape_give_the_same_rows(kinds: list[list[tuple[str, str]]], repeated: int) -> None:
    lines = [message for kind in kinds for message in kind] * repeated
    text = "".join(f"Nov 20 22:15:00 web01 {tag}[7]: {message}\n" for tag, message in lines).encode()
    segment, limits = make_segment("syslog", text), Limits()
    plain = Batches(segment)
    expected = [plain.add(record) for record in read_records(parser_for("syslog"), segment, io.BytesIO(text), limits)]
    rest = [*filter(None, expected), *plain.rest()]
    found = parse(segment, io.BytesIO(text), limits)
    assert _tables([(batch.dataset, batch.table) for batch in found]) == _tables(
        [(batch.dataset, batch.table) for batch in rest]
    )


@given(
    texts=st.lists(
        st.one_of(st.text(max_size=40), _ADDRESSES, _NUMBERS, st.from_regex(r"[0-9. :(x]{0,20}", fullmatch=True))
    )
)
def test_a_shape_and_what_varies_in_it_make_the_text_again(texts: list[str]) -> None:
    found = varying(pa.array(texts, pa.string()))
    items, numbers = found.texts.to_pylist(), found.numbers.tolist()
    for number, (text, shape) in enumerate(zip(texts, found.shapes.to_pylist(), strict=True)):
        assert bool(found.plain[number]) == (not {"\x01", "\x02", "\x03"} & set(text))
        if not found.plain[number]:
            continue
        following = iter(range(int(found.first[number]), int(found.first[number + 1])))
        again = ""
        for character in shape:
            if character in "\x01\x02\x03":
                item = next(following)
                assert numbers[item] == (0 if character == "\x01" else int(items[item]))
                again += items[item]
            else:
                again += character
        assert again == text
        assert next(following, None) is None


@pytest.mark.parametrize(
    ("program", "message", "constants", "items", "parts"),
    [
        (
            "sshd",
            "Failed password for root from \x01 port \x02 ssh2",
            {"user": "root", "action": "logon", "outcome": "failure"},
            {"source_ip": 0, "source_port": 1},
            {},
        ),
        ("sshd", "Server listening on \x01 port \x02.", {}, {}, {"extra": ('{"listens_on":"', 0, " port ", 1, '"}')}),
        ("CRON", "(root) CMD (sleep \x02)", {"user": "root"}, {}, {"command": ("sleep ", 0)}),
    ],
)
def test_a_template_says_where_what_varies_goes(
    program: str,
    message: str,
    constants: dict[str, str],
    items: dict[str, int],
    parts: dict[str, tuple[str | int, ...]],
) -> None:
    assert reader_of(program)[0] in BY_MESSAGE_ALONE
    template = learn(lambda text: meaning(program, text), message, frozenset())
    assert template is not None
    assert constants.items() <= template.constants.items()
    assert (template.items, template.parts) == (items, parts)


def test_what_a_parser_makes_of_a_number_itself_is_no_template() -> None:
    def doubled(message: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        return "linux.auth", {"uid": 2 * int(message.split()[1])}, {}

    assert learn(doubled, "uid \x02", frozenset()) is None


def test_ids_are_those_of_each_record() -> None:
    segment = make_segment("syslog", b"x")
    positions = ["0", "70", "record 1/2", "ä", str(2**62)]
    expected = [make_event_id(segment.source, segment.file_id, position) for position in positions]
    assert RecordIds(segment).of_positions([position.encode() for position in positions]).to_pylist() == expected
    assert RecordIds(segment).of_offsets([0, 70]).to_pylist() == expected[:2]
    assert RecordIds(segment).of_offsets([]).to_pylist() == []
