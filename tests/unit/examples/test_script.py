"""Scripts of examples: what they may say, how they are played, and what of it differs from place to place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from breachwatch.errors import DataError, UnknownNameError, UsageError
from breachwatch.examples import EXAMPLES, Ran, Script, as_page, play, read_script
from breachwatch.examples.playing import ExampleError, same_each_time
from breachwatch.examples.script import Prose, Typed, Written, steps_of

ZONE = ZoneInfo("America/Chicago")
TEXT = """# Title

```console at=2026-11-01T00:30 as=analyst show=1
queue
incident note 1 \\
    "two words"
```

```file notes/a.txt
what is written
```

    breachwatch example odessa --into DIR
"""


def _script(text: str = TEXT) -> Script:
    return Script("made", tuple(steps_of(text, ZONE)))


def test_commands_have_their_time_in_the_city_and_a_minute_between() -> None:
    first, second = (step for step in _script().steps if isinstance(step, Typed))
    assert first.at.astimezone(UTC) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert second.at.astimezone(UTC) == datetime(2026, 11, 1, 5, 31, tzinfo=UTC)
    assert first.arguments == ["--as", "analyst", "queue"]
    assert second.arguments == ["--as", "analyst", "incident", "note", "1", "two words"]
    assert second.as_typed == 'breachwatch --as analyst incident note 1 \\\n    "two words"'


def test_what_is_played_is_what_the_page_says(tmp_path: Path) -> None:
    asked: list[tuple[Sequence[str], datetime]] = []

    def run(words: Sequence[str], at: datetime) -> Ran:
        asked.append((words, at))
        return Ran(0, f"one {tmp_path / 'new'}/vault\ntwo\n")

    done = play(_script(), tmp_path / "new", run)
    assert [words[2] for words, _ in asked] == ["queue", "incident"]
    assert (tmp_path / "new" / "notes" / "a.txt").read_text() == "what is written\n"
    page = as_page(done)
    assert "# Sun 2026-11-01 00:30 CDT\n$ breachwatch --as analyst queue\none vault\n... (1 more line)\n" in page
    assert page.count("```console") == 1
    assert "`notes/a.txt`:\n\n```\nwhat is written\n```" in page


def test_a_command_that_ends_otherwise_ends_the_example(tmp_path: Path) -> None:
    with pytest.raises(ExampleError, match=r"queue ended with 3 where the example expects 0:\nno room"):
        play(_script(), tmp_path / "new", lambda words, at: Ran(3, "no room"))


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(UsageError, match="is not empty"):
        play(_script(), tmp_path, lambda words, at: Ran(0, ""))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("path", ["../a.txt", "/tmp/a.txt", "a/../../b"])
def test_files_outside_the_workspace_are_refused(path: str) -> None:
    with pytest.raises(DataError, match="below the workspace alone"):
        _script(f"```file {path}\nx\n```\n")


def test_examples_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="odessa"):
        read_script("odesa")


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_time_only_goes_forward_in_an_example(name: str) -> None:
    script = read_script(name)
    times = [step.at for step in script.steps if isinstance(step, Typed)]
    assert len(times) > 20
    assert times == sorted(times)
    assert len(set(times)) == len(times)
    assert isinstance(script.steps[0], Prose)
    assert any(isinstance(step, Written) for step in script.steps)


def test_what_differs_from_place_to_place_is_left_out(tmp_path: Path) -> None:
    said = f"run-20261030-1a2b3c4d in {tmp_path}/vault, {'ab' * 32}, 12.5 KiB; alert bf231907"
    assert same_each_time(said, tmp_path) == "run-20261030-xxxxxxxx in vault, xxxxxxxxxxxxxxxx, x KiB; alert bf231907"
