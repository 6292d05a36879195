"""The city's systems: what they are worth and what data they hold, as the register of systems names them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DataCategory(StrEnum):
    """Kinds of data about people whose loss a law asks about.

    After the elements that Texas Business & Commerce Code 521.002(a)(2) and California Civil Code 1798.29(g) list, and
    what other rules protect: criminal justice information (FBI CJIS Security Policy), health information (45 CFR
    160.103), cardholder data (PCI DSS). Which of them a law covers in a given case is for counsel to say.
    """

    SSN = "ssn"
    DRIVER_LICENCE = "driver_licence"
    GOVERNMENT_ID = "government_id"  # passport, military, tribal or state identification
    TAX_ID = "tax_id"
    FINANCIAL_ACCOUNT = "financial_account"
    CARD = "card"
    HEALTH = "health"
    HEALTH_INSURANCE = "health_insurance"
    BIOMETRIC = "biometric"
    GENETIC = "genetic"
    LICENCE_PLATES = "licence_plates"  # of automated readers
    CREDENTIALS = "credentials"  # user name or mail address with a password or security question
    CJIS = "cjis"
    ELECTION = "election"
    MINORS = "minors"
    PERSONNEL = "personnel"
    UTILITY = "utility"  # customers' accounts and use
    PERSONAL = "personal"  # names, addresses, birth dates and the like

    @property
    def words(self) -> str:
        """As people say it."""
        return _WORDS.get(self.value, self.value.replace("_", " "))


_WORDS = {
    "ssn": "Social Security numbers",
    "driver_licence": "driver's licences",
    "government_id": "government identification",
    "tax_id": "tax identification numbers",
    "financial_account": "financial accounts",
    "card": "payment cards",
    "health": "health records",
    "biometric": "biometric data",
    "genetic": "genetic data",
    "licence_plates": "licence plate readings",
    "cjis": "criminal justice information (CJIS)",
    "election": "election data",
    "minors": "data of minors",
    "personnel": "personnel files",
    "utility": "utility accounts",
    "personal": "personal data",
}


class Criticality(StrEnum):
    """How much the city depends on a system."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class System:
    """One system of the register. Names are as the register writes them; they are compared without regard to case."""

    host: str
    also: tuple[str, ...] = ()  # other names and addresses of it
    datasets: tuple[str, ...] = ()  # of a service without a host: the datasets that tell of it, such as m365.audit
    owner: str = ""
    vendor: str = ""
    criticality: Criticality = Criticality.NORMAL
    data: tuple[DataCategory, ...] = ()
    records: int | None = None  # people about whom it holds data; None: nobody said
    notes: str = ""
    place: str = ""  # where the register says so: "systems.csv, line 7"
