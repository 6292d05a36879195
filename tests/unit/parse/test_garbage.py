"""The search for garbage is rare while somebody parses, and as it was afterwards."""

from __future__ import annotations

import gc

import pytest

from breachwatch.parse.garbage import searched_rarely


def test_the_search_is_as_it_was_once_all_have_parsed() -> None:
    before = gc.get_threshold()
    first, second = searched_rarely(), searched_rarely()
    first.__enter__()
    rare = gc.get_threshold()
    assert rare[0] > before[0]
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == rare
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before


def test_an_error_leaves_it_as_it_was() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError), searched_rarely():
        raise RuntimeError
    assert gc.get_threshold() == before
