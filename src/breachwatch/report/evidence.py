"""Lists of evidence, the result of verifying it, and what an export gave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.evidence import EvidenceLine, Exported, Mended, VerifyReport
from breachwatch.model.incident import Snapshot
from breachwatch.report.quantities import counted, day_and_time, number, size
from breachwatch.report.tables import indented, table
from breachwatch.report.text import safe

_ALL_CHECKS_UP_TO = 3  # reports; of more, only what failed is told in full


def evidence_page(lines: Sequence[EvidenceLine], zone: ZoneInfo, vault: Path) -> RenderableType:
    """The sealed snapshots of a workspace."""
    if not lines:
        return Text("No evidence is sealed yet.")
    stamped, adding = any(line.stamped_at for line in lines), any(line.supplements for line in lines)
    names = ["snapshot", "incident", "sealed", "events", "size", "verified"]
    names += [*(["time stamp"] if stamped else []), *(["adds to"] if adding else [])]
    shown = table(*names, right=("events", "size"))
    for line in lines:
        cells = [
            safe(line.number),
            safe(line.incident),
            Text(day_and_time(line.sealed_at, zone)),
            Text(number(line.events)),
            Text(size(line.bytes)),
            verified_text(line, zone),
        ]
        if stamped:
            when = day_and_time(line.stamped_at, zone) if line.stamped_at else "none"
            cells.append(Text(when, "" if line.stamped_at else "dim"))
        if adding:
            cells.append(safe(line.supplements or ""))
        shown.add_row(*cells)
    told = f"{counted(len(lines), 'snapshot')} in {vault}{'' if stamped else '; none has a time stamp'}"
    return Group(shown, safe(told, "dim"))


def verified_text(line: EvidenceLine, zone: ZoneInfo) -> Text:
    """Whether and when somebody verified it last, or when it was disposed of."""
    if line.disposed_at is not None:
        return Text(f"disposed of {day_and_time(line.disposed_at, zone)}", style="dim")
    if line.verified_at is None:
        return Text("not yet", style="dim")
    result = Text("good", "green") if line.verified_ok else Text("ALTERED", "bold red")
    return Text.assemble(result, f" {day_and_time(line.verified_at, zone)}")


def verification_page(reports: Sequence[VerifyReport]) -> RenderableType:
    """What verifying gave: every check of a few, the failed ones of many."""
    parts: list[RenderableType] = []
    for report in reports:
        result = Text("good", "bold green") if report.ok else Text("DOES NOT VERIFY", "bold red")
        parts.append(Text.assemble(safe(report.number or report.path, "bold"), "  ", result))
        if report.path and report.number and (not report.ok or len(reports) <= _ALL_CHECKS_UP_TO):
            parts.append(indented(safe(report.path, "dim")))
        checks = [item for item in report.checks if not item.ok or len(reports) <= _ALL_CHECKS_UP_TO]
        if checks:
            shown = table("", "", "", flexible="")
            shown.show_header = False
            for check in checks:
                mark = Text("ok", "green") if check.ok else Text("FAILED", "bold red")
                shown.add_row(mark, Text(check.name), safe(check.detail, longest=1000))
            parts.append(indented(shown))
        if report.signed_by and len(reports) <= _ALL_CHECKS_UP_TO:
            parts.append(indented(safe(f"signed by {report.signed_by}", "dim")))
    if len(reports) > 1:
        bad = sum(not report.ok for report in reports)
        told = f"{counted(bad, 'does', 'do')} not verify" if bad else "all verify"
        parts.append(Text(f"{counted(len(reports), 'snapshot')}: {told}", style="bold red" if bad else "bold green"))
    return Group(*parts)


def added_page(added: Snapshot) -> RenderableType:
    """A piece of evidence that was made of files."""
    where = safe(f"{added.path}, {size(added.bytes)}", "dim")
    return Group(
        Text.assemble(safe(added.number, "bold"), " holds them", f", for {added.incident}" * bool(added.incident)),
        where,
    )


def mended_page(mended: Sequence[Mended]) -> RenderableType:
    """What a sweep put right."""
    return Group(
        *(Text.assemble(safe(item.what, "bold"), f" {item.deed}: ", safe(item.why, longest=1000)) for item in mended)
    )


def export_page(done: Sequence[Exported]) -> RenderableType:
    """The archives that were written, with the lines that `sha256sum -c` takes."""
    lines = [safe(f"{item.sha256}  {item.path}") for item in done]
    total = size(sum(item.bytes for item in done))
    return Group(*lines, Text(f"{counted(len(done), 'archive')}, {total}; the chain of custody says so.", style="dim"))
