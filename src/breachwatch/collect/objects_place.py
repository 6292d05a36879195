"""Opens and lists the objects of one store.

What is read is the object that was listed, by its etag: one that is replaced meanwhile is told from it by the store
itself. The library tries again with back-off (`breachwatch.objectstore`); what still fails then ends the source's run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, cast

from breachwatch import objectstore
from breachwatch.collect.objects_listing import Listing, unusable
from breachwatch.collect.paths import shown
from breachwatch.collect.patience import Patience
from breachwatch.collect.places import CutOffError, Look, LostError, RefusedError, ShrunkError, UnreadableError
from breachwatch.collect.spool import Spool
from breachwatch.objectstore import StoreError, StoreUnreachableError, open_store, store_errors
from breachwatch.settings_objects import Objects
from breachwatch.settings_stores import split_store_url
from breachwatch.workspace import Workspace

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta

_WHOLE_BYTES = 4 * 1024 * 1024  # an object up to this size is fetched in one request
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ObjectsPlace:
    """The objects below one address. Raises SettingsError where the settings cannot open it."""

    near = False

    def __init__(self, ws: Workspace, objects: Objects, patience: Patience) -> None:
        self.url = objects.url.rstrip("/")
        self.patience = patience
        self._ws = ws
        seconds = min(objectstore.RETRY["retry_timeout"].total_seconds(), max(1.0, patience.left))
        within = timedelta(seconds=seconds)
        self.store = open_store(objects.url, objects, ws.path, {**objectstore.RETRY, "retry_timeout": within})
        self._listing = Listing(self.store, split_store_url(objects.url)[2], patience.check)
        self.listed: Mapping[str, Look] = {}  # how the objects at hand looked in the listing
        self._gone = ""

    def show(self, path: str) -> str:
        return f"{self.url}/{shown(path)}"

    def objects(self, folder: str) -> Iterator[tuple[str, Look]]:
        """The keys below a folder and how the objects look. Raises LostError, RefusedError, CutOffError."""
        with _listing(self.show(folder)):
            for item in self._listing.below(folder):
                yield item["path"], _look(item)

    @property
    def refused(self) -> list[str]:
        """Keys of objects that cannot be collected, whatever is tried: what to say of each."""
        return [unusable(key) for key in self._listing.refused]

    def folders(self, folder: str) -> list[str]:
        """The names of the folders right below a folder. Raises LostError, RefusedError, CutOffError."""
        import obstore

        self.patience.check()
        with _listing(self.show(folder)):
            found = obstore.list_with_delimiter(self.store, prefix=folder or None)
        return [path.rpartition("/")[2] for path in found["common_prefixes"]]

    def open(self, path: str) -> tuple[BinaryIO, Look]:
        if self._gone:
            raise LostError(self._gone)
        if path not in self.listed:
            raise UnreadableError("it was not listed.", lost_data=False)
        remote = _Object(self, path, self.listed[path])
        head = remote.look.size if remote.look.size <= _WHOLE_BYTES else None
        return cast("BinaryIO", Spool(remote, self.patience, self._ws.scratch, head=head)), remote.look

    def give_up(self, why: str) -> None:
        """The store does not answer: nothing more is asked of it in this run."""
        self._gone = why


@contextmanager
def _listing(where: str) -> Iterator[None]:
    """Errors of listing: nothing more of the source can be collected."""
    from obstore.exceptions import InvalidPathError

    try:
        with store_errors(where):
            try:
                yield
            except InvalidPathError:
                raise RefusedError(f"{where}: {unusable('')}") from None
    except FileNotFoundError:
        raise RefusedError(f"{where}: there is no such bucket or container. Correct the url.") from None
    except StoreUnreachableError as error:
        raise LostError(str(error)) from None
    except StoreError as error:
        raise RefusedError(str(error)) from None


class _Object:
    """One object, as it was when it was listed."""

    def __init__(self, place: ObjectsPlace, path: str, look: Look) -> None:
        self._place = place
        self._path = path
        self.look = look

    def read(self, offset: int, size: int) -> bytes:
        import obstore
        from obstore.exceptions import PreconditionError

        end = min(offset + size, self.look.size)
        if end <= offset:
            return b""
        options: GetOptions = {"range": (offset, end)}
        if self.look.identity:
            options["if_match"] = str(self.look.identity)
        try:
            with store_errors(self._place.show(self._path)):
                got = obstore.get(self._place.store, self._path, options=options)
                return bytes(got.bytes())[:size]
        except (PreconditionError, FileNotFoundError):
            raise ShrunkError("it was replaced or deleted while it was read") from None
        except StoreUnreachableError as error:
            self._place.give_up(str(error))
            raise CutOffError(str(error).rstrip(".")) from None
        except StoreError as error:
            raise UnreadableError(str(error), lost_data=True) from None

    def reopen(self) -> None:
        """Never needed: the library makes connections anew by itself."""

    def close(self) -> None:
        """Nothing stays open."""


def _look(meta: ObjectMeta) -> Look:
    since = meta["last_modified"] - _EPOCH
    return Look(meta["size"], since // timedelta(microseconds=1) * 1000, meta["e_tag"] or "")
