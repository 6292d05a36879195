"""People for tests: somebody with every role, and people with one."""

from __future__ import annotations

from breachwatch.model.people import Actor, Role

SOMEBODY = Actor(name="somebody", login="somebody", account="somebody", roles=frozenset(Role))


def a(role: Role, name: str = "") -> Actor:
    """A person with this one role, named for it unless a name is given."""
    return Actor(name=name or role.value, login=name or role.value, account="tests", roles=frozenset({role}))
