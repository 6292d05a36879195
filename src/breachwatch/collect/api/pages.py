"""Pages of an API as segments: planned, stored, landed; the checkpoint moves with the bytes.

One stream of a service (the sign-ins of a tenant, say) is one log, and what it gave so far, page after page, is the
log's bytes. A page lies in scratch space, on disk, before it is promised: a run that is killed between promise and
store is finished from there by the next, which asks the service nothing for it. The state in which to go on is recorded
in the one transaction that says the page is stored.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from breachwatch.collect.checkpoints import Log, load_log, mark_lost, mark_stored, plan, save_log
from breachwatch.collect.framing import make_framer
from breachwatch.collect.paths import shown
from breachwatch.collect.store import SegmentWriter, explained
from breachwatch.collect.work import Work
from breachwatch.model.formats import format_named
from breachwatch.model.segment import Segment
from breachwatch.workspace import PRIVATE_DIR

FORM = format_named("cloud-api")
_LONGEST_PATH = 1000

State = dict[str, Any]
"""Where a stream goes on: JSON, the vendor's own."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a request gave, and the state after it. A body of None (no record in it) is not kept, the state is."""

    url: str
    body: bytes | None
    state: State


class StreamLog:
    """One stream as a log in the catalog. `account` and `stream` name it within the source; `shown` is for people."""

    def __init__(self, work: Work, account: str, stream: str, address: str) -> None:
        self._work = work
        source = work.source.name
        seed = f"api\0{source}\0{work.source.kind}\0{account}\0{stream}".encode()
        file_id = hashlib.sha256(seed).hexdigest()[:32]
        self.shown = shown(address)
        self._folder = work.ws.scratch / f"api-{source}" / file_id
        known = work.logs.get(file_id)
        if known is None:
            known = Log(file_id, source, self.shown, FORM.name, 0, "")
            plan(work.ws, known, ())
        self._log = known
        self._finish_promises()

    @property
    def state(self) -> State:
        """Where to go on."""
        state: State = self._log.notes.get("state", {})
        return dict(state)

    def keep(self, page: Page) -> None:
        """Store a page and move the checkpoint behind it. Raises EnvironmentFault where the store cannot be written."""
        if page.body is None:
            self._log = replace(self._log, notes={**self._log.notes, "state": page.state})
            save_log(self._work.ws, self._log)
            return
        sha256 = hashlib.sha256(page.body).hexdigest()
        start = self._log.end
        item = self._work.segment(
            self._log,
            shown(page.url)[:_LONGEST_PATH],
            FORM,
            (start, start + len(page.body)),
            content=sha256,
            modified_at=self._work.now,
        )
        item = replace(item, sha256=sha256)
        self._spool(item, page)
        plan(self._work.ws, self._log, [item])
        self._store(item, page.body, page.state)

    def _store(self, item: Segment, body: bytes, state: State) -> None:
        with SegmentWriter(self._work.ws, item) as writer:
            writer.write(body)
            writer.finish()
        framer = make_framer(FORM.framing, item.start)
        framer.feed(body)
        framer.close_record()
        self._log = replace(
            self._log,
            path=self.shown,
            end=item.end,
            records=self._log.records + framer.records,
            notes={**self._log.notes, "state": state},
        )
        mark_stored(self._work.ws, self._log, item)
        self._work.harvest.bytes += item.size
        self._spooled(item).unlink(missing_ok=True)

    def _spooled(self, item: Segment) -> Path:
        return self._folder / f"{item.segment_id}.page"

    def _spool(self, item: Segment, page: Page) -> None:
        """The state in the first line, then the body as it came."""
        with explained(f"write to {self._folder}"):
            self._folder.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
            path = self._spooled(item)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(page.state).encode() + b"\n" + (page.body or b""))
                file.flush()
                os.fsync(file.fileno())

    def _finish_promises(self) -> None:
        """Store what a killed run promised, from scratch space; what is not there is fetched again from the state."""
        for item in self._log.planned:
            spooled = self._read(item)
            if spooled is None:
                mark_lost(self._work.ws, [item])
                continue
            self._store(item, *spooled)
        self._log = load_log(self._work.ws, self._work.source.name, self._log.file_id)
        with explained(f"clear {self._folder}"):
            shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self, item: Segment) -> tuple[bytes, State] | None:
        try:
            head, _, body = self._spooled(item).read_bytes().partition(b"\n")
        except OSError:
            return None
        if hashlib.sha256(body).hexdigest() != item.sha256 or item.start != self._log.end:
            return None
        state: State = json.loads(head)
        return body, state
