"""The monthly report as files of the workspace: `reports/`, each form once, and nothing overwritten."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from breachwatch import documents
from breachwatch.errors import EnvironmentFault
from breachwatch.model.people import Actor
from breachwatch.report.monthly import monthly_report
from breachwatch.respond.metrics.measuring import metrics_of_month
from breachwatch.respond.metrics.periods import begin, month_of
from breachwatch.workspace import PRIVATE_DIR, Workspace

FOLDER = "reports"
_MAKERS = {"pdf": documents.render_pdf, "docx": documents.render_docx, "html": documents.render_html}


def month_before(ws: Workspace) -> str:
    """The last month of the city's calendar that is over, as 2026-11."""
    zone = ws.settings.city.zone
    return month_of(begin(month_of(ws.clock.now(), zone), zone) - timedelta(microseconds=1), zone)


def file_month(ws: Workspace, month: str, *, by: Actor, forms: Iterable[str] = ("pdf", "docx")) -> tuple[Path, ...]:
    """Write the report of a month; the files that hold it as the records are now, written now or before.

    Where the records of the month have changed since, the new report stands beside the old one, with a number. Raises
    UsageError for what is no month or has not begun, NotPermittedError, EnvironmentFault where it cannot be written.
    """
    report = monthly_report(*metrics_of_month(ws, month, by=by), ws.settings.city.name)
    folder = ws.root / FOLDER
    try:
        folder.mkdir(mode=PRIVATE_DIR, exist_ok=True)
        return tuple(_kept(ws, folder, f"security-incidents-{month}", form, _MAKERS[form](report)) for form in forms)
    except OSError as error:
        msg = f"cannot write the report of {month} into {folder}: {error.strerror}"
        raise EnvironmentFault(msg) from error


def _kept(ws: Workspace, folder: Path, name: str, form: str, content: bytes) -> Path:
    """The file with this content: one that is there, or a new one, which appears whole or not at all."""
    count = 1
    path = folder / f"{name}.{form}"
    while path.exists():
        if path.read_bytes() == content:
            return path
        count += 1
        path = folder / f"{name}-{count}.{form}"
    begun = ws.scratch / f"{path.name}.{os.getpid()}"
    begun.write_bytes(content)
    begun.rename(path)
    return path
