"""Fixtures that several parts of the tests share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from breachwatch.clock import FixedClock
from breachwatch.workspace import Workspace, open_workspace
from tests.postgresql.choosing import SQLITE, chosen, database_server, leave_out_slow_repeats, records_in
from tests.scheduling import FilesTogether, begins

if TYPE_CHECKING:
    from tests.postgresql.databases import Databases
    from tests.s3_server import S3Server

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)

# A busy machine fails no test; where CI is set, the same examples are tried every time.
hypothesis_settings.register_profile(
    "unhurried",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
)
hypothesis_settings.load_profile("unhurried")

# A task that starts Prefect's temporary server by accident fails at once instead of costing half a minute.
os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"
os.environ["PREFECT_HOME"] = str(Path(tempfile.gettempdir()) / f"breachwatch-tests-prefect-{os.getpid()}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that use the development log data; let the longest files begin, so that no worker ends alone."""
    leave_out_slow_repeats(config, items)
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()) or "shared_logs" in getattr(item, "fixturenames", ()):
            item.add_marker("shared")
    items.sort(key=lambda item: begins(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How the tests are shared out among processes (see `tests/scheduling.py`)."""
    config.option.loadscopereorder = False  # the order of the tests is right as it is
    return FilesTogether(config, log)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with development data (real logs, public rules); tests that need it skip where it is absent."""
    folder = Path(os.environ.get("BREACHWATCH_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no development data in {folder}")
    return folder / "data"


@pytest.fixture(scope="session")
def shared_logs(shared: Path) -> Path:
    """The folder of real logs with expected results (see its MANIFEST.md)."""
    return shared / "logs"


@pytest.fixture(scope="session", autouse=True)
def _migrated_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new SQLite database starts as a copy of one that the real migrations made, at a tenth of the cost."""
    from sqlalchemy import make_url

    from breachwatch.records.database import Database

    template = tmp_path_factory.mktemp("records") / "records.db"
    real_open = Database.open

    def open_copy(url: str) -> Database:
        if not template.exists():
            real_open(f"sqlite:///{template}").engine.dispose()  # also folds the write-ahead log into the file
        if url.startswith("sqlite:///"):
            path = Path(make_url(url).database or ":memory:")
            if path.parent.is_dir() and not path.exists():
                shutil.copyfile(template, path)
        return real_open(url)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "open", staticmethod(open_copy))
        yield


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """An S3 server with one bucket; who uses it empties it first."""
    from tests.s3_server import S3Server

    server = S3Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgresql(_migrated_once: None) -> Iterator[Databases]:
    """A PostgreSQL server with databases for the tests (see `tests/postgresql`)."""
    with database_server() as databases:
        yield databases


@pytest.fixture(scope="session")
def records_kind() -> str:
    """Where workspaces keep their records: "sqlite" or "postgresql". Some folders try both (see their conftest.py)."""
    return chosen() or SQLITE


@pytest.fixture(autouse=True)
def _records_of_the_kind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever workspace a test opens, records are where `records_kind` says."""
    asked = "records_kind" in request.fixturenames
    kind = request.getfixturevalue("records_kind") if asked else chosen() or SQLITE
    with records_in(request, kind):
        yield


@pytest.fixture
def make_ws(tmp_path: Path, records_kind: str) -> Callable[..., Workspace]:
    """Make a workspace from TOML text: `make_ws('[[sources]]\\nname = "auth"\\npaths = ["/x"]')`."""

    def make(toml: str = "", *, now: datetime = NOW, folder: str = "ws") -> Workspace:
        root = tmp_path / folder
        root.mkdir(exist_ok=True)
        head = "" if "[city]" in toml else '[city]\nname = "Testville"\ntime_zone = "America/Chicago"\n'
        (root / "breachwatch.toml").write_text(head + toml, encoding="utf-8")
        return open_workspace(root, FixedClock(now))

    return make


@pytest.fixture
def ws(make_ws: Callable[..., Workspace]) -> Workspace:
    """A fresh workspace without sources."""
    return make_ws()
