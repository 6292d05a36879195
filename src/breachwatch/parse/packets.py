"""Messages of the kernel's firewall among others: they mean something by themselves, but for the kernel's clock.

`[ 1234.567890] [UFW BLOCK] IN=eth0 OUT= ...`: the seconds since boot say nothing about the packet, and no two messages
have the same. Without them packets have few shapes (`breachwatch.parse.templates`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from breachwatch.parse.program_kinds import ProgramKind

_PACKET: Final = b"IN="
_AUDIT: Final = b"audit: type="
_CLOCK: Final = r"^\[ *[0-9]+\.[0-9]+\] *"
_OTHERS: Final = r"^(\[ *[0-9]|%|\(|pam_|message |last |---)"  # what would be read by another parser without the clock


def without_clock(
    messages: Any, codes: npt.NDArray[np.int64], programs: Sequence[ProgramKind]
) -> tuple[Any, npt.NDArray[np.bool_]]:
    """The messages, those of the kernel without its clock, and which of them are packets, which mean the same so.

    `codes` say whose of `programs` each message is.
    """
    packets = np.zeros(len(messages), np.bool_)
    rows = np.flatnonzero(np.array([_PACKET in program.words for program in programs], np.bool_)[codes])
    if not len(rows):
        return messages, packets
    bare: Any = pc.replace_substring_regex(messages.take(pa.array(rows)), _CLOCK, "")
    found: Any = pc.match_substring(bare, _PACKET.decode())
    for other in (pc.match_substring(bare, _AUDIT.decode()), pc.match_substring_regex(bare, _OTHERS)):
        found = pc.and_(found, pc.invert(other))
    packets[rows] = found.to_numpy(zero_copy_only=False)
    places = np.arange(len(messages))
    places[rows] = len(messages) + np.arange(len(rows))
    return pa.concat_arrays([messages, bare]).take(pa.array(places)), packets
