"""What the records know in signs, said in plain English and Spanish for people who receive papers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from breachwatch.model.casework import ActionKind
from breachwatch.model.papers import Way
from breachwatch.respond.assessment.facts import Count

ELEMENTS: dict[str, tuple[str, str]] = {
    "ssn": ("Social Security number", "número de Seguro Social"),
    "drivers_license": ("driver's license number", "número de licencia de conducir"),
    "state_id": ("state ID number", "número de identificación estatal"),
    "government_id": ("government ID number", "número de identificación oficial"),
    "tax_id": ("tax identification number", "número de identificación fiscal"),
    "passport": ("passport number", "número de pasaporte"),
    "military_id": ("military ID number", "número de identificación militar"),
    "financial_account_with_access_code": (
        "bank or other account number with the code or password to it",
        "número de cuenta bancaria o de otra cuenta, con su código o contraseña",
    ),
    "card_number_with_access_code": (
        "credit or debit card number with the code to it",
        "número de tarjeta de crédito o débito, con su código",
    ),
    "health_condition": ("health condition", "estado de salud"),
    "health_care_provided": ("health care provided", "atención médica recibida"),
    "health_care_payment": ("payment for health care", "pagos por atención médica"),
    "medical_information": ("medical information", "información médica"),
    "health_insurance_information": ("health insurance information", "información de seguro médico"),
    "biometric_unique": ("fingerprint or other biometric data", "huella digital u otros datos biométricos"),
    "alpr_data": ("license plate readings", "lecturas de placas de vehículos"),
    "genetic_data": ("genetic data", "datos genéticos"),
    "username_with_password_or_security_answer": (
        "user name with password or security answer",
        "nombre de usuario con contraseña o respuesta de seguridad",
    ),
    "email_with_password_or_security_answer": (
        "e-mail address with password or security answer",
        "correo electrónico con contraseña o respuesta de seguridad",
    ),
    "driver_license": ("driver's license number", "número de licencia de conducir"),
    "account_with_code": (
        "bank or other account number with the code or password to it",
        "número de cuenta bancaria o de otra cuenta, con su código o contraseña",
    ),
    "card": ("payment card number", "número de tarjeta de pago"),
    "credentials": ("user name and password", "nombre de usuario y contraseña"),
    "health": ("health information", "información de salud"),
    "health_insurance": ("health insurance information", "información de seguro médico"),
    "biometric": ("fingerprint or other biometric data", "huella digital u otros datos biométricos"),
    "date_of_birth": ("date of birth", "fecha de nacimiento"),
    "contact": ("address, telephone number or e-mail address", "dirección, teléfono o correo electrónico"),
    "alpr": ("license plate readings", "lecturas de placas de vehículos"),
    "cjis": ("criminal justice information", "información de la justicia penal"),
    "election": ("election data", "datos electorales"),
    "utility": ("utility account information", "información de la cuenta de servicios públicos"),
    "personnel": ("personnel file", "expediente de personal"),
    "minors": ("data of children", "datos de menores"),
    "other": ("other personal information", "otra información personal"),
}
"""Kinds of data by the names that worksheets (`respond.law.facts`) and statements (`incidents.casework`) use."""

IDENTITY = frozenset({"ssn", "drivers_license", "driver_license", "state_id"})
"""Numbers whose loss asks for the credit agencies in the notice (Cal. Civ. Code 1798.29(d)(2))."""
ACCOUNTS = frozenset(
    {"financial_account_with_access_code", "card_number_with_access_code", "account_with_code", "card"}
)
LOGINS = frozenset(
    {"username_with_password_or_security_answer", "email_with_password_or_security_answer", "credentials"}
)
HEALTH = frozenset(
    {
        *("health_condition", "health_care_provided", "health_care_payment", "medical_information"),
        *("health_insurance_information", "health", "health_insurance"),
    }
)

_INCIDENT_KINDS = {
    "breach": ("breach", "filtración de datos"),
    "suspected_breach": ("suspected breach", "posible filtración de datos"),
    "ransomware": ("ransomware", "ransomware"),
    "command_designated": (
        "occurrence that Texas Cyber Command designated",
        "suceso que designó Texas Cyber Command",
    ),
    "other": ("other", "otro"),
}
_REPORTED = {
    "employee": ("An employee of the city reported it.", "Lo informó una persona que trabaja para la ciudad."),
    "vendor": ("A vendor of the city reported it.", "Lo informó un proveedor de la ciudad."),
    "contractor": ("A contractor of the city reported it.", "Lo informó un contratista de la ciudad."),
    "resident": ("A resident reported it.", "Lo informó un residente."),
    "anonymous": ("Somebody reported it without a name.", "Alguien lo informó sin dar su nombre."),
    "other": ("Somebody reported it.", "Alguien lo informó."),
}
_WAYS = {
    Way.LETTER.value: ("letter by mail", "carta por correo"),
    Way.EMAIL.value: ("e-mail", "correo electrónico"),
    Way.WEBSITE.value: ("notice on the city's website", "aviso en el sitio web de la ciudad"),
    Way.MEDIA.value: ("notice in the media", "aviso en los medios"),
    Way.IN_PERSON.value: ("in person", "en persona"),
    "mail": ("letter by mail", "carta por correo"),
}
_PLAINLY = {
    ActionKind.CONTAINMENT: (
        "We cut off what was affected, so that no more harm is done.",
        "Aislamos lo afectado para que no haya más daño.",
    ),
    ActionKind.ACCESS_SUSPENSION: ("We closed the access that was misused.", "Cerramos el acceso que se usó mal."),
    ActionKind.ERADICATION: ("We removed the cause.", "Eliminamos la causa."),
    ActionKind.RECOVERY: ("We made our systems safe to use again.", "Dejamos nuestros sistemas seguros de nuevo."),
    ActionKind.VENDOR: ("We took steps with our vendor.", "Tomamos medidas con nuestro proveedor."),
}


@dataclass(frozen=True, slots=True)
class Saying:
    """One language: 0 is English, which also stands where a language has no words here; 1 is Spanish."""

    column: int

    def elements(self, names: Iterable[str], *, more: bool) -> list[str]:
        """Kinds of data in the order of the table; `more`: others may turn up."""
        known = set(names)
        told = list(dict.fromkeys(words[self.column] for name, words in ELEMENTS.items() if name in known))
        if more and told:
            told.append(("perhaps more; we are still looking", "quizás más; seguimos investigando")[self.column])
        return told

    def kinds(self, names: Iterable[str]) -> list[str]:
        """Kinds of incident."""
        known = set(names)
        return [words[self.column] for name, words in _INCIDENT_KINDS.items() if name in known]

    def count(self, count: Count, *, estimated: bool) -> str:
        """How many; a range or an estimate says so."""
        if count.high is None:
            return (f"at least {count.low:,}", f"al menos {count.low:,}")[self.column]
        if count.low != count.high:
            between = f"{count.low:,} {('to', 'a')[self.column]} {count.high:,}"
            return f"{self._about} {between}"
        return f"{self._about} {count.low:,}" if estimated else f"{count.low:,}"

    @property
    def _about(self) -> str:
        return ("about", "alrededor de")[self.column]

    def done(self, kinds: Iterable[ActionKind], *, secured: bool, police: bool) -> list[str]:
        """What was done, for people outside: by kinds of measures, without names of systems or accounts."""
        known = set(kinds)
        told = [words[self.column] for kind, words in _PLAINLY.items() if kind in known]
        if secured:
            told.append(
                ("We secured the records of what happened.", "Guardamos los registros de lo que pasó.")[self.column]
            )
        if police:
            told.append(("We told law enforcement.", "Avisamos a las autoridades policiales.")[self.column])
        return told

    @property
    def by_search(self) -> str:
        """How an incident was discovered that a run opened."""
        return (
            "The city's own search of its logs pointed to it.",
            "La búsqueda que la ciudad hace en sus registros lo señaló.",
        )[self.column]

    def by_report(self, relation: str) -> str | None:
        """How an incident was discovered that was opened from a report; None where nobody reported it."""
        words = _REPORTED.get(relation)
        return words[self.column] if words else None

    def ways(self, names: Iterable[str]) -> str | None:
        """The ways in which papers went out."""
        return ", ".join(dict.fromkeys(_WAYS.get(name, (name, name))[self.column] for name in names)) or None


_LANGUAGES: Mapping[str, Saying] = {"en": Saying(0), "es": Saying(1)}


def saying(language: str) -> Saying:
    """The words of a language; English for one that has none here."""
    return _LANGUAGES.get(language, _LANGUAGES["en"])
