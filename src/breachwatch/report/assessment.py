"""Proposals of an assessment as a page: what is triggered, what is open and what would decide it, what is not."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.report.tables import heading, indented
from breachwatch.report.text import visible
from breachwatch.respond.assessment.weighing import Outcome, Proposal
from breachwatch.respond.law.profile import CONFIRM, Profile

_STYLES = {Outcome.TRIGGERED: "bold red", Outcome.UNDETERMINED: "yellow", Outcome.NOT_TRIGGERED: "dim"}


def assessment_page(profile: Profile, proposals: Sequence[Proposal]) -> RenderableType:
    """All proposals by outcome; of what is not triggered only the ground that decides it."""
    parts: list[RenderableType] = [Text(f"{profile.title} ({profile.id}), {profile.status}")]
    for outcome in Outcome:
        found = [item for item in proposals if item.outcome is outcome]
        if found:
            parts.append(heading(f"{outcome.value.capitalize()} ({len(found)})"))
            parts += [indented(_proposal(item)) for item in found]
    parts.append(Text(f"\nProposals from facts, not decisions. {CONFIRM}", style="yellow"))
    return Group(*parts)


def _proposal(item: Proposal) -> Text:
    shown = Text(item.title, style=_STYLES[item.outcome])
    shown.append(f"  {item.obligation}; {'; '.join(item.citation)}", "dim")
    if not item.required_by_law:
        shown.append("  not required by law", "cyan")
    for ground in item.deciding:
        open_facts = item.outcome is Outcome.UNDETERMINED and ground.facts
        asks = f" (find out: {', '.join(ground.facts)})" if open_facts else ""
        shown.append(
            f"\n  {visible(ground.asked)}{'' if ground.asked.endswith('?') else ':'} {visible(ground.known)}{asks}"
        )
        if ground.citation:
            shown.append(f"  {ground.citation}", "dim")
    return shown
