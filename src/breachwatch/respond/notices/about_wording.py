"""Words that no record holds, such as what happened in plain language: as counsel last approved them for the public.

So nobody types them again for the next paper of the same incident, and all papers say the same. Words of a paper that
went to an authority or stayed inside are never taken over: they may say more than the public is told.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from breachwatch.incidents.chunking import chunks
from breachwatch.papers import Value
from breachwatch.papers.template import Audience
from breachwatch.records import papers as tables
from breachwatch.respond.notices.given import from_json

WORDED = (
    *("what_happened", "effect", "identity_services", "city_website", "credit_agencies"),
    *(
        "contact_name",
        "contact_title",
        "contact_phone",
        "contact_email",
        "contact_hours",
        "signer_name",
        "signer_title",
    ),
)
"""Fields whose words are taken over."""


def about_wording(connection: Connection, numbers: Iterable[str], language: str) -> dict[str, Value]:
    """The words that somebody gave for papers of these incidents in this language, as approved last."""
    paper, version, approval = tables.paper.c, tables.paper_version.c, tables.paper_approval.c
    public = (Audience.RESIDENT.value, Audience.PUBLIC.value)
    found: list[tuple[int, str]] = []
    for chunk in chunks(numbers):
        query = (
            select(approval.seq, version.given)
            .join_from(tables.paper_approval, tables.paper, approval.paper == paper.number)
            .join(tables.paper_version, (version.paper == approval.paper) & (version.version == approval.version))
            .where(paper.incident.in_(chunk), paper.language == language, paper.audience.in_(public))
        )
        found += [(row.seq, row.given) for row in connection.execute(query)]
    values: dict[str, Value] = {}
    for _, given in sorted(found):
        approved = from_json(given)
        values |= {name: approved[name] for name in WORDED if approved.get(name)}
    return values
