"""The directory: who is who, and what is missing with its place and what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from breachwatch.errors import SettingsError
from breachwatch.model.people import Role
from breachwatch.respond.contacts import directory
from breachwatch.respond.notices import draft
from breachwatch.settings_contacts import ContactKind
from breachwatch.workspace import Workspace
from tests.somebody import a

ANALYST = a(Role.ANALYST)
PEOPLE = """
[[people]]
login = "dana"
name = "Dana"
roles = ["it_director", "counsel"]
phone = "1"

[[people]]
login = "casey"
name = "Casey"
roles = ["records_officer"]
"""
CONTACTS = """
[[contacts]]
name = "Police Department"
kind = "police"
phone = "432-555-0199"
form = "https://www.example.gov/report"

[[contacts]]
name = "Insurer"
kind = "insurer"
"""


def test_what_is_missing_is_said_with_its_place(make_ws: Callable[..., Workspace]) -> None:
    found = directory(make_ws(PEOPLE + CONTACTS), by=ANALYST)
    assert found.missing == (
        "people: the records officer Casey has no phone or email; add one below that [[people]].",
        "contacts: 'Insurer' has no address, phone, email or form; add one below its [[contacts]].",
    )
    police = directory(make_ws(PEOPLE + CONTACTS, folder="b"), by=ANALYST, kind=ContactKind.POLICE)
    assert [item.name for item in police.contacts] == ["Police Department"]
    nobody = directory(make_ws(folder="c"), by=ANALYST)
    assert [text.split(";")[0] for text in nobody.missing] == [
        "people: nobody is the IT director",
        "people: nobody is the records officer",
        "people: nobody is the counsel",
    ]


def test_a_paper_that_names_a_role_nobody_has_is_refused(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws(PEOPLE)
    with pytest.raises(SettingsError, match=r"the template 'inside-notice'.*records officer Casey has no phone"):
        draft(ws, "inside-notice", by=ANALYST, reason="x")
    assert draft(ws, "inside-notice", by=ANALYST, values={"records_officer": "room 2"}, reason="x").number


@pytest.mark.parametrize(
    ("contact", "words"),
    [
        ('name = "x"\nkind = "friend"', "kind"),
        ('name = "x"\nkind = "police"\nform = "javascript:alert(1)"', "no address of a page"),
        ('name = "x"\nkind = "police"\ncolour = "red"', "colour"),
        ('kind = "police"', "name"),
    ],
)
def test_contacts_that_cannot_be(make_ws: Callable[..., Workspace], contact: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        make_ws(f"[[contacts]]\n{contact}\n")
