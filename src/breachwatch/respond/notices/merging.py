"""Mail-merge: one approved paper for many people, whose data stays in the user's own files.

Only what counsel left blank can come from the list: a column that would change an approved value is refused. The list
is hostile: its cells are text and never markup, formulas or names of files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from breachwatch.documents import render_pdf
from breachwatch.errors import EnvironmentFault, LimitError, UsageError
from breachwatch.evidence.cells import csv_line
from breachwatch.incidents.casework.changing import permitted
from breachwatch.model.papers import Paper
from breachwatch.model.people import Actor
from breachwatch.papers import Template, Value, load_template
from breachwatch.papers.filling import fill_in
from breachwatch.papers.template import Audience
from breachwatch.papers.values import Shown, in_words, shown
from breachwatch.papers.words import Language
from breachwatch.papers.words import language as words_of
from breachwatch.records import audit
from breachwatch.respond.notices.drafting import MAY_DRAFT, values_of
from breachwatch.respond.notices.given import typed
from breachwatch.respond.notices.people_list import PeopleList
from breachwatch.respond.notices.reading import paper_on
from breachwatch.workspace import Workspace

MOST_LETTERS = 20_000
_LONGEST_CELL = 2000


@dataclass(frozen=True, slots=True)
class Lacking:
    """A row of the list that got no letter: its line in the file, and what it lacks."""

    line: int
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a mail-merge wrote, the rows that lack something, and the columns that no field takes."""

    output: Path
    written: int
    lacking: tuple[Lacking, ...]
    unused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    paper: Paper
    template: Template
    values: Mapping[str, Value]
    wanted: tuple[str, ...]  # fields that each row must fill


def merge(ws: Workspace, number: str, people: Path, output: Path, *, by: Actor, form: str = "pdf") -> Merged:
    """Fill an approved paper in for each row of a CSV file whose first line names fields.

    With `form` "pdf", `output` is a new folder with one file a person; with "csv", a new file for a printing house.
    Rows that lack something get no letter and are reported. Raises NotPermittedError, UnknownNameError, UsageError
    before approval, for a column that counsel approved otherwise or one that is missing, DataError and LimitError for
    the list, EnvironmentFault.
    """
    permitted(by, MAY_DRAFT)
    with ws.database.read() as connection:
        found = paper_on(connection, number)
        filled = values_of(connection, found.latest)
    if form not in {"pdf", "csv"}:
        msg = f"{form!r} is no form of a mail-merge; write pdf or csv."
        raise UsageError(msg)
    if output.exists():
        msg = f"{output} exists already and is not overwritten. Choose another name."
        raise UsageError(msg)
    template = load_template(ws, found.template, found.language)
    _refuse(found, template, form)
    rows = PeopleList(people)
    plan = _Plan(found, template, filled, _wanted(found, template, rows.header))
    unfinished = output.with_name(f"{output.name}.unfinished")
    try:
        written, lacking = (_letters if form == "pdf" else _sheet)(ws, plan, rows, unfinished)
        unfinished.rename(output)
    except OSError as error:
        msg = f"cannot write {unfinished}: {error.strerror}. What is there is unfinished; delete it."
        raise EnvironmentFault(msg) from error
    unused = tuple(name for name in rows.header if name not in plan.wanted)
    with ws.database.write() as connection:
        after = {"written": written, "lacking": len(lacking), "version": found.latest.number, "form": form}
        reason = "mail-merge; the list and the letters are where the user put them"
        audit.append(connection, at=ws.clock.now(), by=by, entity=number, change="merged", reason=reason, after=after)
    return Merged(output, written, tuple(lacking), unused)


def _refuse(found: Paper, template: Template, form: str) -> None:
    if Audience(found.audience).outside and found.approval is None:
        msg = f"version {found.latest.number} of {found.number} is not approved by counsel; merge it after that."
        raise UsageError(msg)
    if template.sha256 != found.latest.template_sha256:
        msg = f"the template {template.path} changed since {found.number} was drafted. Revise it, and approve it anew."
        raise UsageError(msg)
    if form == "pdf" and found.latest.kind == "edited":
        msg = (
            f"{found.number} was edited by hand, so its letters are made in the word processor: merge it with "
            "--form csv, and use that file as the source of its mail-merge."
        )
        raise UsageError(msg)


def _wanted(found: Paper, template: Template, header: Sequence[str]) -> tuple[str, ...]:
    """The fields that the list fills: the approved version's blanks."""
    by_words = {what: name for name, what in template.front.fields.items()}
    blanks = tuple(by_words.get(blank, blank) for blank in found.latest.blanks)
    fixed = [name for name in header if name in template.front.fields and name not in blanks]
    if fixed:
        msg = (
            f"the column {fixed[0]!r} would change what counsel approved in {found.number}. Take it out, or revise the "
            f"paper with that field left blank. Columns that it takes: {', '.join(blanks) or 'none'}."
        )
        raise UsageError(msg)
    lacking = [name for name in blanks if name not in header]
    if lacking:
        msg = f"{found.number} has blanks that no column fills: {', '.join(lacking)}. Add columns of these names."
        raise UsageError(msg)
    if not blanks:
        msg = f"{found.number} has no blank, so it is the same for everybody: nothing is to be merged."
        raise UsageError(msg)
    return blanks


def _letters(ws: Workspace, plan: _Plan, rows: PeopleList, folder: Path) -> tuple[int, list[Lacking]]:
    """One PDF for each complete row, named by its line in the list: names of people are no names of files."""
    folder.mkdir(mode=0o700)
    written, lacking = 0, []
    for line, row in rows:
        values, lacks = _values(ws, plan, row)
        if lacks:
            lacking.append(Lacking(line, lacks))
            continue
        if written == MOST_LETTERS:
            msg = f"more than {MOST_LETTERS} letters at once. Split the list; {folder} is unfinished, delete it."
            raise LimitError(msg)
        made = fill_in(ws, plan.template, {**plan.values, **values}, at=plan.paper.latest.at)
        _write(folder / f"{plan.paper.number}-{line:05d}.pdf", render_pdf(made.document))
        written += 1
    return written, lacking


def _sheet(ws: Workspace, plan: _Plan, rows: PeopleList, path: Path) -> tuple[int, list[Lacking]]:
    """One line for each complete row: all fields of the template as they read in the paper."""
    fields, words = plan.template.front.fields, words_of(plan.template.language)
    names = [name for name in fields if name in plan.wanted or plan.values.get(name) is not None]
    lines, lacking = [csv_line(("line", *names))], []
    for line, row in rows:
        values, lacks = _values(ws, plan, row)
        if lacks:
            lacking.append(Lacking(line, lacks))
            continue
        every = {**plan.values, **values}
        cells = (shown(name, fields[name], every.get(name), ws.settings.city.zone, words) for name in names)
        lines.append(csv_line((str(line), *(_cell(cell, words) for cell in cells))))
    _write(path, "".join(lines).encode())
    return len(lines) - 1, lacking


def _values(ws: Workspace, plan: _Plan, row: Mapping[str, str]) -> tuple[dict[str, Value], tuple[str, ...]]:
    values: dict[str, Value] = {}
    lacks = []
    for name in plan.wanted:
        text = row.get(name, "").strip()
        if not text:
            lacks.append(name)
        elif len(text) > _LONGEST_CELL:
            lacks.append(f"{name} (longer than {_LONGEST_CELL} characters)")
        else:
            try:
                values[name] = typed(name, text, ws.settings.city.zone)
            except UsageError as error:
                lacks.append(str(error))
    return values, tuple(lacks)


def _cell(value: Shown, words: Language) -> str:
    if isinstance(value, tuple):
        return "; ".join(item if isinstance(item, str) else ", ".join(item.values()) for item in value)
    return in_words(value, words)


def _write(path: Path, content: bytes) -> None:
    """A new file that only its owner reads."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
