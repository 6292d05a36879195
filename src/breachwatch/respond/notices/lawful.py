"""Where the law prescribes a notice's title, headings and type size, a paper has exactly those."""

from __future__ import annotations

from breachwatch.documents import Heading
from breachwatch.errors import UsageError
from breachwatch.papers import Filled, Template
from breachwatch.respond.law.loading import load_profile
from breachwatch.respond.law.profile import Document as Prescribed
from breachwatch.workspace import Workspace


def refuse_other_form(ws: Workspace, template: Template, made: Filled) -> None:
    """Raises UsageError where the paper's form is not the one that its template's `headings_from` prescribes.

    Asked of the city's own profile, where that has such a document. Headings are compared in the language in which the
    law gives them, their order and number in every language.
    """
    wanted, name = template.front.headings_from, ws.settings.city.jurisdiction
    law = load_profile(name, ws.root).documents.get(wanted) if wanted and name else None
    if law is None:
        return
    for problem in _problems(law, made):
        msg = f"{template.path}: {problem} ({law.citation}). Change the template."
        raise UsageError(msg)


def _problems(law: Prescribed, made: Filled) -> list[str]:
    document, found = made.document, []
    headings = tuple(block.text for block in made.document.blocks if isinstance(block, Heading) and block.level == 1)
    in_its_words = made.language == law.languages[0]
    if law.min_type_points is not None and document.size_points < law.min_type_points:
        found.append(f"size_points must be at least {law.min_type_points}, and is {document.size_points:g}")
    if law.title and in_its_words and document.title != law.title:
        found.append(f"the title must be {law.title!r}, and is {document.title!r}")
    if law.headings and in_its_words and headings != law.headings:
        found.append(f"the headings must be {', '.join(law.headings)}, and are {', '.join(headings) or 'none'}")
    elif law.headings and len(headings) != len(law.headings):
        found.append(f"there must be {len(law.headings)} headings of the first level, and there are {len(headings)}")
    return found
