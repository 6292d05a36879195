"""What reading many messages at once may leave out.

Messages that a program's parser cannot understand are told by words that it needs; and a parser that looks at the
message alone needs to read each text once.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from breachwatch.parse.programs import audit, cron, logind, mail, netfilter, pam, sshd, sudo
from breachwatch.parse.programs.meaning import MessageReader

NEEDED_WORDS: Final[Mapping[MessageReader, tuple[bytes, ...]]] = MappingProxyType(
    {
        mail.read_postfix: (b"SASL", b"sasl_username"),
        audit.read_kernel: (b"IN=", b"audit: type="),
        netfilter.read: (b"IN=",),
    }
)
"""A message without any of these words means nothing to the parser: it adds no field and names the dataset that the
program's messages have anyway."""

BY_MESSAGE_ALONE: Final = frozenset({sshd.read, cron.read, logind.read, sudo.read, pam.read_for_service})
"""Parsers to which the same message always means the same, whatever its time, host and process are."""
