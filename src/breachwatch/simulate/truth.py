"""The ground truth: which planted line belongs to which story. Kept while the logs are written, then saved as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from breachwatch.simulate.span import iso


class Kind(StrEnum):
    """What a planted story is."""

    ATTACK = "attack"  # must be found
    BENIGN = "benign"  # looks like an attack and is none: must not raise an alert
    BACKGROUND = "background"  # the weather of the Internet: an alert on it is right, but of little worth


@dataclass(frozen=True, slots=True)
class Story:
    """What a planted story says about itself."""

    id: str
    kind: Kind
    name: str
    about: str
    techniques: tuple[str, ...] = ()  # MITRE ATT&CK technique ids
    accounts: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()  # "topic: explanation" of rules that should fire (benign: that must not)
    level: str = "medium"  # of an attack: its alerts should reach at least this one of Sigma's levels


@dataclass(frozen=True, slots=True)
class PlantedLine:
    """Where one line of a story lies: file, line from 1 (uncompressed), SHA-256 of the line without its ending."""

    file: str
    line: int
    sha256: str
    at: int


class Truth:
    """Collects the lines of each story. Its size depends on the stories only, not on the scale."""

    def __init__(self, stories: Sequence[Story]) -> None:
        self.stories = tuple(stories)
        self._lines: dict[str, list[PlantedLine]] = {story.id: [] for story in stories}

    def note(self, mark: str, line: PlantedLine) -> None:
        """Enter one line; an unknown story is a mistake in the simulation and raises KeyError."""
        self._lines[mark].append(line)

    def lines(self, story: Story) -> list[PlantedLine]:
        """The story's lines in order of time, then of place."""
        return sorted(self._lines[story.id], key=lambda line: (line.at, line.file, line.line))

    def told(self, kind: Kind) -> list[dict[str, object]]:
        """The stories of one kind for truth.json."""
        return [self._tell(story) for story in self.stories if story.kind == kind]

    def _tell(self, story: Story) -> dict[str, object]:
        lines = self.lines(story)
        return {
            "id": story.id,
            "name": story.name,
            "about": story.about,
            "techniques": list(story.techniques),
            "accounts": list(story.accounts),
            "hosts": list(story.hosts),
            "addresses": list(story.addresses),
            "start": iso(lines[0].at) if lines else None,
            "end": iso(lines[-1].at) if lines else None,
            "topics": [text.partition(":")[0] for text in story.expected],
            **({"level": story.level} if story.kind is Kind.ATTACK else {}),
            "must_not_fire" if story.kind is Kind.BENIGN else "expected": list(story.expected),
            "lines": [
                {"file": line.file, "line": line.line, "sha256": line.sha256, "time": iso(line.at)} for line in lines
            ],
        }
