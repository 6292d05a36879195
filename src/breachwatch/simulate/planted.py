"""What attacks and near misses have in common: a story for the ground truth, and a script of marked happenings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import Happening
from breachwatch.simulate.timeline import Stage
from breachwatch.simulate.truth import Story


class Planted:
    """An actor whose every line is known to the ground truth.

    A subclass gives its `story` and its `script`. The script must not depend on the scale: attacks stay the same.
    """

    story: Story

    @property
    def name(self) -> str:
        return f"planted/{self.story.id}"

    def chapters(self, stage: Stage) -> Iterator[Iterable[Happening]]:
        yield [replace(happening, mark=self.story.id) for happening in self.script(stage, stage.dice(self.name))]

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        """All that happens, in any order."""
        raise NotImplementedError
