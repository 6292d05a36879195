"""The lake's files against the catalog: there, unchanged, with the columns and rows that the catalog says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby, islice

from sqlalchemy import func, select

from breachwatch.errors import EnvironmentFault, TransientError
from breachwatch.lake import sql
from breachwatch.lake.care.check_content import Content
from breachwatch.lake.care.differences import CheckReport, Kind, Progress
from breachwatch.lake.catalog import LakeFile
from breachwatch.lake.shapes import Columns, shapes
from breachwatch.lake.storage import Storage, storage
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

PORTION = 500  # files of which the catalog is read at a time

_RESTORE = (
    "Keep what is there for those who look into it, then restore the file from a backup (SHA-256 {sha256}). "
    "The original bytes of its events are in segments/."
)
Tell = Callable[[Kind, str], None]


def check_files(ws: Workspace, report: CheckReport, progress: Progress) -> None:
    """Check every file that the catalog lists, in order of dataset and day."""
    with ws.database.read() as connection:
        total = connection.execute(select(func.count()).select_from(catalog.lake_file)).scalar_one()
    place, known = storage(ws), shapes(ws)
    with Content(ws, report) as content:
        for _, day in groupby(listed(ws), key=lambda file: (file.dataset, file.date)):
            good = []
            while portion := list(islice(day, PORTION)):
                gone = place.missing(file.path for file in portion)
                for file in portion:
                    progress("lake files", report.files, total)
                    report.files += 1
                    if _file(ws, place, report, file, known.get(file.shape or ""), gone) and not report.quick:
                        good += [file] if content.fits(file) else []
            content.tell_twice(good)
    progress("lake files", total, total)


def listed(ws: Workspace) -> Iterator[LakeFile]:
    """The catalogued files in order of dataset, date and path, read in portions."""
    column = catalog.lake_file.c
    after: tuple[str, str, str] | None = None
    while True:
        query = select(catalog.lake_file).order_by(column.dataset, column.date, column.path).limit(PORTION)
        if after is not None:
            dataset, date, path = after
            later = (column.date > date) | ((column.date == date) & (column.path > path))
            query = query.where((column.dataset > dataset) | ((column.dataset == dataset) & later))
        with ws.database.read() as connection:
            portion = [LakeFile(**row) for row in connection.execute(query).mappings()]
        yield from portion
        if len(portion) < PORTION:
            return
        after = (portion[-1].dataset, portion[-1].date, portion[-1].path)


def still_listed(ws: Workspace, path: str) -> bool:
    """Whether the catalog lists a file (path relative to the lake) now: a merge may have replaced it meanwhile."""
    column = catalog.lake_file.c.path
    with ws.database.read() as connection:
        return connection.execute(select(column).where(column == path)).first() is not None


def _file(
    ws: Workspace, place: Storage, report: CheckReport, file: LakeFile, columns: Columns | None, gone: set[str]
) -> bool:
    """Size, hash and footer; whether it is what was written."""
    wrong: tuple[Kind, str] | None = Kind.MISSING, "it is gone"
    if file.path not in gone:
        try:
            wrong = _bytes(place, report, file) or _footer(place, file, columns)
        except FileNotFoundError:
            pass  # gone since it was listed
        except TransientError:
            raise  # a store that does not answer says nothing of its files
        except (EnvironmentFault, OSError) as error:
            wrong = Kind.UNREADABLE, str(error)
    if wrong is not None and still_listed(ws, file.path):
        report.tell(wrong[0], f"lake/{file.path}", wrong[1], _RESTORE.format(sha256=file.sha256))
    return wrong is None


def _bytes(place: Storage, report: CheckReport, file: LakeFile) -> tuple[Kind, str] | None:
    with place.open(file.path) as stream:
        size = stream.seek(0, 2)
    report.bytes += size
    report.rows += file.rows
    if size != file.bytes:
        return Kind.CHANGED, f"it has {size} bytes, {file.bytes} were written"
    if not report.quick and (found := place.sha256(file.path)) != file.sha256:
        return Kind.CHANGED, f"its SHA-256 is {found}"
    return None


def _footer(place: Storage, file: LakeFile, columns: Columns | None) -> tuple[Kind, str] | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with place.open(file.path) as stream, pq.ParquetFile(stream) as parquet:
            rows, schema = parquet.metadata.num_rows, parquet.schema_arrow
    except pa.ArrowInvalid:
        return Kind.UNREADABLE, "it is no Parquet file any more"
    if rows != file.rows:
        return Kind.ROWS, f"it has {rows} rows, the catalog says {file.rows}"
    if columns is None:  # written before files remembered their columns
        return None
    found = {(field.name, sql.type_or_text(field)) for field in schema}
    wrong = sorted({name for name, _ in found ^ set(columns)})
    return (Kind.COLUMNS, f"other columns than it was written with: {', '.join(wrong[:5])}") if wrong else None
