"""How bad an incident is, and the register of systems, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.severity import About, Severity
from breachwatch.model.systems import System
from breachwatch.register import Register
from breachwatch.report.quantities import counted, day_and_time, number
from breachwatch.report.tables import heading, indented, level_text, table
from breachwatch.report.text import safe, visible

_PROBLEMS_SHOWN = 40


def severity_lines(severity: Severity | None, zone: ZoneInfo) -> Iterator[RenderableType]:
    """Why an incident is as severe as it is, and what kind of data it may touch."""
    if severity is None:
        return
    yield heading("How bad it is")
    if severity.data:
        people = f", of {number(severity.records)} people by the register" if severity.records else ""
        kinds = ", ".join(category.words for category in severity.data)
        yield indented(Text(f"data that may be touched: {kinds}{people}", style="bold yellow"))
    for ground in severity.grounds:
        raised = f" (+{ground.raises})" if ground.raises else ""
        style = "bold" if ground.about is About.PERSON else "yellow" if ground.about is About.REGISTER else ""
        yield indented(Text(f"{visible(ground.text, 400)}{raised}", style=style))
    when = f", judged {day_and_time(severity.at, zone)}" if severity.at else ""
    held = "" if severity.level == severity.computed else f"; the reasons alone give {severity.computed}"
    yield indented(Text.assemble("severity ", level_text(severity.level), (f"{held}{when}", "dim")))


def register_page(register: Register, systems: Sequence[System]) -> RenderableType:
    """Systems of the register: what they are worth, what they hold, whose they are."""
    if not systems:
        return Group(Text("The register names no such system."), *_wrong(register))
    shown = table("system", "worth", "data held", "people", "owner", "vendor", right=("people",), flexible="data held")
    for system in systems:
        name = Text.assemble(
            safe(system.host, longest=200), ("\n" + visible(", ".join(system.also), 80) if system.also else "", "dim")
        )
        shown.add_row(
            name,
            Text(system.criticality.value),
            Text(", ".join(category.words for category in system.data) or "none said"),
            Text("" if system.records is None else number(system.records)),
            safe(system.owner, longest=200),
            safe(system.vendor, longest=200),
        )
    return Group(shown, Text(counted(len(systems), "system"), "dim"), *_wrong(register))


def _wrong(register: Register) -> Iterator[RenderableType]:
    for problem in register.problems[:_PROBLEMS_SHOWN]:
        yield safe(str(problem), "yellow", 400)
    if len(register.problems) > _PROBLEMS_SHOWN:
        yield Text(f"and {number(len(register.problems) - _PROBLEMS_SHOWN)} more problems", style="yellow")
