"""What repeating a snapshot's parsing and queries gave."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.evidence import Reproduced, RuleAgain
from breachwatch.report.quantities import counted, number
from breachwatch.report.tables import indented, table
from breachwatch.report.text import safe

_TOLD = 10  # rows and events that are named


def reproduction_page(result: Reproduced) -> RenderableType:
    """Rows, rules, and what differs; versions then and now where they are others."""
    told = Text("the same", "bold green") if result.ok else Text("DIFFERENT", "bold red")
    parts: list[RenderableType] = [Text.assemble(safe(result.number, "bold"), "  ", told)]
    same = result.rows - result.differing
    parts.append(Text(f"  {number(same)} of {counted(result.rows, 'row')} come out as they were sealed"))
    differences = (f"{row.event_id}  {', '.join(row.columns)}" for row in result.differences[:_TOLD])
    parts += [indented(safe(told_of, "red")) for told_of in differences]
    shown = table("rule", "events of its alerts found", "others", "", right=("others",))
    for rule in result.rules:
        shown.add_row(
            safe(rule.rule_id), Text(f"{rule.found} of {rule.expected}"), Text(number(rule.beyond)), _told(rule)
        )
    parts.append(indented(shown))
    for rule in result.rules:
        parts += [indented(safe(f"missing: {event}", "red")) for event in rule.missing[:_TOLD]]
    if result.versions:
        changed = "; ".join(f"{name} {then} then, {now} now" for name, then, now in result.versions)
        parts.append(safe(f"  versions: {changed}", "dim"))
    else:
        parts.append(Text("  by the same versions of all programs", style="dim"))
    return Group(*parts)


def _told(rule: RuleAgain) -> Text:
    if rule.failed:
        return safe(rule.failed, "red")
    if rule.not_run:
        return safe(f"not run: {rule.not_run}", "dim")
    return Text("same", "green") if rule.ok else Text("DIFFERENT", "bold red")
