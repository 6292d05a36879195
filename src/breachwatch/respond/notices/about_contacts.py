"""Who outside receives a paper, and the credit agencies, as the settings name them (`[[contacts]]`)."""

from __future__ import annotations

from collections.abc import Sequence

from breachwatch.papers import Value
from breachwatch.settings_contacts import Contact, ContactKind


def about_recipient(contacts: Sequence[Contact], obligation: str | None) -> dict[str, Value]:
    """The contact that receives what the obligation asks for; nothing where none, or more than one, does."""
    receiving = [item for item in contacts if obligation and obligation in item.obligations]
    if len(receiving) != 1:
        return {}
    contact = receiving[0]
    known: dict[str, Value] = {
        "recipient_name": ", ".join(part for part in (contact.name, contact.person) if part),
        "recipient_address": "\n".join(contact.address),
        "recipient_channel": ", ".join(part for part in (contact.form, contact.email, contact.phone) if part),
    }
    return {name: value for name, value in known.items() if value}


def about_credit_agencies(contacts: Sequence[Contact]) -> list[dict[str, str]]:
    """The major credit reporting agencies in rows. No law lists how to reach them, so a city keeps that up to date."""
    return [
        {
            "name": item.name,
            "phone": item.phone,
            "address": ", ".join(item.address),
            "website": item.form or item.email,
        }
        for item in contacts
        if item.kind is ContactKind.CREDIT_AGENCY
    ]
