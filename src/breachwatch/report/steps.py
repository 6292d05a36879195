"""The way of an incident on a terminal: where it can go, what is missing for it, and how to meet that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.incidents.casework.advancing import Way
from breachwatch.incidents.casework.states import GUARDS, Step
from breachwatch.model.people import MAY, Role
from breachwatch.report.next_steps import command
from breachwatch.report.tables import heading, indented, table, typed
from breachwatch.report.text import safe, visible


def ways_page(number: str, ways: Sequence[Way], workspace: Path) -> RenderableType:
    """The open steps, numbered as the wizard asks for them."""
    if not ways:
        return Text(f"No step leads on from where {number} stands.")
    return Group(
        Text(number, style="bold"),
        *(part for place, way in enumerate(ways, 1) for part in _way(place, way, number, workspace)),
    )


def _way(place: int, way: Way, number: str, workspace: Path) -> Iterator[RenderableType]:
    ready = not way.missing
    yield Text.assemble(
        (f"\n{place}. {way.step.to}", "bold" if ready else ""),
        (f"  {way.step.meaning}", "dim"),
        ("  ready" if ready else "", "green"),
        ("  needs a reason" if way.step.back else "", "yellow"),
    )
    for item in way.missing:
        yield indented(safe(f"missing: {item.what}", "yellow", 400))
        words = [number if word == "NUMBER" else word for word in item.meet]
        yield typed(visible(command(*words, workspace=workspace)), depth=2)
        if item.waivable:
            waive = ("incident", "decide", number, "waiver", item.guard.value, "--reason", "WHY")
            yield typed(visible(command(*waive, workspace=workspace)), "or set it aside", depth=2)
    if ready:
        words = ["incident", "advance", number, "--to", way.step.to.value.replace(" ", "-")]
        words += ["--reason", "WHY"] if way.step.back else []
        yield typed(visible(command(*words, workspace=workspace)), depth=2)


def steps_page(steps: Sequence[Step]) -> RenderableType:
    """Every step with its guards and who may take it."""
    shown = table("from", "to", "needs", "who may", flexible="needs")
    for step in steps:
        needs = [GUARDS[guard].asks for guard in step.guards]
        needs += ["a reason"] if step.back else []
        shown.add_row(
            Text(step.source.value), Text(step.to.value), Text("; ".join(needs) or "nothing"), Text(who_may(step))
        )
    return Group(heading("The way of an incident"), shown)


def who_may(step: Step) -> str:
    """The roles that may take a step, as people say them."""
    roles = {role for permission in step.may for role in MAY[permission]} - {Role.PROGRAM}
    return ", ".join(sorted(role.words for role in roles))


def steps_markdown(steps: Sequence[Step]) -> str:
    """The same as a table in Markdown, for the documentation."""
    rows = ["| from | to | needs | who may |", "|---|---|---|---|"]
    for step in steps:
        needs = [GUARDS[guard].asks for guard in step.guards] + (["a reason"] if step.back else [])
        rows.append(f"| {step.source} | {step.to} | {'; '.join(needs) or '-'} | {who_may(step)} |")
    return "\n".join(rows) + "\n"
