"""Telling people: incidents by severity and role, escalation when nobody answers, the morning digest, reminders."""

from __future__ import annotations

from breachwatch.notify.answers import acknowledge
from breachwatch.notify.custodians import Reminded, remind
from breachwatch.notify.digest import Digest, digest
from breachwatch.notify.digest_letter import digest_letter, enter_digest, enter_digest_in_time
from breachwatch.notify.outbox import Kind, Message, State, messages
from breachwatch.notify.sending import Sent, send, send_test

__all__ = [
    "Digest",
    "Kind",
    "Message",
    "Reminded",
    "Sent",
    "State",
    "acknowledge",
    "digest",
    "digest_letter",
    "enter_digest",
    "enter_digest_in_time",
    "messages",
    "remind",
    "send",
    "send_test",
]
