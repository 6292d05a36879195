"""Patterns of keys: what fits, which days are meant, and which folders are listed for them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from breachwatch.collect.objects_keys import fits, folders_of, patterns_of
from breachwatch.settings_sources import Source

_PART = st.sampled_from(["a", "b", "log", "2026", "x.gz"])
_WILD = st.sampled_from(["a", "b", "*", "l*g", "?", "[ab]", "*.gz"])


@pytest.mark.parametrize(
    ("key", "pattern", "fit"),
    [
        ("a/b.log", "*.log", False),
        ("b.log", "*.log", True),
        ("b.log", "**", True),
        ("x/y/b.log", "**", True),
        ("b.log", "**/*.log", True),
        ("x/y/b.log", "x/**/*.log", True),
        ("x/b.log", "x/**/y/*.log", False),
        ("x/1/2/y/b.log", "x/**/y/*.log", True),
        (".hidden", "*", False),
        (".hidden", ".*", True),
    ],
)
def test_fits(key, pattern, fit):
    assert fits(key, pattern) is fit


def test_every_day_and_hour_once():
    span = datetime(2026, 11, 30, 23, 40, tzinfo=UTC), datetime(2026, 12, 1, 1, 10, tzinfo=UTC)
    assert patterns_of(("%Y/%m/%d/*.gz", "plain/*"), *span) == ["2026/11/30/*.gz", "2026/12/01/*.gz", "plain/*"]
    assert patterns_of(("%Y%m%d-%H*",), *span) == ["20261130-23*", "20261201-00*", "20261201-01*"]


@given(
    keys=st.lists(st.lists(_PART, min_size=1, max_size=5).map("/".join), max_size=12),
    pattern=st.lists(_WILD, min_size=1, max_size=4).flatmap(
        lambda parts: st.sampled_from([parts, ["**", *parts], [*parts, "**"], [*parts[:1], "**", *parts[1:]]])
    ),
    dated=st.booleans(),
)
def test_the_listings_find_what_fits_and_nothing_twice(keys, pattern, dated):
    path = "/".join(pattern)
    patterns = [path]
    if dated and "**" not in pattern:
        path, patterns = f"%Y%m%d/{path}" if len(pattern) % 2 else f"*/%Y%m%d/{path}", []
        head = path.partition("%")[0]
        patterns = [head + day + path.partition("%Y%m%d")[2] for day in ("2026", "log")]
    asked = []

    def list_folders(folder):
        asked.append(folder)
        start = f"{folder}/" if folder else ""
        return [key[len(start) :].split("/")[0] for key in keys if key.startswith(start) and "/" in key[len(start) :]]

    found = []
    for folder, those in folders_of(path, patterns, list_folders):
        start = f"{folder}/" if folder else ""
        found += [key for key in set(keys) if key.startswith(start) and any(fits(key, one) for one in those)]
    assert sorted(found) == sorted(key for key in set(keys) if any(fits(key, one) for one in patterns))


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (("/a",), "below the url's prefix"),
        (("a//b",), "below the url's prefix"),
        (("a/",), "below the url's prefix"),
        (("**/a/**",), "may have \\*\\* once"),
        (("a**/b",), "may have \\*\\* once"),
        (("%Y/%j/x",), "knows %Y"),
        (("%Y/%m/x",), "needs %Y, %m and %d together"),
        (("**/%Y/%m/%d/x",), "cannot have \\*\\* before the date"),
    ],
)
def test_paths_that_cannot_be_used_say_why(paths, said):
    with pytest.raises(ValidationError, match=said):
        Source(name="o", kind="objects", paths=paths, objects={"url": "s3://logs-of-city"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"objects": None}, r"needs a table \[sources.objects\]"),
        ({"kind": "journal"}, r"has a table \[sources.objects\]"),
        ({"objects": {"url": "https://x/y"}}, "no address of an object store"),
    ],
)
def test_settings_that_do_not_fit_name_the_key(change, said):
    with pytest.raises(ValidationError, match=said):
        Source.model_validate({"name": "o", "kind": "objects", "objects": {"url": "s3://logs-of-city"}} | change)
