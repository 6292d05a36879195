"""Notices that went out are disclosed with their text; drafts, edited files and recipients are not."""

from __future__ import annotations

from breachwatch.incidents.casework import notes
from breachwatch.model.papers import Way
from breachwatch.papers import Value
from breachwatch.respond.notices.approving import approve
from breachwatch.respond.notices.drafting import draft
from breachwatch.respond.notices.sending import Sent, sent
from breachwatch.respond.requests.content import canonical
from breachwatch.respond.requests.releasing import prepare
from breachwatch.respond.requests.rendering import files_of
from tests.unit.respond.requests.conftest import ANALYST, CLERK, COUNSEL, INC, PR, Desk

WHAT: dict[str, Value] = {
    "what_happened": "Somebody read the mailbox of utility billing.",
    "recipient_name": "Ada Reader",
}


def drafted(desk: Desk, what: str) -> str:
    values = WHAT | {"what_happened": what}
    return draft(desk.ws, "individual-notice", by=CLERK, reason="to residents", incident=INC, values=values).number


def test_a_notice_that_was_sent_is_disclosed_without_its_recipient(texas: Desk) -> None:
    texas.linked()
    number = drafted(texas, "Somebody read the mailbox of utility billing.")
    drafted(texas, "A draft that never went out.")
    approve(texas.ws, number, by=COUNSEL, reason="read", blanks_reason="filled in by the mail merge")
    how = Sent(Way.LETTER, "Texas residents", 612, texas.ws.clock.now(), "certificate of mailing")
    sent(texas.ws, number, how, by=CLERK)
    texas.withheld()
    made = prepare(texas.ws, PR, by=CLERK)
    [notice] = made.content["notices"]
    assert notice["sent_at"] == "2026-11-22"
    assert any("Somebody read the mailbox of utility billing." in line for line in notice["text"])
    whole = canonical(made.content)
    assert "Ada Reader" not in whole
    assert "never went out" not in whole
    assert any("Papers about the incident" in item["what"] for item in made.content["withheld"])
    assert b"Somebody read the mailbox" in files_of(made.content)["records.html"]


def test_text_that_was_cleared_is_harmless_in_every_form(california: Desk) -> None:
    for start in ("=", "+", "-", "@", "\t="):
        hostile = f"{start}HYPERLINK(1) <script>x</script> \x1b[31m \u202e #raw[boo] {{{{ 7 }}}}"
        notes.write(california.ws, INC, hostile, by=ANALYST)
    california.linked()
    california.withheld()
    california.cleared("/text")
    files = files_of(prepare(california.ws, PR, by=CLERK).content)
    assert files["records.csv"].count(b"HYPERLINK") == 5
    for start in (b"=", b"+", b"-", b"@"):
        assert b'"' + start not in files["records.csv"]
    assert b"<script>" not in files["records.html"]
    for name in ("records.csv", "records.html", "records.json"):
        assert b"\x1b" not in files[name]
        assert "\u202e".encode() not in files[name]
    assert files["records.pdf"].startswith(b"%PDF")
