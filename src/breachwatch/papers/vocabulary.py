"""The names of fields that papers use, each with what it is and what kind of value fills it.

A template declares the fields that it prints, and can declare no others than these: a name that nothing fills would be
a blank for ever. Whoever writes a part that hands out papers of its own adds its fields here, one line each.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FieldKind(StrEnum):
    """What fills a field. A count may be a text where it is an estimate ("about 600"), a date a day or a moment."""

    TEXT = "text"
    COUNT = "count"
    DATE = "date"
    LIST = "list"  # of texts, or rows where the field has columns
    YES_NO = "yes or no"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of papers. `columns` name the cells of its rows, as in `{{ row.name }}`."""

    name: str
    kind: FieldKind
    words: str
    columns: tuple[str, ...] = ()


_TEXT, _COUNT, _DATE, _LIST, _YES_NO = FieldKind

_CITY = (
    Field("city_name", _TEXT, "name of the city"),
    Field("city_address", _TEXT, "postal address of the city"),
    Field("city_phone", _TEXT, "telephone number of the city"),
    Field("city_email", _TEXT, "e-mail address of the city"),
    Field("city_website", _TEXT, "page on the city's website about this incident"),
    Field("contact_name", _TEXT, "person or office that answers questions about this paper"),
    Field("contact_title", _TEXT, "title of that person"),
    Field("contact_phone", _TEXT, "telephone number for questions; toll-free for the public"),
    Field("contact_email", _TEXT, "e-mail address for questions"),
    Field("contact_hours", _TEXT, "hours at which that number is answered"),
    Field("contact_phone_24", _TEXT, "telephone number that is answered day and night"),
    Field("signer_name", _TEXT, "person who signs"),
    Field("signer_title", _TEXT, "title of the person who signs"),
    Field("signer_qualification", _TEXT, "why the person who signs can say so: duties, training, work with the system"),
    Field("it_director", _TEXT, "IT director, with telephone and e-mail address"),
    Field("records_officer", _TEXT, "records officer or City Clerk, with telephone and e-mail address"),
    Field("counsel", _TEXT, "legal counsel or City Attorney, with telephone and e-mail address"),
)

_RECIPIENT = (
    Field("recipient_name", _TEXT, "person or office that receives the paper"),
    Field("recipient_address", _TEXT, "postal address of the recipient"),
    Field("recipient_role", _TEXT, "what the recipient is in this incident"),
    Field("recipient_channel", _TEXT, "way in which the recipient takes it, such as a web form"),
)

_TIMES = (
    Field("notice_date", _DATE, "day on which the paper goes out"),
    Field("occurred_on", _DATE, "day, or estimated first day, of the breach"),
    Field("occurred_until_on", _DATE, "last day of the breach, where it lasted"),
    Field("occurred_at", _DATE, "when it occurred, as far as known"),
    Field("detected_at", _DATE, "when the city's systems first pointed to it"),
    Field("discovered_on", _DATE, "day of discovery"),
    Field("discovered_at", _DATE, "when it was discovered"),
    Field("determined_on", _DATE, "day on which counsel determined that it is a breach"),
    Field("contained_at", _DATE, "when it was contained"),
    Field("eradicated_at", _DATE, "when the cause was removed"),
    Field("recovered_at", _DATE, "when service was restored"),
    Field("closed_at", _DATE, "when the incident was closed"),
)

_INCIDENT = (
    Field("incident_number", _TEXT, "number of the incident"),
    Field("incident_kind", _LIST, "kind of incident, such as breach, suspected breach or ransomware"),
    Field("incident_state", _TEXT, "where the incident stands"),
    Field("severity", _TEXT, "how severe it is"),
    Field("what_happened", _TEXT, "what happened, in a few plain sentences"),
    Field("how_discovered", _TEXT, "how it was discovered"),
    Field("effect", _TEXT, "effect on services of the city"),
    Field("cause", _TEXT, "what caused it, as the analysis found"),
    Field("systems", _LIST, "systems that are affected"),
    Field("system_uses", _TEXT, "what the affected systems are used for, without their names"),
    Field("accounts", _LIST, "accounts that are affected"),
    Field("vendors", _LIST, "vendors that are involved"),
    Field("data_held", _LIST, "kinds of data that the affected systems hold, as the register of systems says"),
    Field("ransomware", _YES_NO, "whether ransomware was used"),
    Field("regulated_data", _YES_NO, "whether the city holds sensitive, confidential or regulated data there"),
    Field("election_data", _YES_NO, "whether election data is affected"),
    Field("health_data", _YES_NO, "whether unsecured protected health information is affected"),
    Field("criminal_justice_data", _YES_NO, "whether criminal justice information is affected"),
    Field("tax_data", _YES_NO, "whether federal tax information is affected"),
    Field("card_data", _YES_NO, "whether payment card data is affected"),
)

_PEOPLE = (
    Field("data_elements", _LIST, "kinds of personal information that were, or may have been, taken"),
    Field("identity_numbers", _YES_NO, "whether Social Security, driver's license or state ID numbers are among them"),
    Field("health_elements", _YES_NO, "whether health or health insurance information is among them"),
    Field("account_elements", _YES_NO, "whether bank account or card numbers are among them"),
    Field("login_elements", _YES_NO, "whether user names or e-mail addresses with passwords are among them"),
    Field("encrypted", _YES_NO, "whether the data was encrypted"),
    Field("key_acquired", _YES_NO, "whether the key to it was taken, too"),
    Field("individuals", _COUNT, "number of people affected"),
    Field("residents", _LIST, "people affected, by state", ("state", "number")),
    Field("residents_tx", _COUNT, "number of residents of Texas affected"),
    Field("residents_ca", _COUNT, "number of residents of California affected"),
    Field("records_range", _TEXT, "number of records concerned, or a range"),
    Field("data_owner", _TEXT, "owner of the data, where it is not the city"),
    Field("credit_agencies", _LIST, "major credit reporting agencies", ("name", "phone", "address", "website")),
    Field("identity_services", _TEXT, "help against identity theft that the city offers, and how to get it"),
)

_RESPONSE = (
    Field("steps_taken", _LIST, "what the city has done, in plain words without names of systems"),
    Field("measures_taken", _LIST, "measures that were carried out, with their dates"),
    Field("measures_intended", _LIST, "measures that are ordered or intended"),
    Field("help_wanted", _TEXT, "help that the city asks for"),
    Field("law_enforcement_engaged", _YES_NO, "whether law enforcement is engaged in investigating it"),
    Field("law_enforcement_agency", _TEXT, "law-enforcement agency, and its case number"),
    Field("law_enforcement_delay", _YES_NO, "whether law enforcement had the notice delayed"),
    Field("notices_sent", _COUNT, "number of people who were sent a notice by mail or another direct way so far"),
    Field("notices_sent_tx", _COUNT, "number of residents of Texas who were sent a notice directly so far"),
    Field("notice_sent_on", _DATE, "day on which notices to people went out"),
    Field("notice_method", _TEXT, "way in which people were, or will be, told"),
    Field("next_steps", _LIST, "open tasks, with who does them"),
    Field("clocks", _LIST, "deadlines that run", ("duty", "safe", "latest", "citation")),
    Field(
        "orders",
        _LIST,
        "measures of containment that were ordered",
        ("number", "what", "target", "ordered", "by", "carried_out"),
    ),
)

_DUTY = (
    Field("obligation_title", _TEXT, "duty that the paper serves"),
    Field("citation", _TEXT, "law, rule or contract that asks for it"),
    Field("deadline", _TEXT, "how much time the law gives, in its words"),
    Field("due_safe", _DATE, "safe date by which it is due"),
    Field("due_latest", _DATE, "latest date that the law allows"),
    Field("confirm", _TEXT, "remark that counsel confirms what the law asks"),
)

_SPECIAL = (
    Field("hipaa_role", _TEXT, "what the city is under HIPAA: covered entity or business associate"),
    Field(
        "health_breach_kind", _TEXT, "hacking, theft, loss, improper disposal, or access or disclosure not authorized"
    ),
    Field("health_data_location", _TEXT, "where the health information was, such as e-mail or a network server"),
    Field("safeguards_before", _TEXT, "safeguards that stood before the breach"),
    Field("merchant_number", _TEXT, "number of the city as a merchant"),
    Field("cards_at_risk", _COUNT, "number of card accounts at risk"),
    Field("policy_number", _TEXT, "number of the insurance policy"),
    Field("originating_agency", _TEXT, "agency identifier (ORI) of the police or court"),
)

_KEEPING = (
    Field("hold_number", _TEXT, "number of the hold"),
    Field("hold_covers", _TEXT, "what must be kept"),
    Field("hold_authority", _TEXT, "policy, order or law under which it must be kept"),
    Field("hold_issued_by", _TEXT, "who ordered it"),
    Field("hold_issued_at", _DATE, "when it was ordered"),
    Field("answer_by", _DATE, "day by which an answer is asked for"),
    Field("evidence_number", _TEXT, "number of the piece of evidence"),
    Field("evidence_description", _TEXT, "what it is: make, model, serial number, marks, condition, how many"),
    Field("evidence_acquired", _TEXT, "how it was acquired: method, tool and version, write blocker"),
    Field("evidence_hash", _TEXT, "hash algorithm and value"),
    Field("evidence_from", _TEXT, "from whom, and where, it was received"),
    Field("evidence_received_at", _DATE, "when it was received"),
    Field("evidence_received_by", _TEXT, "who received it"),
    Field("evidence_location", _TEXT, "where it is kept, and the number of its seal"),
)

_REPORTS = (
    Field("report_number", _TEXT, "number of the report"),
    Field("report_received_at", _DATE, "when the report was received"),
    Field("report_evidence", _TEXT, "numbers under which the report and its attachments are kept"),
    Field("answer", _TEXT, "what the city answers to the reporter"),
)

_REFERRALS = (
    Field("referral_number", _TEXT, "number of the referral"),
    Field("referral_basis", _TEXT, "why the matter is referred, and by which law, contract or order"),
    Field("referral_request", _TEXT, "what is asked of the recipient"),
    Field("packages", _LIST, "evidence that is handed over", ("evidence", "archive", "sha256", "transfer")),
)

_REQUESTS = (
    Field("request_number", _TEXT, "number of the request for public records"),
    Field("request_received_at", _DATE, "when the request was received"),
    Field("request_words", _TEXT, "the request, in the requester's words"),
    Field("request_answer_by", _DATE, "day by which the city answers, by the law's own count"),
    Field("request_law", _TEXT, "law that sets the time for the answer"),
    Field("request_extended_to", _DATE, "day to which the time was extended"),
    Field("request_reason", _TEXT, "reasons for the extension, or for withholding"),
    Field("request_released", _LIST, "files that are released"),
    Field("request_exemptions", _LIST, "laws by which something is withheld", ("text", "law")),
    Field("request_withheld_count", _COUNT, "number of items that are withheld"),
    Field("request_withheld", _LIST, "items that are withheld", ("number", "what", "day", "text", "law")),
)

_RETENTION = (
    Field("retention_number", _TEXT, "number of the disposal"),
    Field("retention_rule", _TEXT, "law, schedule or resolution that allows it"),
    Field("retention_period", _TEXT, "how long the file had to be kept, and since when"),
    Field("retention_asked_by", _TEXT, "who asked for it, and when"),
    Field("retention_approved_by", _TEXT, "who approved it, and when"),
    Field("retention_carried_out_at", _DATE, "when it was carried out"),
    Field("retention_went", _LIST, "what was disposed of", ("what", "number", "sha256")),
    Field("retention_stays", _LIST, "what stays"),
)

_CLOSING = (
    Field("closing_verdict", _TEXT, "what the incident turned out to be, and why"),
    Field("closing_statement", _TEXT, "what happened and what was done, as its closing states it"),
    Field("closing_lessons", _LIST, "what was learnt"),
    Field("closing_guards", _LIST, "what closing asks for, with who met it", ("asks", "met")),
)

VOCABULARY: Final[dict[str, Field]] = {
    field.name: field
    for group in (
        _CITY,
        _RECIPIENT,
        _TIMES,
        _INCIDENT,
        _PEOPLE,
        _RESPONSE,
        _DUTY,
        _SPECIAL,
        _KEEPING,
        _REPORTS,
        _REFERRALS,
        _REQUESTS,
        _RETENTION,
        _CLOSING,
    )
    for field in group
}
"""All fields by name."""
