"""The words of public-records requests: what happens to one, why something is withheld, what becomes of an item."""

from __future__ import annotations

from enum import StrEnum


class RequestStep(StrEnum):
    """What happened to a request. Steps are only ever added."""

    CORRECTED = "corrected"  # what was written down at receipt; the earlier text stays
    LINKED = "linked"  # to an incident
    UNLINKED = "unlinked"
    CLARIFICATION_ASKED = "clarification_asked"  # of the requester; moves no deadline here
    CLARIFIED = "clarified"
    SEARCHED = "searched"
    EXTENDED = "extended"  # by an extension of the statute, with the written notice that it needs
    SUBMITTED = "submitted"  # to the authority that an obligation names, such as the Attorney General
    RULED = "ruled"  # by that authority
    PREVIOUS_DETERMINATION = "previous_determination"  # a ruling that already covers what is withheld
    DETERMINED = "determined"  # the requester was told whether records are disclosed
    SIGNED = "signed"  # counsel, the exact hash of what leaves
    SENT_BACK = "sent_back"  # counsel does not sign
    RELEASED = "released"
    DELIVERED = "delivered"  # with proof
    LETTER = "letter"  # a paper was drafted
    APPEALED = "appealed"
    REVIEWED = "reviewed"  # the outcome of an appeal
    CLOSED = "closed"
    REOPENED = "reopened"


class Why(StrEnum):
    """Why something is not on the allow-list; exemptions of a profile say which of these they cover."""

    SECURITY = "security"  # logs, alerts, systems and addresses
    INVESTIGATION = "investigation"
    PRIVILEGED = "privileged"  # counsel's notes and advice
    PERSONNEL = "personnel"
    PRIVATE = "private"  # who reported, who is affected: persons other than the requester
    TEXT = "text"  # written by people: nobody has cleared it yet

    @property
    def words(self) -> str:
        """As people say it."""
        return {
            Why.SECURITY: "the security of systems",
            Why.INVESTIGATION: "an investigation",
            Why.PRIVILEGED: "the advice of counsel",
            Why.PERSONNEL: "personnel matters",
            Why.PRIVATE: "other persons",
            Why.TEXT: "text that nobody has cleared",
        }[self]


class Disposition(StrEnum):
    """What the records officer decided about an item."""

    WITHHELD = "withheld"
    CLEARED = "cleared"  # read, and fit to leave


class Review(StrEnum):
    """How an appeal ended."""

    UPHELD = "upheld"
    CHANGED = "changed"  # the decision is taken anew
    WITHDRAWN = "withdrawn"
