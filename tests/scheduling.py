"""How the tests are shared out among several processes: a file at a time, the longest first.

The tests of a file share what its fixtures make, some of it in minutes, so they run in one process. (The marker
`xdist_group` of pytest-xdist 3.8 has no effect under pytest 9.2, which keeps a test's id elsewhere.)
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

LONGEST = (
    "tests/detections/test_differences.py",
    "tests/spine/test_city.py",
    "tests/docs/test_readme.py",
    "tests/pipelines/",
    "tests/spine/test_exactly_once.py",
    "tests/spine/test_real_logs.py",
    "tests/detections/test_cases.py",
    "tests/spine/",
    "tests/unit/evidence/test_kill.py",
    "tests/unit/detect/test_nights.py",
    "tests/unit/detect/test_public_rules.py",
    "tests/notebooks/",
    "tests/unit/detect/",
)
"""Beginnings of ids, the longest files first; all others follow."""

TOGETHER = ("tests/pipelines/",)
"""Folders that are shared out as if they were one file: one Prefect server serves them."""

APART = ("tests/detections/test_cases.py", "tests/spine/test_refusing_machine.py", "tests/unit/detect/test_nights.py")
"""Files whose tests take long and share nothing."""


def begins(test: str) -> int:
    """What a list of tests is sorted by, so that the longest begin."""
    return next((number for number, beginning in enumerate(LONGEST) if test.startswith(beginning)), len(LONGEST))


class FilesTogether(LoadScopeScheduling):
    """Hands out files, some folders and some single tests."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(APART):
            return nodeid
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])
