"""One fixed set of values for papers, in both languages, and a paper as plain text for people to compare."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import UTC, date, datetime

from breachwatch.documents import (
    Block,
    Bullets,
    Document,
    Fields,
    Heading,
    Lines,
    Numbered,
    Paragraph,
    Signatures,
    Table,
)
from breachwatch.papers import Value
from breachwatch.papers.vocabulary import VOCABULARY, FieldKind

AT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
AGENCIES = [
    {
        "name": f"Agency {letter}",
        "phone": f"800-555-010{n}",
        "address": f"P.O. Box {n}, Anytown",
        "website": f"{n}.example",
    }
    for n, letter in enumerate("ABC", 1)
]
COMMON: dict[str, Value] = {
    "city_name": "City of Testville",
    "city_address": "1 Main Street, Testville, TX 79760",
    "city_phone": "432-555-0100",
    "city_email": "city@testville.example",
    "city_website": "www.testville.example/notice",
    "contact_name": "Incident Desk",
    "contact_title": "Records Office",
    "contact_phone": "800-555-0199",
    "contact_email": "help@testville.example",
    "contact_phone_24": "432-555-0111",
    "signer_name": "Sam Signer",
    "it_director": "Dana Director, 432-555-0101",
    "records_officer": "Casey Clerk, 432-555-0102",
    "counsel": "Corin Counsel, counsel@testville.example",
    "recipient_name": "Robin Resident",
    "recipient_address": "22 Oak Lane\nTestville, TX 79761",
    "notice_date": date(2026, 11, 24),
    "occurred_on": date(2026, 11, 2),
    "occurred_until_on": date(2026, 11, 9),
    "occurred_at": datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
    "detected_at": datetime(2026, 11, 10, 10, 15, tzinfo=UTC),
    "discovered_on": date(2026, 11, 10),
    "discovered_at": datetime(2026, 11, 10, 10, 15, tzinfo=UTC),
    "determined_on": date(2026, 11, 12),
    "contained_at": datetime(2026, 11, 10, 12, 0, tzinfo=UTC),
    "eradicated_at": datetime(2026, 11, 11, 12, 0, tzinfo=UTC),
    "recovered_at": datetime(2026, 11, 13, 12, 0, tzinfo=UTC),
    "closed_at": datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
    "incident_number": "INC-2026-0042",
    "systems": ["mail01", "billing01"],
    "accounts": ["clerk7"],
    "vendors": ["Billing Vendor Inc."],
    "individuals": "about 640",
    "residents": [{"state": "NM", "number": "28"}, {"state": "TX", "number": "612"}],
    "residents_tx": 612,
    "residents_ca": 501,
    "records_range": "600 to 650",
    "credit_agencies": AGENCIES,
    "notices_sent": 640,
    "notices_sent_tx": 612,
    "notice_sent_on": date(2026, 11, 24),
    "identity_numbers": True,
    "health_elements": True,
    "account_elements": True,
    "login_elements": True,
    "law_enforcement_delay": False,
    "law_enforcement_engaged": True,
    "incident_kind": ["breach"],
    "incident_state": "assessing",
    "severity": "high",
    "how_discovered": "The city's own search of its logs pointed to it.",
    "cause": "A password was used that a false sign-in page had taken. No second factor was asked for.",
    "data_held": ["Social Security numbers", "utility accounts"],
    "measures_taken": ["Containment: mail01, taken off the network (November 10, 2026)"],
    "measures_intended": ["Recovery: mail01, second factor for all staff"],
    "law_enforcement_agency": "Testville Police, case 26-1107",
    "help_wanted": "none so far",
    "next_steps": ["Read the mailbox for personal data (analyst)"],
    "obligation_title": "Title of the duty",
    "citation": "Code 1.23(b)",
    "deadline": "without unreasonable delay, at most 60 calendar days",
    "recipient_channel": "electronic form, https://www.example.gov/report",
    "data_owner": "Testville Water District",
    "confirm": "Planning data, not legal advice: confirm with counsel.",
    "hipaa_role": "covered entity",
    "health_breach_kind": "hacking",
    "health_data_location": "e-mail",
    "safeguards_before": "Passwords of 14 characters; no second factor.",
    "policy_number": "CY-77",
    "originating_agency": "TX0000000",
    "merchant_number": "0001234",
    "cards_at_risk": 37,
    "due_safe": datetime(2027, 1, 12, 5, 59, 59, tzinfo=UTC),
    "due_latest": datetime(2027, 1, 13, 5, 59, 59, tzinfo=UTC),
    "evidence_number": "EV-2026-000007",
    "signer_qualification": "I have run the city's collection of logs for four years.",
    "hold_number": "HOLD-2026-0003",
    "hold_issued_at": datetime(2026, 11, 10, 14, 0, tzinfo=UTC),
    "answer_by": date(2026, 12, 1),
    "clocks": [
        {"duty": "Notify affected individuals", "safe": "January 11", "latest": "January 12", "citation": "521.053(b)"}
    ],
    "orders": [
        {
            "number": "1",
            "what": "take off the network",
            "target": "mail01",
            "ordered": "November 10",
            "by": "Dana Director",
            "carried_out": "",
        }
    ],
}
WORDS: dict[str, dict[str, Value]] = {
    "en": {
        "contact_hours": "Monday to Friday, 8 a.m. to 5 p.m.",
        "signer_title": "City Manager",
        "what_happened": (
            "Someone learned the password of a city clerk. That person then opened the mailbox of the clerk and could "
            "read letters about utility bills. We shut the person out on the day we found out."
        ),
        "effect": "The payment page was closed for one day.",
        "data_elements": ["Social Security number", "driver's license number"],
        "steps_taken": ["We closed the access that was misused.", "We told law enforcement."],
        "identity_services": "We offer you free credit monitoring for 12 months. Use the code in this letter by "
        "March 1.",
        "notice_method": "letter by mail",
    },
    "es": {
        "contact_hours": "de lunes a viernes, de 8 a 17 horas",
        "signer_title": "Administradora de la ciudad",
        "what_happened": (
            "Alguien supo la contraseña de una empleada de la ciudad. Esa persona abrió el buzón de la empleada y pudo "
            "leer cartas sobre cuentas de agua. La sacamos el mismo día en que lo supimos."
        ),
        "effect": "La página de pagos estuvo cerrada un día.",
        "data_elements": ["número de Seguro Social", "número de licencia de conducir"],
        "steps_taken": ["Cerramos el acceso que se usó mal.", "Avisamos a las autoridades policiales."],
        "identity_services": "Le ofrecemos vigilancia gratis de su crédito por 12 meses. Use el código antes del 1 "
        "de marzo.",
        "notice_method": "carta por correo",
    },
}


def values(language: str) -> dict[str, Value]:
    """A value for every field: what stands above, else the field's own words, a number or yes."""
    found: dict[str, Value] = {}
    for name, field in VOCABULARY.items():
        match field.kind:
            case FieldKind.TEXT:
                found[name] = f"<{field.words}>"
            case FieldKind.COUNT:
                found[name] = 7
            case FieldKind.DATE:
                found[name] = date(2026, 11, 24)
            case FieldKind.LIST:
                row = {column: f"<{column}>" for column in field.columns}
                found[name] = [row] if row else [f"<{field.words}>"]
            case FieldKind.YES_NO:
                found[name] = True
    return found | COMMON | WORDS[language]


def as_text(document: Document) -> str:
    """A paper as plain text, in lines of at most 100 characters."""
    lines = [*document.letterhead, "", f"{document.title}  [{document.language}, {document.size_points:g} pt]", ""]
    for block in document.blocks:
        for line in _lines(block):
            lines += textwrap.wrap(line, 100, subsequent_indent="    ", break_on_hyphens=False) or [""]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{'#' * level} {text}"
        case Paragraph(text):
            yield text
        case Lines(texts):
            yield from texts
        case Bullets(items):
            yield from (f"- {item}" for item in items)
        case Numbered(items):
            yield from (f"{n}. {item}" for n, item in enumerate(items, 1))
        case Fields(rows):
            yield from (f"{name}: {value}" for name, value in rows)
        case Table(header, rows):
            yield from (f"| {' | '.join(row)} |" for row in (header, *rows))
        case Signatures(names, beside):
            yield from (f"____ {name} / ____ {beside}" for name in names)
