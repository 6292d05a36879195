"""Papers against the profiles: each obligation has its paper, and each paper has what the law prescribes for it.

The items that a law asks for stand in the profiles in words. `MEETS` says by which fields of a paper each of them is
met; an item that a profile gains fails here until somebody says so.
"""

from __future__ import annotations

import io

import pytest
from jinja2 import nodes
from pypdf import PdfReader

from breachwatch.documents import Bullets, Document, Fields, Heading, Numbered, Table, render_pdf
from breachwatch.papers import BUILT_IN, Template, Value, fill, load_template
from breachwatch.papers.template import Audience
from breachwatch.papers.vocabulary import VOCABULARY
from breachwatch.respond import load_profile, profile_names
from breachwatch.respond.law.obligations import Obligation
from breachwatch.respond.law.profile import Document as Prescribed
from breachwatch.respond.law.words import Kind
from breachwatch.workspace import Workspace
from tests.unit.papers.paper_values import AGENCIES, AT, as_text, values
from tests.unit.papers.test_golden import BOTH, PAPERS

PROFILES = [load_profile(name) for name in profile_names()]
OBLIGATIONS: dict[str, Obligation] = {item.id: item for profile in PROFILES for item in profile.obligations}
PRESCRIBED: dict[str, Prescribed] = {name: item for profile in PROFILES for name, item in profile.documents.items()}
WITHOUT_A_PAPER = {
    Kind.RECORDS_REQUEST,  # answered by papers of its own, with the request
    Kind.DOCUMENTATION,  # written down, not sent
    Kind.VOLUNTARY,
}
MEETS: dict[str, tuple[str, ...]] = {
    # California, Civ. Code 1798.29(d)(2)
    "name and contact information of the agency": ("city_name", "contact_phone", "contact_email", "city_address"),
    "kinds of personal information": ("data_elements",),
    "date of the breach, an estimate of it, or the range": ("occurred_on", "occurred_until_on"),
    "date of the notice": ("notice_date",),
    "whether law enforcement delayed the notice": ("law_enforcement_delay",),
    "general description of the breach": ("what_happened",),
    "Social Security, driver's licence or state ID numbers: toll-free numbers and addresses of the major credit "
    "reporting agencies": ("credit_agencies",),
    # the form of the California Attorney General
    "sample of the notice as PDF": (),  # another file; the sheet says which
    "dates of the breach": ("occurred_on", "occurred_until_on"),
    "dates of discovery": ("discovered_on",),
    "dates of the notice": ("notice_sent_on",),
    "organization": ("city_name",),
    "contact": ("contact_name", "contact_phone"),
    # Texas, Bus. & Com. Code 521.053(i)
    "nature and circumstances of the breach, or of the use of the data, in detail": ("what_happened", "occurred_at"),
    "number of residents of Texas affected at the time": ("residents_tx",),
    "number of affected residents who were sent a disclosure by mail or another direct method at the time": (
        "notices_sent_tx",
    ),
    "measures taken": ("measures_taken",),
    "measures intended": ("measures_intended",),
    "whether law enforcement is engaged in investigating it": ("law_enforcement_engaged",),
    # Texas, 521.053(h), and the follow-up to Texas Cyber Command
    "timing of the notices": ("notice_sent_on",),
    "distribution of the notices": ("individuals", "notice_method", "residents"),
    "content of the notices": ("data_elements",),
    "details of the incident": ("what_happened", "incident_kind", "systems"),
    "analysis of its cause": ("cause",),
    # 45 CFR 164.404(c)
    "what happened and when": ("what_happened", "occurred_on", "discovered_on"),
    "kinds of health information": ("data_elements",),
    "steps for protection": (),  # advice of the template's own
    "what the entity does": ("steps_taken",),
    "how to ask": ("contact_phone", "contact_email", "city_address"),
    # IRS Publication 1075
    "agency and point of contact": ("city_name", "contact_name", "contact_phone"),
    "when it occurred": ("occurred_at",),
    "when it was discovered": ("discovered_at",),
    "how it was discovered": ("how_discovered",),
    "description and data elements": ("what_happened", "data_elements"),
    "number of records or range": ("records_range",),
    "address": ("city_address",),
    "information technology involved": ("systems",),
}


def asked(obligation: Obligation) -> tuple[str, ...]:
    """What an obligation prescribes: items of its document, or fields of its own."""
    if obligation.content is None or not obligation.content.mandated:
        return ()
    document = PRESCRIBED.get(obligation.content.document or "")
    return (*(document.must_include if document else ()), *obligation.content.fields)


def ours(ws: Workspace) -> list[Template]:
    return [load_template(ws, name, language) for name, language in PAPERS]


def test_every_obligation_that_needs_a_paper_has_one(ws: Workspace) -> None:
    served = {name for template in ours(ws) for name in template.front.obligations}
    assert served <= OBLIGATIONS.keys()
    needed = {
        name
        for name, item in OBLIGATIONS.items()
        if item.enabled and item.required_by_law and item.kind not in WITHOUT_A_PAPER
    }
    assert needed <= served


def test_every_paper_has_all_that_the_law_prescribes(ws: Workspace) -> None:
    for name, language in PAPERS:
        template = load_template(ws, name, language)
        given = values(language)
        text = flat(fill(ws, name, given, at=AT, language=language).document)
        for obligation in template.front.obligations:
            for item in asked(OBLIGATIONS[obligation]):
                for field in MEETS[item]:
                    assert field in template.front.fields, f"{name}.{language}, {obligation}: {item}"
                    assert all(part in text for part in parts(ws, given[field], language)), (
                        f"{name}.{language}: {field}"
                    )


def test_what_the_law_prescribes_leaves_a_blank_where_it_is_not_known(ws: Workspace) -> None:
    for name, language in PAPERS:
        template = load_template(ws, name, language)
        blanks = fill(ws, name, {}, at=AT, language=language).blanks
        for obligation in template.front.obligations:
            wanted = {field for item in asked(OBLIGATIONS[obligation]) for field in MEETS[item]}
            assert wanted - {"occurred_until_on"} <= set(blanks), f"{name}.{language}"


@pytest.mark.parametrize("name", ["individual-notice-ca", "substitute-notice"])
def test_california_prescribes_title_headings_and_size_of_type(ws: Workspace, name: str) -> None:
    template = load_template(ws, name)
    law = PRESCRIBED[str(template.front.headings_from)]
    for known in (values("en"), {}):
        document = fill(ws, name, known, at=AT).document
        assert document.title == law.title == "Notice of Data Breach"
        assert tuple(block.text for block in document.blocks if isinstance(block, Heading)) == law.headings
        assert law.min_type_points is not None
        assert document.size_points >= law.min_type_points
    assert smallest_type(render_pdf(document)) >= law.min_type_points


def test_every_paper_for_residents_of_california_follows_the_prescribed_form(ws: Workspace) -> None:
    for template in ours(ws):
        if "ca-individuals" in template.front.obligations:
            assert template.front.headings_from == "ca-notice-of-data-breach"


def test_the_agencies_stand_where_the_numbers_were_taken_and_where_that_is_not_known(ws: Workspace) -> None:
    numbers: dict[str, Value] = {**values("en"), "credit_agencies": AGENCIES}
    for known, expected in ((numbers, True), (numbers | {"identity_numbers": False}, False), ({}, None)):
        text = flat(fill(ws, "individual-notice-ca", known, at=AT).document)
        if expected is None:
            assert "credit reporting agencies are: Agency" in text.replace("| ", "")
        else:
            found = [agency[part] in text for agency in AGENCIES for part in ("name", "phone", "address")]
            assert all(found) if expected else not any(found)


def test_english_and_spanish_have_the_same_fields_and_the_same_structure(ws: Workspace) -> None:
    for name in {name for name, _ in BOTH}:
        english, spanish = load_template(ws, name, "en"), load_template(ws, name, "es")
        assert list(english.front.fields) == list(spanish.front.fields)
        same = ("audience", "obligations", "size_points", "headings_from")
        assert [getattr(english.front, key) for key in same] == [getattr(spanish.front, key) for key in same]
        assert shape(english.parsed) == shape(spanish.parsed)
        for given in (True, False):
            papers = [
                fill(ws, name, values(language) if given else {}, at=AT, language=language).document
                for language in ("en", "es")
            ]
            assert outline(papers[0]) == outline(papers[1])


def test_residents_and_reporters_get_every_paper_in_both_languages(ws: Workspace) -> None:
    theirs = {Audience.RESIDENT, Audience.PUBLIC, Audience.REPORTER}
    assert {item.id for item in ours(ws) if item.front.audience in theirs} == {name for name, _ in BOTH}


def test_every_field_is_of_the_vocabulary_and_is_used(ws: Workspace) -> None:
    for template in ours(ws):
        used = {node.name for tree in (template.title, template.parsed) for node in tree.find_all(nodes.Name)}
        assert template.front.fields.keys() <= VOCABULARY.keys()
        assert template.front.fields.keys() <= used, template.path
        assert template.origin == BUILT_IN


def parts(ws: Workspace, value: Value, language: str) -> list[str]:
    """The texts that a value shows in a paper: those of its rows, or the value as a template prints it."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [cell for row in value if isinstance(row, dict) for cell in row.values()]
    if isinstance(value, list):
        return [str(item) for item in value]
    template = "---\ntitle: T\naudience: inside\nfields: {notice_date: x}\n---\n{{ notice_date }}\n"
    folder = ws.root / "templates"
    folder.mkdir(exist_ok=True)
    (folder / f"one-value.{language}.md").write_text(template, encoding="utf-8")
    return [flat(fill(ws, "one-value", {"notice_date": value}, at=AT, language=language).document).split("pt] ")[1]]


def flat(document: Document) -> str:
    return " ".join(as_text(document).split())


def shape(tree: nodes.Node) -> list[tuple[str, str]]:
    """The conditions, loops and fields of a template; in which order a sentence names fields is for the language."""
    found = tree.find_all((nodes.If, nodes.For, nodes.Name))
    return sorted((type(node).__name__, node.name if isinstance(node, nodes.Name) else "") for node in found)


def outline(document: Document) -> list[tuple[str, int]]:
    """The blocks of a paper with their sizes."""
    return [
        (
            type(block).__name__,
            len(block.items)
            if isinstance(block, Bullets | Numbered)
            else len(block.rows)
            if isinstance(block, Fields | Table)
            else 0,
        )
        for block in document.blocks
    ]


def smallest_type(pdf: bytes) -> float:
    """The smallest size of type on the pages, their footers aside."""
    sizes = []

    def seen(text: str, place: list[float], _: object, __: object, size: float) -> None:
        if text.strip() and place[5] > 55:  # points above the lower edge: the footer stands below
            sizes.append(size)

    for page in PdfReader(io.BytesIO(pdf)).pages:
        page.extract_text(visitor_text=seen)
    return min(sizes)
