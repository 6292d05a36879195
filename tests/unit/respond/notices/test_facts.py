"""What papers learn from the records: what is there, blanks for what is not, and never what is not for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import pytest

from breachwatch.documents import render_html
from breachwatch.errors import UnknownNameError
from breachwatch.evidence.holds import place
from breachwatch.incidents.casework.affected import Statement, state_affected
from breachwatch.incidents.casework.opening import Opening, open_by_hand
from breachwatch.model.duties import DutyStep
from breachwatch.model.finding import Level
from breachwatch.model.referrals import ReferralKind, ReferralStatus
from breachwatch.papers import Value, fill, template_files
from breachwatch.papers.vocabulary import VOCABULARY, FieldKind
from breachwatch.respond.duties import assessing, deciding
from breachwatch.respond.notices import approve, draft, revise
from breachwatch.respond.notices.facts import facts_of
from breachwatch.respond.notices.plainness import reading_of_paper
from breachwatch.respond.referrals.following import Said, status
from breachwatch.respond.referrals.making import To, refer
from breachwatch.workspace import Workspace
from tests.unit.respond.notices.conftest import ANALYST, COUNSEL, DIRECTOR, INC, SECRETS, WORKSHEET

OBLIGATIONS = (None, "tx-individuals", "tx-attorney-general", "tx-cyber-command", "insurer")


def test_the_records_fill_what_they_hold(city: Workspace) -> None:
    found = facts_of(city, INC, "tx-attorney-general")
    assert found["city_name"] == "City of Testville"
    assert found["city_address"] == "1 Main Street, Testville, TX 79760"
    assert found["it_director"] == "Dana Director, Director of IT, 432-555-0101"
    assert found["counsel"] == "Corin Counsel, counsel@testville.example"
    assert found["data_elements"] == ["Social Security number", "driver's license number"]
    assert (found["individuals"], found["residents_tx"], found["residents_ca"]) == ("612", "600", None)
    assert found["residents"] == [{"state": "NM", "number": "12"}, {"state": "TX", "number": "600"}]
    assert (found["identity_numbers"], found["login_elements"]) == (True, False)
    assert (found["ransomware"], found["election_data"], found["card_data"]) == (False, False, None)
    assert found["systems"] == ["billing01"]
    assert found["vendors"] == ["Billing Vendor Inc."]
    assert found["data_held"] == ["Social Security numbers", "utility accounts"]
    assert found["occurred_on"] == date(2026, 11, 22)
    assert found["citation"] == "Tex. Bus. & Com. Code 521.053(i); Tex. Bus. & Com. Code 521.053(j)"
    assert found["deadline"] == "as soon as practicable, at most 30 calendar days"
    assert isinstance(found["due_safe"], datetime)
    assert found["law_enforcement_engaged"] is True


def test_recipients_and_credit_agencies_come_from_the_directory(city: Workspace) -> None:
    found = facts_of(city, INC, "insurer")
    assert (found["recipient_name"], found["recipient_channel"]) == ("Insurance Mutual", "800-555-0122")
    agency = {"name": "Credit Agency A", "phone": "800-555-0101", "address": "P.O. Box 1, Anytown"}
    assert found["credit_agencies"] == [agency | {"website": "https://credit.example"}]
    assert facts_of(city, INC, "tx-cyber-command")["recipient_name"] == "Texas Cyber Command"
    assert facts_of(city, INC, "tx-individuals")["recipient_name"] is None  # each person, by the merge


def test_what_nobody_recorded_is_unknown_and_never_no(fresh: Workspace) -> None:
    found = facts_of(fresh, INC)
    unknown = (
        *(
            "data_elements",
            "individuals",
            "residents_tx",
            "identity_numbers",
            "encrypted",
            "ransomware",
            "determined_on",
        ),
        *("law_enforcement_engaged", "law_enforcement_delay", "steps_taken", "notice_sent_on", "incident_kind"),
    )
    assert {name: found[name] for name in unknown} == dict.fromkeys(unknown)
    assert found["how_discovered"] == "The city's own search of its logs pointed to it."
    assert "what_happened" not in found  # only a person can tell it


def test_every_value_is_a_field_of_its_kind(city: Workspace) -> None:
    kinds = {
        FieldKind.TEXT: str,
        FieldKind.COUNT: (int, str),
        FieldKind.DATE: date,
        FieldKind.LIST: list,
        FieldKind.YES_NO: bool,
    }
    for obligation in OBLIGATIONS:
        for name, value in facts_of(city, INC, obligation).items():
            field = VOCABULARY[name]
            assert value is None or isinstance(value, kinds[field.kind]), name
            assert _columns(value) <= {field.columns}, name


def _columns(value: Value) -> set[tuple[str, ...]]:
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return {tuple(row) for row in rows if isinstance(row, Mapping)}


def test_no_paper_repeats_what_is_not_for_it(city: Workspace) -> None:
    """Planted: a note of counsel, a dismissal, grounds of decisions; searched in every value and every paper."""
    now = city.clock.now()
    for obligation in OBLIGATIONS:
        facts = facts_of(city, INC, obligation)
        assert [kind for kind, secret in SECRETS.items() if secret in repr(facts)] == []
    known = {language: facts_of(city, INC, "tx-individuals", language=language) for language in ("en", "es")}
    for template, language in template_files(city):
        page = render_html(fill(city, template, known[language], at=now, language=language).document).decode()
        assert [kind for kind, secret in SECRETS.items() if secret in page] == [], template


def test_measures_name_systems_and_no_accounts(city: Workspace) -> None:
    found = facts_of(city, INC)
    assert found["measures_taken"] == [
        "Containment: billing01, taken off the network (November 22, 2026)",
        "Access suspension (account) (November 22, 2026)",
    ]
    assert found["measures_intended"] == ["Recovery: billing01, restore from backup"]
    assert found["steps_taken"] == [
        "We cut off what was affected, so that no more harm is done.",
        "We closed the access that was misused.",
        "We told law enforcement.",
    ]
    orders = found["orders"]
    assert isinstance(orders, list)
    assert [(row["target"], row["by"]) for row in orders] == [("billing01", "it_director"), ("jmeyer", "it_director")]


def test_residents_are_told_in_spanish(city: Workspace) -> None:
    found = facts_of(city, INC, language="es")
    assert found["data_elements"] == ["número de Seguro Social", "número de licencia de conducir"]
    assert found["steps_taken"] == [
        "Aislamos lo afectado para que no haya más daño.",
        "Cerramos el acceso que se usó mal.",
        "Avisamos a las autoridades policiales.",
    ]


@pytest.mark.parametrize(
    ("given", "english", "spanish"),
    [
        (612, "612", "612"),
        ("600..650", "about 600 to 650", "alrededor de 600 a 650"),
        ("1500..", "at least 1,500", "al menos 1,500"),
    ],
)
def test_a_range_says_that_it_is_one(fresh: Workspace, given: object, english: str, spanish: str) -> None:
    facts = WORKSHEET | {"individuals": given, "residents": {}}
    assessing.assess(fresh, INC, facts, by=ANALYST, reason="count of rows")
    assert facts_of(fresh, INC)["individuals"] == english
    assert facts_of(fresh, INC, language="es")["individuals"] == spanish


def test_an_estimate_stays_one(fresh: Workspace) -> None:
    group = Statement("group", "customers", "acquired", ("ssn",), 612, estimated=True, states={"TX": 600})
    state_affected(fresh, INC, group, by=ANALYST, reason="rows")
    found = facts_of(fresh, INC)
    assert (found["individuals"], found["residents_tx"]) == ("about 612", "about 600")
    assert found["data_elements"] == ["Social Security number", "perhaps more; we are still looking"]
    assert (found["identity_numbers"], found["health_elements"]) == (True, None)


def test_a_person_in_two_groups_is_not_counted_twice(fresh: Workspace) -> None:
    for name, count in (("customers", 600), ("employees", 50)):
        state_affected(fresh, INC, Statement("group", name, "acquired", ("ssn",), count), by=ANALYST, reason="rows")
    assert facts_of(fresh, INC)["individuals"] == "about 600 to 650"


def test_no_delay_is_said_only_after_counsel_decided(city: Workspace) -> None:
    assert facts_of(city, INC)["law_enforcement_delay"] is False
    deciding.take_step(
        city,
        INC,
        "tx-individuals",
        DutyStep.DELAY_BEGUN,
        by=COUNSEL,
        at=city.clock.now(),
        reason="letter of the sheriff",
        detail={"extension": "law_enforcement", "authority": "Sheriff, letter 7"},
    )
    assert facts_of(city, INC)["law_enforcement_delay"] is True


@pytest.mark.parametrize(("people", "texans"), [({"TX": 612}, 640), ({"TX": 600, "NM": 12}, None)])
def test_notices_that_went_out_are_counted(city: Workspace, people: dict[str, int], texans: int | None) -> None:
    assessing.assess(city, INC, WORKSHEET | {"residents": people}, by=ANALYST, reason="addresses")
    posted = {"channel": "website", "count": "1", "evidence": "EV-2"}
    mailed = {"channel": "letter", "count": "640", "evidence": "EV-1"}
    for step, detail in ((DutyStep.APPROVED, {}), (DutyStep.SENT, posted), (DutyStep.SENT, mailed)):
        deciding.take_step(
            city, INC, "tx-individuals", step, by=COUNSEL, at=city.clock.now(), reason="letters", detail=detail
        )
    found = facts_of(city, INC, "tx-attorney-general")
    assert (found["notices_sent"], found["notices_sent_tx"]) == (640, texans)
    assert found["notice_sent_on"] == date(2026, 11, 22)
    assert found["notice_method"] == "notice on the city's website, letter by mail"
    assert facts_of(city, INC, language="es")["notice_method"] == "aviso en el sitio web de la ciudad, carta por correo"


def test_an_incident_that_somebody_reported_has_no_time_that_a_log_would_give(fresh: Workspace) -> None:
    now = fresh.clock.now()
    with fresh.database.write() as connection:
        opening = Opening("A lost laptop", Level.HIGH, discovered_at=now)
        number = open_by_hand(fresh, connection, opening, by=DIRECTOR, at=now, reason="a report")
    found = facts_of(fresh, number)
    assert (found["occurred_on"], found["detected_at"], found["how_discovered"]) == (None, None, None)
    assert found["discovered_at"] == now


def test_deadlines_that_run_stand_in_rows(city: Workspace) -> None:
    clocks = facts_of(city, INC)["clocks"]
    assert isinstance(clocks, list)
    rows = {row["duty"]: row for row in clocks if isinstance(row, dict)}
    assert "521.053(b)" in rows["Notify affected individuals"]["citation"]
    assert "2027" in rows["Notify affected individuals"]["safe"]


def test_a_hold_over_the_incident_is_named(city: Workspace) -> None:
    assert "hold_number" not in facts_of(city, INC)
    hold = place(city, [("incident", INC)], reason="claim", authority="order of court", by=COUNSEL)
    found = facts_of(city, INC)
    assert (found["hold_number"], found["hold_authority"]) == (hold.number, "order of court")
    assert found["hold_covers"] == f"incident {INC}"


def test_an_incident_that_is_not_there(fresh: Workspace) -> None:
    with pytest.raises(UnknownNameError):
        facts_of(fresh, "INC-2026-0099")


def test_words_that_counsel_approved_for_the_public_are_taken_over(city: Workspace) -> None:
    told: dict[str, Value] = {"what_happened": "A mailbox was opened.", "contact_phone": "800-555-0199"}
    letter = draft(city, "individual-notice", by=ANALYST, reason="letter", incident=INC, values=told)
    assert "what_happened" not in facts_of(city, INC)
    approve(city, letter.number, by=COUNSEL, reason="read", blanks_reason="the merge fills them")
    found = facts_of(city, INC)
    assert (found["what_happened"], found["contact_phone"]) == ("A mailbox was opened.", "800-555-0199")
    assert "what_happened" not in facts_of(city, INC, language="es")
    again = draft(city, "public-notice", by=ANALYST, reason="website", incident=INC)
    assert "what_happened" not in again.latest.blanks


def test_words_for_an_authority_are_not_taken_over(city: Workspace) -> None:
    told: dict[str, Value] = {"what_happened": "More than the public is told."}
    sheet = draft(city, "tx-ag-report", by=ANALYST, reason="sheet", incident=INC, values=told)
    approve(city, sheet.number, by=COUNSEL, reason="read", blanks_reason="filled in at the portal")
    assert "what_happened" not in facts_of(city, INC)


def test_an_agency_that_declined_is_not_engaged(fresh: Workspace) -> None:
    to = To("Sergeant Sample", "Testville Police")
    made = refer(fresh, INC, ReferralKind.LAW_ENFORCEMENT, to, by=DIRECTOR, basis="521.053(d)")
    found = facts_of(fresh, INC)
    assert (found["law_enforcement_engaged"], found["law_enforcement_agency"]) == (True, "Testville Police")
    assert "We told law enforcement." in str(found["steps_taken"])
    answer = Said("Sergeant Sample", reference="26-1107", text="no resources")
    status(fresh, made.number, ReferralStatus.DECLINED, answer, by=DIRECTOR)
    found = facts_of(fresh, INC)
    assert (found["law_enforcement_engaged"], found["law_enforcement_agency"]) == (False, "Testville Police, 26-1107")


def test_a_referral_to_human_resources_stays_out(fresh: Workspace) -> None:
    to = To(SECRETS["sanctioned person"], SECRETS["sanction"])
    refer(fresh, INC, ReferralKind.HUMAN_RESOURCES, to, by=DIRECTOR, basis=SECRETS["basis of a duty"])
    facts = facts_of(fresh, INC)
    assert facts["law_enforcement_engaged"] is None
    assert [kind for kind, secret in SECRETS.items() if secret in repr(facts)] == []


def test_how_plain_a_paper_is_follows_its_text(city: Workspace) -> None:
    plain = draft(city, "individual-notice", by=ANALYST, reason="letter", incident=INC)
    found = reading_of_paper(city, plain)
    assert found.plain
    assert found.words > 100
    hard = (
        "Notwithstanding the aforementioned considerations, the municipality's cybersecurity administration "
        "subsequently determined that unauthorized acquisition of identifiable information had probably occurred. "
    )
    again = revise(city, plain.number, by=ANALYST, reason="longer", values={"what_happened": hard * 20})
    assert not reading_of_paper(city, again).plain
    assert reading_of_paper(city, again, version=1) == found
