"""Who acts, and what the roles permit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from breachwatch import people
from breachwatch.errors import NotPermittedError, SettingsError, UnknownNameError
from breachwatch.model.people import MAY, Permission, Role, program
from breachwatch.workspace import Workspace
from tests.somebody import a

PEOPLE = """
[[people]]
login = "clerk"
name = "The Clerk"
roles = ["records_officer"]
title = "City Clerk"
phone = "555-0100"
email = "clerk@city.example"
"""


def test_without_people_whoever_runs_it_may_do_everything_that_people_do(ws: Workspace) -> None:
    actor = people.acting(ws)
    assert actor.name == actor.account == people.account_name()
    for permission in Permission:
        assert actor.may(permission), permission
    assert Role.PROGRAM not in actor.roles


def test_the_account_is_not_what_the_environment_claims(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = people.account_name()
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "counsel")
    assert people.account_name() == before != "counsel"


def test_a_named_person_has_the_roles_of_the_settings(make_ws: Callable[..., Workspace]) -> None:
    actor = people.acting(make_ws(PEOPLE), "clerk")
    assert (actor.name, actor.title, actor.contact) == ("The Clerk", "City Clerk", "555-0100, clerk@city.example")
    assert actor.account == people.account_name()
    people.require(actor, Permission.RELEASE_HOLD)
    with pytest.raises(
        NotPermittedError, match=r"The Clerk \(records officer\) may not decide as counsel; .*: counsel\."
    ):
        people.require(actor, Permission.DECIDE)


def test_an_account_that_the_settings_lack_has_no_role(make_ws: Callable[..., Workspace]) -> None:
    with pytest.raises(NotPermittedError, match="--as LOGIN"):
        people.acting(make_ws(PEOPLE))
    with pytest.raises(UnknownNameError, match="Did you mean clerk"):
        people.acting(make_ws(PEOPLE), "clark")


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (PEOPLE.replace("records_officer", "program"), "breachwatch's own"),
        (PEOPLE.replace("records_officer", "boss"), "boss"),
        (PEOPLE + PEOPLE, "two people have the login 'clerk'"),
        (PEOPLE.replace('["records_officer"]', "[]"), "roles"),
    ],
)
def test_people_that_cannot_be_are_refused(make_ws: Callable[..., Workspace], mistake: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        make_ws(mistake)


def test_every_permission_is_somebodys_and_an_administrator_cannot_decide_as_counsel() -> None:
    assert set(MAY) == set(Permission)
    assert not a(Role.ADMIN).may(Permission.DECIDE)
    assert not a(Role.ADMIN).may(Permission.PRIVILEGED)
    assert not program().may(Permission.RELEASE_HOLD)
