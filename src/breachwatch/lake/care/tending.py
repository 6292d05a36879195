"""What each night does for the lake once the search is over: retention, then merging small files."""

from __future__ import annotations

from breachwatch.errors import explain
from breachwatch.lake.care.compacting import compact
from breachwatch.lake.care.retaining import retain
from breachwatch.model.people import program
from breachwatch.model.summary import Upkeep
from breachwatch.workspace import Workspace

_TOLD = 20


def tend(ws: Workspace) -> Upkeep:
    """Keep to retention and merge small files, as the settings say. What goes wrong is told and stops nothing else."""
    problems: list[str] = []
    disposed = kept = merged = into = segments = 0
    if any(ws.settings.lake.retention.values()):
        try:
            done = retain(ws, by=program())
        except Exception as error:  # noqa: BLE001  said in the summary; the next night tries again
            problems.append(f"retention: {explain(error)}")
        else:
            disposed, segments, kept = done.files, done.segments, sum(done.kept.values()) - done.doubted
            if done.doubted:
                problems.append(
                    f"retention: {done.doubted} files past their period are kept because something is in doubt; "
                    "`breachwatch lake retain --dry-run` says what."
                )
    if ws.settings.lake.compact:
        try:
            compacted = compact(ws, by=program())
        except Exception as error:  # noqa: BLE001  said in the summary; the next night tries again
            problems.append(f"merging small files: {explain(error)}")
        else:
            merged, into = compacted.files, compacted.merges
            problems += [f"merging small files: {why}" for why in compacted.refused]
    return Upkeep(disposed, segments, kept, merged, into, tuple(problems[:_TOLD]))
