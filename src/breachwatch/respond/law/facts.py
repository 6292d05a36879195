"""The facts that obligations ask about: their names, kinds and words. A profile can use no others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FactKind(StrEnum):
    """What a fact's value is."""

    YES_NO = "yes or no"
    CHOICE = "one of"
    SET = "some of"
    COUNT = "a number, or from..to"
    PER_STATE = "a number, or from..to, for each state"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of an incident. `choices` are the values of a choice or set."""

    name: str
    kind: FactKind
    question: str
    choices: tuple[str, ...] = ()


ELEMENTS = (
    *("ssn", "drivers_license", "state_id", "government_id", "tax_id", "passport", "military_id"),
    *("financial_account_with_access_code", "card_number_with_access_code", "health_condition"),
    *("health_care_provided", "health_care_payment", "medical_information", "health_insurance_information"),
    *("biometric_unique", "alpr_data", "genetic_data"),
    *("username_with_password_or_security_answer", "email_with_password_or_security_answer"),
)
"""Data elements that state laws name, in the words of Tex. Bus. & Com. Code 521.002 and Cal. Civ. Code 1798.29(g)."""

_FACTS = (
    Fact("breach_confirmed", FactKind.YES_NO, "Was computerized data acquired without authority?"),
    Fact("incident_confirmed", FactKind.YES_NO, "Is it confirmed that there was an incident?"),
    Fact("good_faith", FactKind.YES_NO, "Did an employee or agent acquire it in good faith, with no further use?"),
    Fact(
        "incident_type",
        FactKind.SET,
        "What kind of incident is it?",
        ("breach", "suspected_breach", "ransomware", "command_designated", "other"),
    ),
    Fact("data_elements", FactKind.SET, "Which data elements were, or may have been, acquired?", ELEMENTS),
    Fact("with_name", FactKind.YES_NO, "Together with a first name or initial and a last name?"),
    Fact("identifies_individual", FactKind.YES_NO, "Does the data identify an individual?"),
    Fact("encrypted", FactKind.YES_NO, "Were name and data elements encrypted?"),
    Fact("key_acquired", FactKind.YES_NO, "Was the key or credential acquired that makes them readable?"),
    Fact("public_information", FactKind.YES_NO, "Was all of it lawfully public government information?"),
    Fact("individuals", FactKind.COUNT, "How many individuals in all?"),
    Fact("residents", FactKind.PER_STATE, "How many residents of each state?"),
    Fact("contact_info_insufficient", FactKind.YES_NO, "Is contact information missing for some of them?"),
    Fact("notice_cost_usd", FactKind.COUNT, "What would notice cost, in US dollars?"),
    Fact("data_owner", FactKind.CHOICE, "Whose data is it?", ("city", "other")),
    Fact("vendor_held", FactKind.YES_NO, "Did a vendor hold the data for the city?"),
    Fact("city_was_source", FactKind.YES_NO, "Was the city the source of the breach?"),
    Fact("regulated_data", FactKind.YES_NO, "Does the city hold sensitive, confidential or regulated data there?"),
    Fact("utility_reporting", FactKind.YES_NO, "Must it be reported to an organization under Util. Code 39.151?"),
    Fact("election_data", FactKind.YES_NO, "Is election data affected?"),
    Fact("unsecured_phi", FactKind.YES_NO, "Is unsecured protected health information affected (HIPAA)?"),
    Fact("phi_low_probability", FactKind.YES_NO, "Does a four-factor assessment show a low probability of compromise?"),
    Fact(
        "hipaa_role",
        FactKind.CHOICE,
        "What is the city under HIPAA?",
        ("none", "covered_entity", "business_associate"),
    ),
    Fact("cji_involved", FactKind.YES_NO, "Is criminal justice information affected (CJIS)?"),
    Fact("fti_involved", FactKind.YES_NO, "Is federal tax information affected (IRS Publication 1075)?"),
    Fact("cardholder_data", FactKind.YES_NO, "Is payment card data affected?"),
    Fact("education_records", FactKind.YES_NO, "Are education records affected (FERPA)?"),
    Fact("insured", FactKind.YES_NO, "Does the city have a cyber insurance policy?"),
    Fact("records_request_open", FactKind.YES_NO, "Is there an open request for records of the incident?"),
)
FACTS = {fact.name: fact for fact in _FACTS}
