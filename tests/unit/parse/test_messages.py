"""Messages of all programs: repeated ones, addresses, and hostile ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.model.datasets import DATASETS
from breachwatch.parse.address import canonical_ip
from breachwatch.parse.programs import PROGRAMS, read_message
from tests.unit.parse.golden import seed
from tests.unit.parse.support import message, parsed
from tests.unit.parse.test_account_messages import ACCOUNTS
from tests.unit.parse.test_service_messages import SERVICES


def test_every_program_has_a_sample() -> None:
    elsewhere = {"ufw", "audispd", "sysmon", "filterlog", "named", "clamd", "dropbear", "proftpd", "openvpn", "squid"}
    programs = {program.rsplit("/", 1)[-1].lower() for program, _, _ in [*ACCOUNTS, *SERVICES]} | elsewhere
    for form in ("syslog", "daemon-log"):
        events = parsed(form, seed(form)).events
        programs |= {event["program"].partition("/")[0].lower() for event in events if "program" in event}
    programs |= {program.partition("/")[0] for program, _, _ in SERVICES}
    read = {named(PROGRAMS[program]) for program in programs if program in PROGRAMS}
    assert {named(reader) for reader in PROGRAMS.values()} == read


def named(reader: Callable[..., object]) -> str:
    return f"{reader.__module__}.{reader.__qualname__}"


def test_last_message_repeated_stands_for_the_previous_message_of_that_host() -> None:
    result = parsed(
        "syslog",
        b"Nov 22 04:15:00 web01 sshd[8]: Failed password for root from 203.0.113.9 port 1 ssh2\n"
        b"Nov 22 04:15:01 db01 sshd[8]: Accepted password for jmeyer from 203.0.113.7 port 1 ssh2\n"
        b"Nov 22 04:15:02 web01 last message repeated 4 times\n"
        b"Nov 22 04:15:03 mail01 last message repeated 2 times\n",
    )
    _, _, repeated, unknown = result.events
    assert (repeated["action"], repeated["outcome"], repeated["user"]) == ("logon", "failure", "root")
    assert (repeated["repeat_count"], repeated["host"], repeated["program"]) == (4, "web01", "sshd")
    assert repeated["message"] == "last message repeated 4 times"
    assert "action" not in unknown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::FFFF:203.0.113.9", "203.0.113.9"),
        ("2001:0DB8:0000::0001", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("mail.example", None),
        ("203.0.113.999", None),
        ("", None),
        ("1" * 10_000, None),
    ],
)
def test_canonical_addresses(text: str, expected: str | None) -> None:
    assert canonical_ip(text) == expected


def test_a_host_name_in_place_of_an_address_is_kept() -> None:
    event = message("sshd", "Accepted password for jmeyer from pc7.city.example port 1 ssh2")
    assert "source_ip" not in event
    assert event["extra"]["source_host"] == "pc7.city.example"


_PIECES = st.sampled_from(
    [
        *("Failed password for ", "Accepted ", "from ", "port 1 ", "user=", " rhost=", "euid=0 tty= ruser="),
        *("authentication failure; logname= uid=0 ", "pam_unix(sshd:auth): ", "session opened for user ", " by "),
        *("(uid=0)", "IN= OUT= ", "SRC=", " ; ", "USER=", "COMMAND=", "PWD=/", " : ", "(root) CMD (", ")", "[", "]"),
        *("'", "a", " ", "\n", "\x00", "é", "\udcff", "imap-login: ", "rip=", "rip=1.2.3.4,", "SASL ", "(to "),
        *("sasl_username=", "10.0.0.1:1 ", "new user: name=", ", UID=99999999999999999999", "New session ", "FAILED "),
        *(
            "type=SYSCALL msg=audit(",
            "1.0:1): ",
            "audit: ",
            "<Event><System>",
            "</System></Event>",
            "a0=",
            "saddr=0200",
        ),
        *("message repeated 3 times: [ ", "Operator of unix-session:", "1", "::1", "99999999999"),
    ]
)


@given(st.sampled_from([None, "x", "sshd(pam_unix)", *PROGRAMS]), st.lists(_PIECES, max_size=60).map("".join))
def test_no_message_breaks_a_parser(program: str | None, text: str) -> None:
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    dataset = read_message(program, text, values, extra)
    assert dataset in DATASETS
    assert values.get("outcome") in {None, "success", "failure"}


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_no_message_takes_long(program: str) -> None:
    from time import process_time

    worst = [
        piece * (8000 // len(piece))
        for piece in (
            *("Failed password for a from b port 1 ssh2 ", " : ", "a : b ; PWD=c ; USER=d ", "(a) A (", "a to b on "),
            *("rhost= user= ", "session opened for user a by ", "a/1.1.1.1:1 ", ": a: ", "[USER=a] [TTY=b] "),
            *("IN=a OUT=b ", "'a' "),
        )
    ]
    worst += ["pam_unix(a:b): authentication failure; logname= uid=0 euid=0 tty= ruser= " + "rhost=a " * 900]
    worst += [
        "Failed password for " + "from 1.1.1.1 " * 600,
        "user a added by b to group " * 300,
        "Connection closed by user " * 300,
    ]
    for text in worst:
        begun = process_time()
        read_message(program, text, {}, {})
        assert process_time() - begun < 0.5, text[:60]
