"""Sources of kind "objects": files in an object store (S3 and what speaks like it, Azure Blob, Google Cloud Storage).

Objects are taken as they are listed, some thousands at a time: what the catalog knows of them is looked up by their
keys, so that memory does not grow with the bucket. One that looks as it did (size, time, etag) is not opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from breachwatch.collect.checkpoints import Log, known_logs, promised_logs
from breachwatch.collect.files import give_up, say_unfound, take_all
from breachwatch.collect.growing import departed
from breachwatch.collect.objects_keys import EVERYTHING, fits, folders_of, patterns_of
from breachwatch.collect.objects_place import ObjectsPlace
from breachwatch.collect.paths import age_order
from breachwatch.collect.patience import Patience
from breachwatch.collect.places import CutOffError, Found, Look, LostError, RefusedError
from breachwatch.collect.work import Harvest, Work
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

_PAGE = 5000
"""So many objects are looked up in the catalog and taken at once."""


def collect_objects(ws: Workspace, source: Source) -> Harvest:
    """Collect what is new in an object store. Raises SettingsError, EnvironmentFault."""
    assert source.objects is not None  # noqa: S101  the settings see to it
    patience = Patience(source.objects.max_minutes)
    work = Work(ws, source, patience, known=promised_logs(ws, source.name))
    place = ObjectsPlace(ws, source.objects, patience)
    listed = _Listed(work, place)
    try:
        _take(work, place, listed)
        if work.retry and not work.unreadable:  # an object was replaced while it was read, or a promise waits
            _take(work, place, listed)
        if not work.unreadable:
            listed.remember()
    except LostError as error:
        work.unreadable = True
        work.say(place.show(""), str(error), lost_data=not source.optional)
    except RefusedError as error:
        work.unreadable = True
        work.say(place.show(""), str(error), lost_data=not source.optional)
    except CutOffError as error:
        work.unreadable = True
        work.say(place.show(""), f"{error}.", lost_data=error.lost_data)
    for what in place.refused:
        work.say(place.show(""), f"{place.show('')}: {what}", lost_data=True)
    say_unfound(work)
    give_up(work)
    return work.harvest


def _take(work: Work, place: ObjectsPlace, listed: _Listed) -> None:
    count = 0
    objects = listed.objects()
    while looks := dict(islice(objects, _PAGE)):
        work.patience.check()
        count += len(looks)
        place.listed = looks
        work.add(known_logs(work.ws, work.source.name, paths=[place.show(path) for path in looks]))
        take_all(work, place, Found(tuple(sorted(looks, key=age_order)), looks=looks))
        departed(work)
        work.forget()
    if not count:
        what = "no object fits. Correct the url or the paths, or set enabled = false; is the time span right?"
        work.say(place.show(""), what, lost_data=not work.source.optional and not listed.log.position)


class _Listed:
    """Which objects are listed, and up to when everything was collected that a listing showed."""

    def __init__(self, work: Work, place: ObjectsPlace) -> None:
        assert work.source.objects is not None  # noqa: S101
        self._work = work
        self._place = place
        seed = f"objects\0{work.source.name}\0{place.url}".encode()
        file_id = hashlib.sha256(seed).hexdigest()[:32]
        known = known_logs(work.ws, work.source.name, file_ids=(file_id,))
        self.log = known.get(file_id) or Log(file_id, work.source.name, place.show(""), "", 0, "")
        self._last = datetime.fromisoformat(self.log.position) if self.log.position else None

    def objects(self) -> Iterator[tuple[str, Look]]:
        return listed_objects(self._place, self._work.source, self._work.now, self._last)

    def remember(self) -> None:
        """Everything that was listed is collected."""
        now = self._work.now.astimezone(UTC).isoformat()
        log = self._work.plan(self.log, ())
        self._work.note(replace(log, position=now))


def listed_objects(
    place: ObjectsPlace, source: Source, now: datetime, last: datetime | None = None
) -> Iterator[tuple[str, Look]]:
    """Every object that a pattern of the source fits, as listed; one that two patterns fit comes twice.

    `last`: until when everything is collected; of dated patterns what is older by late_days is left out. Raises
    LostError, RefusedError, CutOffError.
    """
    assert source.objects is not None  # noqa: S101  the settings see to it
    since = last - timedelta(days=source.objects.late_days) if last else now - timedelta(hours=source.since_hours)
    # Clocks differ, and folders are named by the hour: a day that begins within one is listed, too.
    span = since.astimezone(UTC), now.astimezone(UTC) + timedelta(hours=1)
    for path in source.paths or EVERYTHING:
        for folder, patterns in folders_of(path, patterns_of((path,), *span), place.folders):
            for key, look in place.objects(folder):
                if any(fits(key, pattern) for pattern in patterns):
                    yield key, look
