"""Entries of the journal whose fields are plain texts, as columns: of all entries with the same fields at once.

What an entry becomes is what `breachwatch.parse.journald` makes of it. Its fields are cut out of the text as they
stand; what has no column is joined from the pieces between, because it is JSON already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from breachwatch.parse import journald
from breachwatch.parse.flat_json import Alike, Flags, Ints, cut, decimals
from breachwatch.parse.packets import without_clock
from breachwatch.parse.program_kinds import program_kind
from breachwatch.parse.repeated import STARTS

NOT_ALONE: Final = ("%", *STARTS)
PAM: Final = ("pam_", "(pam_")
LONGEST_TIME: Final = 17
MOST_DIGITS: Final = 18
MEANT: Final = -1
"""In the place of a dataset: the message is to be understood."""

_HEXADECIMAL: Final = np.full(256, -1)
_HEXADECIMAL[list(b"0123456789abcdef")] = np.arange(16)
_SEQUENCE: Final = slice(2, 34)  # of a cursor: `s=` and 32 digits
_NUMBER_AT: Final = 37  # behind `;i=`
_MOST_HEXADECIMAL: Final = 15


@dataclass(frozen=True, slots=True)
class Lot:
    """Entries as columns; `lines` are their places in the block, `kinds` numbers of their datasets or MEANT."""

    lines: Ints
    times: Ints
    kinds: Ints
    cursors: pa.Array[Any]
    texts: pa.Array[Any]  # of the times
    hosts: pa.Array[Any]
    programs: pa.Array[Any]
    processes: pa.Array[Any]
    severities: pa.Array[Any]
    facilities: pa.Array[Any]
    messages: pa.Array[Any]
    extras: pa.Array[Any]

    def chosen(self, rows: Ints) -> Lot:
        """Some of the entries, in the order given."""
        places = pa.array(rows)
        return Lot(*(_some(getattr(self, item.name), rows, places) for item in fields(self)))

    def at(self, lines: Ints) -> Lot:
        """The same entries, their places in the block as numbers in `lines`."""
        return replace(self, lines=lines[self.lines])


def _some(values: Any, rows: Ints, places: Any) -> Any:
    return values[rows] if isinstance(values, np.ndarray) else values.take(places)


def together(lots: list[Lot]) -> Lot:
    """All entries of the lots, those of each behind the other's."""
    if len(lots) == 1:
        return lots[0]
    columns: list[Any] = [[getattr(lot, item.name) for lot in lots] for item in fields(Lot)]
    joined: list[Any] = [
        np.concatenate(parts) if isinstance(parts[0], np.ndarray) else pa.concat_arrays(parts) for parts in columns
    ]
    return Lot(*joined)


def lot_of(text: bytes, group: Alike, code_of: Callable[[str], int]) -> Lot | None:
    """The entries of a group that can be read together; None where there are none.

    `code_of` numbers datasets.
    """
    message, moment = group.member("MESSAGE"), group.member("__REALTIME_TIMESTAMP")
    program = group.member("SYSLOG_IDENTIFIER") if "SYSLOG_IDENTIFIER" in group.names else group.member("_COMM")
    unusual = "__SEQNUM_ID" in group.names and "__SEQNUM" not in group.names
    if message is None or moment is None or program is None or unusual:
        return None
    size = len(group.lines)
    good = np.ones(size, np.bool_)

    def texts(place: int | None) -> Any:
        return pa.nulls(size, pa.string()) if place is None else cut(text, group.begins[:, place], group.ends[:, place])

    def filled(place: int) -> Flags:
        found: Flags = group.ends[:, place] > group.begins[:, place]
        return found

    times, is_time = decimals(text, group.begins[:, moment], group.ends[:, moment], LONGEST_TIME)
    good &= filled(message) & filled(program) & is_time
    process = group.member("SYSLOG_PID") if "SYSLOG_PID" in group.names else group.member("_PID")
    processes: pa.Array[Any] = pa.nulls(size, pa.int64())
    if process is not None:
        numbers, are_numbers = decimals(text, group.begins[:, process], group.ends[:, process], MOST_DIGITS)
        good &= are_numbers
        processes = pa.array(numbers)
    transport = group.member("_TRANSPORT")
    if transport is not None:
        good &= ~_flags(pc.equal(texts(transport), pa.scalar("audit")))
    severities = _named(texts(group.member("PRIORITY")), journald.severity_of, good)
    facilities = _named(texts(group.member("SYSLOG_FACILITY")), journald.facility_of, good)
    messages, programs = texts(message), texts(program)
    escaped, elsewhere = group.escaped(message)
    good &= ~elsewhere
    if (escaped & good).any():
        messages = _unescaped(messages, escaped, good)
    kinds = _kinds(messages, programs, code_of, good)
    extras = _extras(text, group, good)
    lot = Lot(
        group.lines,
        times,
        kinds,
        texts(group.member("__CURSOR")),
        texts(moment),
        texts(group.member("_HOSTNAME")),
        programs,
        processes,
        severities,
        facilities,
        messages,
        extras,
    )
    if good.all():
        return lot
    return lot.chosen(np.flatnonzero(good)) if good.any() else None


def _unescaped(messages: Any, escaped: Flags, good: Flags) -> Any:
    """The messages without JSON's escapes; where one cannot be read, `good` becomes false."""
    rows = np.flatnonzero(escaped & good)
    try:
        found = orjson.loads('["' + '","'.join(messages.take(pa.array(rows)).to_pylist()) + '"]')
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        good[rows] = False
        return messages
    wanted = np.arange(len(messages))
    wanted[rows] = len(messages) + np.arange(len(rows))
    return pa.concat_arrays([messages, pa.array(found, pa.string())]).take(pa.array(wanted))


def _flags(found: Any) -> Flags:
    flags: Flags = found.to_numpy(zero_copy_only=False)
    return flags


def _named(texts: Any, name_of: Callable[[str], str | None], good: Flags) -> pa.Array[Any]:
    """The names of the numbers in `texts`; where one has none, `good` becomes false."""
    encoded = texts.dictionary_encode()
    names = [name_of(text) for text in encoded.dictionary.to_pylist()]
    if None in names:
        nameless = pa.array(
            [text for text, name in zip(encoded.dictionary.to_pylist(), names, strict=True) if not name]
        )
        good &= ~_flags(pc.is_in(texts, nameless))
    column: pa.Array[Any] = pa.array(names, pa.string()).take(encoded.indices)
    return column


def _kinds(messages: Any, programs: Any, code_of: Callable[[str], int], good: Flags) -> Ints:
    """The datasets of the messages; where one must be read by itself, `good` becomes false."""
    encoded = programs.dictionary_encode()
    codes = encoded.indices.to_numpy()
    known = [program_kind(name) for name in encoded.dictionary.to_pylist()]
    meant = np.array([kind.read for kind in known], np.bool_)[codes]
    for start in PAM:
        meant |= _flags(pc.starts_with(messages, start))
    for start in NOT_ALONE:
        good &= ~_flags(pc.starts_with(messages, start))
    good &= ~meant | np.array([kind.alone for kind in known], np.bool_)[codes]
    _, packets = without_clock(messages, codes, known)
    meant |= packets
    for code, kind in enumerate(known):
        if kind.words:
            rows = np.flatnonzero(codes == code)
            said = messages.take(pa.array(rows))
            for word in kind.words:
                good[rows[_flags(pc.match_substring(said, word.decode())) & ~packets[rows]]] = False
    datasets = np.array([code_of(kind.dataset) for kind in known], np.int64)
    return np.where(meant, MEANT, datasets[codes])


def _extras(text: bytes, group: Alike, good: Flags) -> pa.Array[Any]:
    """The fields without a column as JSON; where the cursor tells no number that it should, `good` becomes false."""
    kept = [place for place, name in enumerate(group.names) if name not in journald.READ]
    pieces: list[Any] = []
    runs = [at for at, (last, place) in enumerate(pairwise([-2, *kept])) if place != last + 1]
    for first, end in pairwise([*runs, len(kept)]):
        pieces += ["{" if not pieces else ",", cut(text, group.heads[:, kept[first]], group.ends[:, kept[end - 1]] + 1)]
    cursor = group.member("__CURSOR")
    if cursor is not None and "__SEQNUM" not in group.names:
        numbers, sequences, told = _numbers(text, group.begins[:, cursor], group.ends[:, cursor])
        good &= told
        pieces += [f'{"," if pieces else "{"}"__SEQNUM":"', numbers, '","__SEQNUM_ID":"', sequences, '"']
    if not pieces:
        return pa.nulls(len(group.lines), pa.string())
    joined: pa.Array[Any] = pc.binary_join_element_wise(*pieces, "}", "")
    return joined


def _numbers(text: bytes, begins: Ints, ends: Ints) -> tuple[Any, Any, Flags]:
    """What `journald.numbers_of` says of cursors: numbers, sequences, and where it says them."""
    block = np.frombuffer(text, np.uint8)
    good: Flags = ends - begins > _NUMBER_AT + 1
    first = np.where(good, begins, 0)
    window = block[np.minimum(first[:, None] + np.arange(_NUMBER_AT), len(block) - 1)]
    good &= (window[:, :2] == list(b"s=")).all(axis=1) & (window[:, _SEQUENCE.stop :] == list(b";i=")).all(axis=1)
    good &= (_HEXADECIMAL[window[:, _SEQUENCE]] >= 0).all(axis=1)
    ended = np.zeros(len(begins), np.bool_)
    values, unfinished = np.zeros(len(begins), np.int64), good.copy()
    for position in range(_MOST_HEXADECIMAL + 1):
        at = begins + _NUMBER_AT + position
        unfinished &= at < ends
        here = np.flatnonzero(unfinished)
        digit = _HEXADECIMAL[block[at[here]]]
        more = (digit >= 0) & (position < _MOST_HEXADECIMAL)
        values[here[more]] = values[here[more]] * 16 + digit[more]
        ended[here] = (block[at[here]] == ord(";")) & (position > 0)
        unfinished[here[~more]] = False
    sequence = cut(
        text, np.where(ended, begins + _SEQUENCE.start, begins), np.where(ended, begins + _SEQUENCE.stop, begins)
    )
    numbers: Any = pa.array(values).cast(pa.string())
    return numbers, sequence, ended
