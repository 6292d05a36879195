"""Telling people: incidents by severity and role, escalation when nobody answers, the morning digest, reminders."""

from __future__ import annotations

from breachwatch.notify.answers import acknowledge
from breachwatch.notify.outbox import Kind, Message, State, messages
from breachwatch.notify.sending import Sent, send

__all__ = ["Kind", "Message", "Sent", "State", "acknowledge", "messages", "send"]
