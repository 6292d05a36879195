"""Worksheets of facts: begun with what is on record, asked for on the terminal, written to a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from breachwatch.cli.options import actor, open_workspace, remark
from breachwatch.errors import DataError, EnvironmentFault

if TYPE_CHECKING:
    from breachwatch.respond.assessment.weighing import Proposal
    from breachwatch.respond.duties.filling import Filling
    from breachwatch.respond.law.facts import Fact
    from breachwatch.respond.law.profile import Profile


def facts_on_record(ctx: typer.Context, workspace: Path | None, incident: str) -> tuple[Filling, ...]:
    """What the incident and the register of systems say already."""
    from breachwatch.cli.incident_options import case_number
    from breachwatch.respond.duties.filling import fillings

    ws = open_workspace(ctx, workspace)
    return fillings(ws, case_number(ws, incident), by=actor(ctx, ws))


def ask_for(law: Profile, table: dict[str, Any], day: date, recorded: Sequence[Filling]) -> None:
    """Put answers into the table: what is on record to be confirmed first, then whatever still decides something."""
    from breachwatch.respond.assessment.asking import next_question
    from breachwatch.respond.assessment.facts import MORE, facts_of
    from breachwatch.respond.assessment.weighing import weigh
    from breachwatch.respond.law.facts import FACTS

    if not sys.stdin.isatty():
        remark(
            "Answers are read from standard input, one a line; an empty one takes what stands in brackets at the end, "
            "? means that it is not known."
        )
    asked: set[str] = set()
    for item in recorded:
        fact = FACTS.get(item.fact)
        if fact is None:
            continue
        remark(f"On record: {item.why}")
        _put(fact, table, default=as_typed(item.value))
        asked.add(fact.name)
    if "data_elements" in table and any(item.fact == MORE for item in recorded):
        text = typer.prompt("May other data elements turn up? [yes or no]", default="yes", err=True)
        table[MORE] = text.strip().lower() not in {"n", "no"}  # whatever else is said: it is not known that none do
    while (fact := next_question(weigh(law, facts_of(table), day), asked)) is not None:
        _put(fact, table, default="?")
        asked.add(fact.name)


def _put(fact: Fact, table: dict[str, Any], *, default: str) -> None:
    """Ask until the answer can be used."""
    from breachwatch.respond.assessment.asking import answer
    from breachwatch.respond.assessment.facts import facts_of

    choices = f" [{', '.join(fact.choices)}]" if fact.choices else f" [{fact.kind.value}]"
    while True:
        text = typer.prompt(f"{fact.question}{choices}", default=default, show_default=True, err=True)
        try:
            entry = answer(fact, text)
            facts_of({**table, **entry})
        except ValueError as error:
            remark(str(error))
            continue
        table.update(entry)
        return


def as_typed(value: Any) -> str:
    """A worksheet's value as people type it in answer to a question; "?" for None."""
    if value is None:
        return "?"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{state} {count}" for state, count in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def save_worksheet(
    path: Path, table: Mapping[str, Any], recorded: Sequence[Filling], proposals: Sequence[Proposal]
) -> None:
    """Write a worksheet: each fact with where it is from, then what is not known and still decides something.

    Raises DataError where the file is there already, EnvironmentFault where it cannot be written.
    """
    import tomlkit

    from breachwatch.report.text import visible
    from breachwatch.respond.assessment.asking import next_question

    why = {item.fact: item.why for item in recorded}
    page = tomlkit.document()

    def write(tables: bool) -> None:
        for name, value in table.items():
            if isinstance(value, Mapping) is tables:
                if name in why:
                    page.add(tomlkit.comment(visible(why[name])))
                page.add(name, value)

    write(tables=False)
    page.add(tomlkit.comment("Not known yet, what decides most first. Take the # away and write a value:"))
    asked: set[str] = set()
    while (fact := next_question(proposals, asked)) is not None:
        asked.add(fact.name)
        if fact.name in table:
            continue
        note = f" On record: {visible(why[fact.name])}." if fact.name in why else ""
        page.add(tomlkit.comment(f'{fact.name} = "unknown"  # {fact.question} {_values(fact)}.{note}'))
    write(tables=True)  # last: what follows the head of a table belongs to it
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(tomlkit.dumps(page))
    except FileExistsError:
        msg = f"{path} is there already; name another file, so that no earlier worksheet is lost."
        raise DataError(msg) from None
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}"
        raise EnvironmentFault(msg) from error


def _values(fact: Fact) -> str:
    return f"{fact.kind.value}: {', '.join(fact.choices)}" if fact.choices else fact.kind.value
