"""What collecting one source holds in its hands: what the catalog knows, what was seen, what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from breachwatch.collect.checkpoints import Log, known_logs, load_log, plan, save_log
from breachwatch.collect.cutting import keep_promises
from breachwatch.collect.patience import Patience
from breachwatch.collect.places import CutOffError, Look
from breachwatch.collect.stream import LogFile, LogStream
from breachwatch.errors import LimitError
from breachwatch.model.formats import Format
from breachwatch.model.segment import Problem, Segment, make_segment_id
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_PATHS_NOTED = 16  # of one log: its rotated names and copies


@dataclass
class Harvest:
    """What was brought in: files looked at, uncompressed bytes stored, and what went wrong."""

    files: set[str] = field(default_factory=set)
    files_before: int = 0  # whose names were let go of
    bytes: int = 0
    problems: dict[Problem, None] = field(default_factory=dict)  # in order, each said once

    @property
    def files_seen(self) -> int:
        return self.files_before + len(self.files)


class Work:
    """The state of collecting one source, and the steps that every kind of log shares.

    `logs` are the known logs of the source; where these may be too many for memory, those that `known` gives, and more
    come with `recall`. `unreadable`: something could not be read, so what is missing need not be lost.
    """

    def __init__(
        self, ws: Workspace, source: Source, patience: Patience | None = None, known: dict[str, Log] | None = None
    ) -> None:
        self.ws = ws
        self.source = source
        self.patience = patience or Patience(source.max_minutes)
        self.now = ws.clock.now()
        self.harvest = Harvest()
        self.partial = known is not None
        self.logs: dict[str, Log] = {}
        self._at: dict[str, set[str]] = {}  # path -> file_ids of the logs that were seen there
        self.add(known_logs(ws, source.name) if known is None else known)
        self.held: dict[str, str] = {}  # path -> file_id of the log it holds, empty where it holds none that is known
        self.looks: dict[str, Look] = {}
        self.told: set[str] = set()  # logs whose fate has been told
        self.unreadable = False
        self.paused = False  # of the file at hand more is to be read, once what was read is stored
        # Logs to look for under another name: promises that the file at hand could not keep ("" or what to say).
        self.retry = {log.file_id: "" for log in self.logs.values() if log.planned}

    def add(self, logs: Mapping[str, Log]) -> None:
        """Take logs into those at hand."""
        for file_id, log in logs.items():
            self.logs[file_id] = log
            for path in log.notes.get("seen", {}):
                self._at.setdefault(path, set()).add(file_id)

    def forget(self) -> None:
        """Let go of the logs at hand whose promises are kept, and of the files that were looked at."""
        self.harvest.files_before += len(self.harvest.files)
        self.harvest.files.clear()
        self.held.clear()
        self.looks.clear()
        self.told.clear()
        self.logs = {file_id: log for file_id, log in self.logs.items() if file_id in self.retry}
        self._at = {}
        self.add(self.logs)

    def say(self, where: str, what: str, *, lost_data: bool = False) -> None:
        """Note a problem; saying it twice makes it no larger."""
        self.harvest.problems[Problem(self.source.name, where, what, lost_data)] = None

    def is_final(self, file: LogFile, stream: LogStream) -> bool:
        """Whether nobody is going to finish the file's last record: it is packed, or has not changed for a while.

        A modification time that lies in the future by as much (a clock was wrong) counts as long ago. Where reading
        stopped at a limit, a failing disk or a lost connection, more is there; where an archive is damaged, nothing
        more will come.
        """
        if stream.broken and (not file.packed or isinstance(stream.broken, LimitError | CutOffError)):
            return False
        return self.is_settled(file) or (file.packed and not stream.broken)

    def is_settled(self, file: LogFile) -> bool:
        """Whether the file has not changed for the source's `settle_seconds`."""
        return abs(self.now - file.modified_at) >= timedelta(seconds=self.source.settle_seconds)

    def unchanged(self, path: str, look: Look) -> bool:
        """Whether the file shown as `path` looks as it did when it was read before, so that there is nothing to do."""
        for file_id in self._at.get(path, ()):
            log = self.logs[file_id]
            note = log.notes.get("seen", {}).get(path)
            if note and note["look"] == look.as_list() and not note["waiting"] and file_id not in self.retry:
                self.held[path] = file_id
                if note["said"]:
                    self.say(path, f"as before, unchanged: {note['said']}")
                return True
        return False

    def seen(self, file: LogFile, log: Log, *, waiting: int = 0, said: str = "") -> None:
        """Record that `file` is `log` and was read; bytes that wait make the next run look again.

        So does a change a moment ago: where times are kept in whole seconds, a later change may leave them as they are.
        """
        self.held[file.shown] = log.file_id
        self.retry.pop(log.file_id, None)
        paths: dict[str, Any] = {k: v for k, v in log.notes.get("seen", {}).items() if k != file.shown}
        paths[file.shown] = {
            "look": file.look.as_list(),
            "waiting": waiting or int(not self.is_settled(file)),
            "said": said,
        }
        notes = {k: v for k, v in log.notes.items() if k != "departed"}
        notes["seen"] = dict(list(paths.items())[-_PATHS_NOTED:])
        log = replace(log, path=file.shown, size_on_disk=file.look.size, modified_at=file.modified_at, notes=notes)
        self.note(log)

    def note(self, log: Log) -> None:
        """Record a log's notes, if they changed."""
        if log != self.logs.get(log.file_id):
            save_log(self.ws, log)
            self.add({log.file_id: log})

    def segment(
        self, log: Log, path: str, form: Format, span: tuple[int, int], content: str = "", **more: Any
    ) -> Segment:
        """A planned segment of `log` over the bytes `span`; `content`: see make_segment_id."""
        start, end = span
        return Segment(
            segment_id=make_segment_id(self.source.name, log.file_id, start, end, content),
            source=self.source.name,
            file_id=log.file_id,
            path=path,
            format=form.name,
            start=start,
            end=end,
            planned_at=self.now,
            time_zone=self.source.time_zone or self.ws.settings.city.time_zone,
            host=self.source.host,
            **({"first_record": log.records + 1, "after": 0} | more),
        )

    def plan(self, log: Log, segments: Iterable[Segment]) -> Log:
        """Promise segments; returns the log with them."""
        plan(self.ws, log, segments)
        return self._reload(log)

    def keep(
        self,
        log: Log,
        stream: LogStream,
        form: Format,
        path: str,
        settle: Callable[[Log], Log] = lambda log: log,
        counted: Mapping[str, int] = MappingProxyType({}),
    ) -> tuple[Log, Hash | None]:
        """Store the planned segments of `log`; returns it as it is now and its hash state (None: not all kept).

        `counted`: how many records are in segments that were planned a moment ago.
        """
        kept = keep_promises(self.ws, stream, log, form.framing, path, settle, counted)
        self.harvest.bytes += kept.bytes
        if isinstance(stream.broken, CutOffError):  # the bytes are there, though not now: a promise to keep later
            self.unreadable = True
            self.say(path, str(stream.broken), lost_data=stream.broken.lost_data)
        if kept.before is None:
            self.retry.setdefault(log.file_id, "")
        return self._reload(log), kept.before

    def _reload(self, log: Log) -> Log:
        log = load_log(self.ws, self.source.name, log.file_id)
        self.add({log.file_id: log})
        return log
