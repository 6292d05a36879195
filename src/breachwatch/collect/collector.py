"""The collect stage: one source in, stored segments out."""

from __future__ import annotations

from collections.abc import Callable

from breachwatch.collect.api.collecting import collect_api
from breachwatch.collect.checkpoints import stored_segments
from breachwatch.collect.files import collect_files
from breachwatch.collect.journal import collect_journal
from breachwatch.collect.paths import age_order
from breachwatch.collect.work import Harvest
from breachwatch.model.segment import Collected, Segment
from breachwatch.settings_api import TABLES
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace


def _ssh(ws: Workspace, source: Source) -> Harvest:
    from breachwatch.collect.ssh import collect_ssh  # asyncssh takes half a second to import

    return collect_ssh(ws, source)


def _objects(ws: Workspace, source: Source) -> Harvest:
    from breachwatch.collect.objects import collect_objects

    return collect_objects(ws, source)


COLLECTORS: dict[str, Callable[[Workspace, Source], Harvest]] = {
    "files": collect_files,
    "journal": collect_journal,
    "ssh": _ssh,
    "objects": _objects,
    **dict.fromkeys(TABLES, collect_api),
}
"""How each kind of source is collected."""


def collect(ws: Workspace, source: Source) -> Collected:
    """Copy what is new in a source into the segment store; call it under the lock of the source.

    Returns the ids of all its segments that are stored and have not landed, oldest first, those of a killed run among
    them. What cannot be read is a Problem. Raises EnvironmentFault where the store cannot be written (DiskFullError,
    which may pass) or journalctl fails.
    """
    harvest = COLLECTORS[source.kind](ws, source)
    waiting = stored_segments(ws, source.name)
    waiting.sort(key=_age)
    return Collected(
        source=source.name,
        segment_ids=tuple(item.segment_id for item, _ in waiting),
        files=harvest.files_seen,
        bytes=harvest.bytes,
        problems=tuple(harvest.problems),
    )


def _age(waiting: tuple[Segment, str]) -> tuple[object, ...]:
    item, path = waiting
    return item.planned_at, age_order(path), item.file_id, item.start, item.after
