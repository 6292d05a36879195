"""What a caller can get wrong is said plainly; what is written can be taken over."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from breachwatch.errors import EnvironmentFault, UsageError
from breachwatch.settings_sources import Source
from breachwatch.simulate import as_toml, simulate, sources
from tests.unit.simulate.conftest import City


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"days": 0}, "days 0"),
        ({"days": 367}, "days 367"),
        ({"scale": 0}, "scale 0"),
        ({"scale": float("nan")}, "scale nan"),
        ({"scale": 101}, "scale 101"),
        ({"time_zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"time_zone": "../../etc/passwd"}, "IANA"),
    ],
)
def test_arguments_out_of_range_are_refused_before_anything_is_written(
    tmp_path: Path, arguments: dict[str, object], word: str
) -> None:
    with pytest.raises(UsageError, match=word):
        simulate(tmp_path / "city", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "city").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="not empty"):
        simulate(tmp_path, days=1, scale=0.05)
    with pytest.raises(UsageError, match="is a file"):
        simulate(tmp_path / "mine.txt", days=1, scale=0.05)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot write the simulated city"):
        simulate(tmp_path / "file" / "city", days=1, scale=0.05)


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    simulate(tmp_path / "city", days=2, scale=0.05, progress=lambda *step: told.append(step))
    assert told[-1] == ("simulate", 48, 48)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert len(told) > 40


def test_sources_are_valid_settings_and_find_every_log(city: City) -> None:
    tables = tomllib.loads((city.root / "sources.toml").read_text(encoding="utf-8"))["sources"]
    found: list[Path] = []
    for table in tables:
        source = Source(**table)
        assert source.time_zone == "America/Chicago"
        found += [path for pattern in source.paths for path in city.root.glob(pattern)]
    assert sorted(str(path.relative_to(city.root)) for path in found) == sorted(city.files)


def test_sources_with_absolute_paths(city: City, tmp_path: Path) -> None:
    odd = tmp_path / 'a "quoted" \\ folder'
    tables = tomllib.loads(as_toml(sources("UTC", odd)))["sources"]
    assert all(table["paths"][0].startswith(str(odd)) for table in tables)
    assert [table.paths for table in city.report.sources] == [
        table.paths for table in sources("America/Chicago", city.root)
    ]


def test_the_readme_says_that_all_is_invented(city: City) -> None:
    text = (city.root / "README.txt").read_text(encoding="utf-8")
    assert "invented" in text
    assert "seed = 7" in text
