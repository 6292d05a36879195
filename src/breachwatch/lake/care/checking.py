"""Checking the lake: its files, the stored segments, the catalog and all hashes against each other.

Nothing is changed. A run may go on meanwhile: what looks wrong is looked at again before it is told. Memory is bounded:
the catalog is read in portions, folders one at a time, and what DuckDB counts it may spill.
"""

from __future__ import annotations

from breachwatch.lake.care.check_catalog import check_catalog
from breachwatch.lake.care.check_extra import check_lake_folder, check_scratch, check_segment_folder
from breachwatch.lake.care.check_files import check_files
from breachwatch.lake.care.check_segments import check_segments
from breachwatch.lake.care.differences import CheckReport, Progress, quiet
from breachwatch.workspace import Workspace


def check(ws: Workspace, *, quick: bool = False, progress: Progress = quiet) -> CheckReport:
    """Compare everything. `quick` reads sizes and footers only, so that a changed byte may stay unseen.

    Raises EnvironmentFault where a folder cannot be read at all.
    """
    report = CheckReport(quick)
    check_catalog(ws, report)
    check_files(ws, report, progress)
    check_segments(ws, report, progress)
    check_lake_folder(ws, report)
    check_segment_folder(ws, report)
    check_scratch(ws, report)
    return report
