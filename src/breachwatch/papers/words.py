"""The few words that filling in adds of its own, in the languages that papers come in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

_ENGLISH = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_SPANISH = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio"),
    *("agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)

_SAID_AS_I = re.compile("h?[ií](?![ae])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Language:
    """How a language says what is missing, lists, yes and no, dates and numbers."""

    blank: str
    together: str
    yes: str
    no: str
    day: str  # of `day`, `month`, `year`
    months: tuple[str, ...]
    halves: tuple[str, str] = ("", "")  # of the day; without them the clock has 24 hours
    together_before_i: str = ""  # Spanish: "agua e internet"
    signed: str = "____"  # what stands beside a line to sign on

    def missing(self, what: str) -> str:
        """What stands where a value is missing."""
        return self.blank.format(what=what)

    def date(self, value: date) -> str:
        """A day in words; as in ISO 8601 where the months have no names here."""
        if not self.months:
            return f"{value:%Y-%m-%d}"
        return self.day.format(day=value.day, month=self.months[value.month - 1], year=value.year)

    def time(self, value: datetime) -> str:
        """A day and time of day (aware), with the zone."""
        clock = f"{value:%H:%M}"
        if self.halves[0]:
            clock = f"{value.hour % 12 or 12}:{value:%M} {self.halves[value.hour >= 12]}"
        return f"{self.date(value)}, {clock} {value:%Z}"

    def several(self, items: list[str]) -> str:
        """A list within a sentence."""
        if len(items) < 2:
            return "".join(items)
        said = self.together_before_i if self.together_before_i and _SAID_AS_I.match(items[-1]) else self.together
        return f"{', '.join(items[:-1])} {said} {items[-1]}"


_KNOWN = {
    "en": Language(
        blank="[ to be filled in: {what} ]",
        together="and",
        yes="yes",
        no="no",
        day="{month} {day}, {year}",
        months=_ENGLISH,
        halves=("a.m.", "p.m."),
        signed="Date and time",
    ),
    "es": Language(
        blank="[ por completar: {what} ]",
        together="y",
        yes="sí",
        no="no",
        day="{day} de {month} de {year}",
        months=_SPANISH,
        together_before_i="e",
        signed="Fecha y hora",
    ),
}
_OTHER = Language(blank="[ {what}: ____ ]", together="&", yes="✓", no="✗", day="", months=())


def language(code: str) -> Language:
    """The words of a language by its code; for one that is not known here, signs and ISO dates."""
    return _KNOWN.get(code, _OTHER)
