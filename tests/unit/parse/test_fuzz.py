"""Every parser over changed golden samples, a fixed number of inputs each; what each must keep to stands in `promises`.

`BREACHWATCH_FUZZ=20000 nice .venv/bin/python -m pytest -q tests/unit/parse/test_fuzz.py` tries so many of each format,
`BREACHWATCH_FUZZ_SEED=2` others. An input that breaks a promise is written to a file, which the failure names.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from breachwatch.parse import PARSERS
from tests.unit.parse.golden import seeds
from tests.unit.parse.promises import check

INPUTS = int(os.environ.get("BREACHWATCH_FUZZ", "40"))
SEED = os.environ.get("BREACHWATCH_FUZZ_SEED", "1")
_LONGEST = 80_000
_TOKENS = (
    *(b"", b"\n", b"\r\n", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"<", b">"),
    *(b"=", b":", b",", b" ", b"(", b")", b"%", b"-", b"/", b"null", b"true", b"NaN", b"1e999", b"\\u0000", b"\\ud800"),
    *(
        b"9" * 25,
        b"-1",
        b"0",
        b"99999999999",
        b"255.255.255.255",
        b"::1",
        b"a" * 3000,
        b"=" * 300,
        b"\xc3\xa9",
        b"<!DOCTYPE a>",
    ),
)

Change = Callable[[random.Random, bytearray, list[bytes]], None]


def _flip(rng: random.Random, data: bytearray, others: list[bytes]) -> None:
    for _ in range(rng.randint(1, 8)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _token(rng: random.Random, data: bytearray, others: list[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    data[at : at + rng.choice((0, 0, 1, 5, 40))] = rng.choice(_TOKENS)


def _cut(rng: random.Random, data: bytearray, others: list[bytes]) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randint(1, max(1, len(data) // 3))]


def _repeat(rng: random.Random, data: bytearray, others: list[bytes]) -> None:
    at = rng.randrange(len(data))
    piece = bytes(data[at : at + rng.randint(1, 400)])
    data[at:at] = piece * rng.choice((1, 1, 2, 20))


def _splice(rng: random.Random, data: bytearray, others: list[bytes]) -> None:
    other = rng.choice(others)
    begin = rng.randrange(len(other))
    at = rng.randrange(len(data) + 1)
    data[at:at] = other[begin : begin + rng.randint(1, 600)]


def _swap(rng: random.Random, data: bytearray, others: list[bytes]) -> None:
    lines = bytes(data).split(b"\n")
    rng.shuffle(lines)
    data[:] = b"\n".join(lines)


_CHANGES: tuple[Change, ...] = (_flip, _flip, _token, _token, _token, _cut, _repeat, _splice, _swap)


def inputs(form: str, count: int) -> Iterator[bytes]:
    """So many changed samples of a format, always the same for the same seed."""
    rng = random.Random(f"{form} {SEED}")
    own, others = seeds(form), [part for other in sorted(PARSERS) for part in seeds(other)]
    for _ in range(count):
        data = bytearray(rng.choice(own))
        for _ in range(rng.randint(1, 5)):
            if data:
                rng.choice(_CHANGES)(rng, data, others)
        yield bytes(data[:_LONGEST])


@pytest.mark.parametrize("form", sorted(PARSERS))
def test_changed_samples_break_no_promise(form: str, tmp_path: Path) -> None:
    for number, data in enumerate(inputs(form, INPUTS)):
        kept = tmp_path / f"{form}-{SEED}-{number}"
        kept.write_bytes(data)
        try:
            check(form, data)
        except Exception as error:
            msg = f"input {kept} breaks what a parser promises: {error!r}"
            raise AssertionError(msg) from error
        kept.unlink()


def test_the_inputs_are_the_same_every_time() -> None:
    assert list(inputs("syslog", 5)) == list(inputs("syslog", 5))
