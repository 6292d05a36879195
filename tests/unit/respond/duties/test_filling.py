"""A worksheet begun with what is on record: only what somebody recorded, with its source, never a guessed number."""

from __future__ import annotations

import io
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from breachwatch import incidents
from breachwatch.cli.app import main
from breachwatch.errors import UnknownNameError
from breachwatch.incidents.casework.affected import Statement, state_affected
from breachwatch.incidents.casework.anchors import set_anchor
from breachwatch.model.casework import Anchor
from breachwatch.respond.assessment.facts import facts_of
from breachwatch.respond.duties.assessing import assessments
from breachwatch.respond.duties.filling import Filling, fillings, worksheet
from breachwatch.workspace import Workspace
from tests.unit.incidents.conftest import make_finding, make_scan
from tests.unit.respond.duties.conftest import ANALYST, COUNSEL

NUMBER = "INC-2026-0001"
SETTINGS = """
[city]
name = "T"
time_zone = "America/Chicago"
jurisdiction = "us-tx-city"
[systems]
file = "systems.csv"
[[contacts]]
name = "The pool"
kind = "insurer"
"""


@pytest.fixture
def ws(make_ws: Callable[..., Workspace]) -> Workspace:
    made = make_ws(SETTINGS)
    (made.root / "systems.csv").write_text("host,vendor,data,records\nbilling,Vendor,ssn;card,12500\n")
    incidents.record(made, make_scan(make_finding()), "run-1")
    return made


def found(ws: Workspace) -> dict[str, Filling]:
    return {item.fact: item for item in fillings(ws, NUMBER, by=ANALYST)}


def state(ws: Workspace, **said: Any) -> None:
    state_affected(ws, NUMBER, Statement(**{"kind": "group", "status": "suspected", **said}), by=ANALYST, reason="read")


def test_where_nothing_is_recorded_nothing_is_suggested(ws: Workspace) -> None:
    assert set(found(ws)) == {"insured"}
    with pytest.raises(UnknownNameError):
        fillings(ws, "INC-2026-0009", by=ANALYST)


def test_what_a_system_holds_is_suggested_with_who_says_so_and_a_suspicion_is_no_yes(ws: Workspace) -> None:
    state(ws, kind="system", name="billing")
    told = found(ws)
    assert told["data_elements"].value == ["ssn"]
    assert "the register says that billing holds it" in told["data_elements"].why
    assert told["more_data_elements"].value is True
    assert told["regulated_data"].value is True
    assert (told["cardholder_data"].value, "payment cards" in told["cardholder_data"].why) == (None, True)
    assert told["incident_type"].value == ["suspected_breach"]
    assert "individuals" not in told  # how many people a system is about is not how many were reached
    state(ws, kind="system", name="billing", status="accessed", elements=("card",))
    assert found(ws)["cardholder_data"].value is True
    state(ws, kind="system", name="billing", status="not affected")
    assert set(found(ws)) == {"insured"}


def test_a_vendor_whom_the_case_names_holds_the_data_and_one_of_the_register_may(ws: Workspace) -> None:
    state(ws, kind="system", name="billing")
    told = found(ws)["vendor_held"]
    assert (told.value, "billing: Vendor" in told.why) == (None, True)
    state(ws, name="customers", vendor="Bill Printers")
    told = found(ws)["vendor_held"]
    assert (told.value, told.why) == (True, "stated with a vendor: customers: Bill Printers")


def test_counts_are_exact_at_least_or_a_range_and_an_estimate_is_no_number(ws: Workspace) -> None:
    state(ws, name="customers", elements=("driver_license",), count=300, states={"TX": 280})
    assert (found(ws)["individuals"].value, found(ws)["residents"].value) == (300, {"TX": 280})
    assert found(ws)["data_elements"].value == ["drivers_license"]
    state(ws, name="staff", count=40, states={"TX": 40})
    assert (found(ws)["individuals"].value, found(ws)["residents"].value) == ("300..340", {"TX": "280..320"})
    state(ws, name="staff", count=40, estimated=True)
    told = found(ws)
    assert (told["individuals"].value, told["residents"].value) == ("300..", {"TX": "280.."})
    assert "about 40 (an estimate)" in told["individuals"].why
    state(ws, name="customers", count=300, estimated=True)
    assert found(ws)["individuals"].value is None
    assert facts_of(worksheet(fillings(ws, NUMBER, by=ANALYST))).counts == {}


def test_a_breach_is_one_once_it_was_determined_or_data_was_acquired(ws: Workspace) -> None:
    state(ws, name="customers", status="acquired")
    assert "customers" in found(ws)["breach_confirmed"].why
    set_anchor(ws, NUMBER, Anchor.DETERMINED, ws.clock.now(), by=COUNSEL, reason="the mailbox was read")
    told = found(ws)
    assert told["incident_type"].value == ["breach"]
    assert "the mailbox was read" in told["breach_confirmed"].why


def test_ransomware_is_what_a_rule_about_it_found(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws(SETTINGS)
    finding = replace(make_finding(), tags=("attack.impact", "attack.T1486"))
    incidents.record(ws, make_scan(finding), "run-1")
    assert found(ws)["incident_type"].value == ["ransomware"]


def test_from_the_records_to_a_worksheet_to_an_assessment(
    ws: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state(ws, name='cust\n[residents]\nCA = 9 "x"', elements=("ssn",), count=300, states={"TX": 280}, status="acquired")
    call = ["-w", str(ws.root), "assess", "--incident", "1"]
    file = tmp_path / "facts.toml"
    assert main([*call, "--save", str(file)]) == 0
    assert "kept nowhere" in capsys.readouterr().err
    assert assessments(ws, NUMBER, by=ANALYST) == ()
    text = file.read_text()
    assert tomllib.loads(text)["residents"] == {"TX": 280}
    assert "# stated as acquired: cust" in text
    answered = text.replace('# good_faith = "unknown"', "good_faith = false").replace("# with_name =", "with_name =")
    file.write_text(answered)
    assert tomllib.loads(answered)["good_faith"] is False  # not a key of the table that stands last
    assert main([*call[:2], "assess", str(file), "--incident", "1", "--reason", "read"]) == 0
    assert assessments(ws, NUMBER, by=ANALYST)[-1].facts["individuals"] == 300


def test_asked_one_by_one_an_empty_answer_confirms_what_is_on_record(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state(ws, name="customers", elements=("ssn",), count=300, states={"TX": 280}, status="acquired")
    answers = ["no", "", "", "", "250..400", "", "", "no"]  # what is on record, to the insurer; then: no more elements
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n?" * 60))
    assert main(["-w", str(ws.root), "assess", "--incident", "1", "--ask", "--reason", "asked"]) == 0
    assert "On record: customers 300" in capsys.readouterr().err
    facts = assessments(ws, NUMBER, by=ANALYST)[-1].facts
    assert facts["breach_confirmed"] is False
    assert (facts["data_elements"], facts["individuals"], facts["residents"]) == (["ssn"], "250..400", {"TX": "280"})
    assert facts["more_data_elements"] is False
