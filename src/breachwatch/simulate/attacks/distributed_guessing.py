"""Distributed brute force: forty addresses guess the password of one account, each only a few times."""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import Happening, SshFailure
from breachwatch.simulate.inventory import MAP_ADMIN
from breachwatch.simulate.planted import Planted
from breachwatch.simulate.span import MINUTE
from breachwatch.simulate.timeline import Stage
from breachwatch.simulate.truth import Kind, Story

_ADDRESSES = tuple(f"203.0.113.{number}" for number in range(100, 140))


class DistributedGuessing(Planted):
    """In the evening, over 90 minutes; it does not succeed."""

    story = Story(
        id="A03-distributed-guessing",
        kind=Kind.ATTACK,
        name="Distributed brute force against one account",
        about=(
            "Forty addresses guess the password of `gisadmin` on the bastion, two or three times each, so that no "
            "single address stands out. They do not get in."
        ),
        techniques=("T1110.001",),
        accounts=(MAP_ADMIN,),
        hosts=("bastion",),
        addresses=_ADDRESSES,
        expected=("distributed brute force: failed sign-ins of one account from many addresses",),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        begin = stage.span.at(stage.span.day_before_end(3), 20, 10)
        for address in _ADDRESSES:
            for at in dice.times(dice.between(2, 3), begin, begin + 90 * MINUTE):
                yield SshFailure(at=at, host="bastion", user=MAP_ADMIN, address=address, port=dice.port(), known=True)
