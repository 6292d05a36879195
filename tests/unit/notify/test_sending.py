"""Incidents are told once to the roles of their severity, answered or escalated; failing channels are tried again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch import notify
from breachwatch.errors import NotPermittedError, UnknownNameError, UsageError
from breachwatch.incidents.casework.decisions import decisions
from breachwatch.model.finding import Level
from breachwatch.model.people import Role
from breachwatch.notify import outbox, sending
from breachwatch.notify.outbox import State
from breachwatch.notify.planning import after_quiet
from breachwatch.notify.secrets import known_secrets
from breachwatch.notify.wording import outgoing, without
from breachwatch.records import audit
from breachwatch.workspace import Workspace
from tests.somebody import a
from tests.unit.notify.conftest import SETTINGS, TOKEN, Town
from tests.unit.notify.servers import smtp_server

ANN = a(Role.ANALYST, "Ann Analyst")


def states(ws: Workspace) -> list[tuple[str, str]]:
    return [(item.key, item.state.value) for item in notify.messages(ws)]


def test_an_incident_is_told_once_to_each_channel(town: Town) -> None:
    number = town.incident()
    town.entity(number, "user", "jdoe")
    done = notify.send(town.ws)
    assert (done.planned, done.sent, done.errors) == (2, 2, ())
    assert states(town.ws) == [(f"{number}/high/0/pager", "sent"), (f"{number}/high/0/room", "sent")]
    assert town.post.titles == ["INC-2026-0001, high: Many failed sign-ins, then a success"] * 2
    body = town.post.taken[0]["message"]
    for part in ("Testville", "Severity: high", "jdoe", "within 30 minutes", f"notify acknowledge {number}", "CST"):
        assert part in body
    again = notify.send(town.ws)
    assert (again.planned, again.sent) == (0, 0)
    assert len(town.post.taken) == 2


def test_that_an_insider_was_told_is_noted_on_the_incident(town: Town) -> None:
    number = town.incident()
    notify.send(town.ws)
    notify.send(town.later(31))  # the director once more
    told = [(item.subject, item.reason) for item in decisions(town.ws, number)]
    assert told == [("it_director", "a message by channel pager")]


def test_what_is_not_sealed_yet_or_not_severe_is_not_told(town: Town) -> None:
    town.incident("INC-2026-0001", state="preserving")
    town.incident("INC-2026-0002", Level.LOW)
    town.incident("INC-2026-0003", state="closed")
    town.incident("INC-2026-0004", state="triage")
    assert notify.send(town.ws).planned == 0


def test_a_preservation_failure_is_told_as_high_and_a_rise_is_told_again(town: Town) -> None:
    number = town.incident(level=Level.LOW)
    assert notify.send(town.ws).planned == 0
    town.change(number, failure="the disk is full")
    assert notify.send(town.ws).sent == 2
    assert "IT COULD NOT BE SEALED" in town.post.taken[0]["message"]
    town.change(number, failure="", level=int(Level.CRITICAL))
    assert notify.send(town.ws).sent == 2  # analyst and IT director of the defaults
    assert {item.severity for item in notify.messages(town.ws)} == {Level.HIGH, Level.CRITICAL}


def test_nobody_answers_and_it_goes_up_step_by_step(town: Town) -> None:
    number = town.incident()
    notify.send(town.ws)
    assert notify.send(town.later(29)).planned == 0
    first = notify.send(town.later(31))
    assert first.sent == 2  # the director, by room and pager
    assert town.post.titles[-1].startswith("not acknowledged: INC-2026-0001")
    assert "Nobody has acknowledged it since 2026-11-22 04:15 CST" in town.post.taken[-1]["message"]
    assert notify.send(town.later(59)).planned == 0
    assert notify.send(town.later(61)).sent == 1  # counsel
    assert notify.send(town.later(10_000)).planned == 0
    assert [item.stage for item in notify.messages(town.ws, subject=number)] == [0, 0, 1, 1, 2]


def test_who_acknowledges_ends_it(town: Town) -> None:
    number = town.incident()
    notify.send(town.ws)
    notify.acknowledge(town.ws, number, by=ANN)
    assert notify.send(town.later(500)).planned == 0
    with town.ws.database.read() as connection:
        assert audit.trail(connection, number)[-1].change == "notification acknowledged (high)"
    town.change(number, level=int(Level.CRITICAL))  # it became worse: told again
    assert notify.send(town.later(501)).sent == 2
    with pytest.raises(UnknownNameError):
        notify.acknowledge(town.ws, "INC-2026-0099", by=ANN)
    with pytest.raises(NotPermittedError):
        notify.acknowledge(town.ws, number, by=a(Role.PROGRAM).__class__(name="nobody", roles=frozenset()))
    town.change(number, state="closed")
    with pytest.raises(UsageError, match="nothing to acknowledge"):
        notify.acknowledge(town.ws, number, by=ANN)


def test_beginning_work_ends_it_and_drops_what_waits(town: Town) -> None:
    number = town.incident()
    town.post.status = 500
    assert notify.send(town.ws).later == 2
    town.change(number, state="triage")
    town.post.status = 200
    done = notify.send(town.later(5))
    assert (done.sent, done.dropped) == (0, 2)
    assert town.post.taken == []


def test_a_channel_that_fails_is_tried_again_and_given_up_after_a_day(town: Town) -> None:
    town.incident()
    town.post.status = 503
    done = notify.send(town.ws)
    assert (done.sent, done.later) == (0, 2)
    assert done.errors == (
        "the service of channel 'pager' answered 503",
        "the service of channel 'room' answered 503",
    )
    assert notify.send(town.later(0.5)).later == 0  # not yet
    waited = [0.0]
    for _ in range(20):
        [first, *_] = notify.messages(town.ws)
        minutes = (first.not_before - town.ws.clock.now()) / timedelta(minutes=1)
        if first.state is not State.WAITING:
            break
        waited.append(minutes)
        notify.send(town.later(minutes))
    assert waited[:4] == [0.0, 1.0, 3.0, 8.0]
    assert first.state is State.FAILED
    assert waited[-1] > 24 * 60
    town.post.status = 200
    assert notify.send(town.later(10_000)).sent == 3  # only the escalations: what was given up is told in the digest


def test_a_crash_between_sending_and_recording_repeats_and_loses_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dies(*_: object) -> None:
        raise Killed

    town.incident()
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "mark_sent", dies)
        with pytest.raises(Killed):
            notify.send(town.ws)
    assert len(town.post.taken) == 1
    assert notify.send(town.ws).sent == 2
    assert len(town.post.taken) == 3
    with monkeypatch.context() as patch:
        patch.setattr(sending, "deliver", dies)
        town.incident("INC-2026-0002")
        with pytest.raises(Killed):
            notify.send(town.ws)
    assert notify.send(town.ws).sent == 2


def test_two_at_a_time_do_not_send_twice(town: Town) -> None:
    town.incident()
    with town.ws.lock("notify"):
        assert notify.send(town.ws).busy
    assert town.post.taken == []


def test_many_at_once_are_one_message(town: Town) -> None:
    for number in range(1, 31):
        town.incident(f"INC-2026-{number:04d}", Level.CRITICAL if number == 7 else Level.HIGH)
    done = notify.send(town.ws)
    assert (done.sent, len(town.post.taken)) == (2, 2)
    assert town.post.titles[0] == "30 incidents at once, the highest critical"
    body = town.post.taken[0]["message"]
    assert body.index("INC-2026-0007, critical") < body.index("INC-2026-0001, high")
    assert "and 10 more" in body
    assert notify.send(town.ws).planned == 0


def test_quiet_hours(make_town: Callable[..., Town]) -> None:
    lower = SETTINGS.replace("[notify]", '[notify]\nquiet_below = "critical"')
    both = make_town(lower)
    both.incident()  # 04:15 in the city; the analyst is left in peace until 7, the director is not
    assert notify.send(both.ws).sent == 2
    one = make_town(lower.replace('roles = ["analyst", "it_director"]\nack', 'roles = ["analyst"]\nack'))
    one.change("INC-2026-0001", state="triage")
    one.incident("INC-2026-0005")
    before = len(one.post.taken)
    assert notify.send(one.ws).planned == 1
    assert notify.send(one.later(2 * 60 + 44)).planned == 0  # 06:59
    assert len(one.post.taken) == before
    assert notify.send(one.later(2 * 60 + 46)).sent == 1
    assert notify.send(one.later(2 * 60 + 74)).planned == 0  # nobody is late before 07:30
    assert notify.send(one.later(2 * 60 + 76)).planned == 2


@given(st.integers(0, 23), st.integers(0, 23), st.integers(0, 24 * 60 - 1))
def test_quiet_ends_where_it_should(begin: int, end: int, minute: int) -> None:
    from types import SimpleNamespace
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("America/Chicago")
    settings = SimpleNamespace(
        notify=SimpleNamespace(quiet_below="high", quiet={Role.ANALYST: (begin, end)}),
        city=SimpleNamespace(zone=zone),
    )
    now = datetime(2026, 6, 15, 5, tzinfo=UTC) + timedelta(minutes=minute)
    if begin == end:
        return
    at = after_quiet(SimpleNamespace(settings=settings), now, Level.MEDIUM, [Role.ANALYST])  # type: ignore[arg-type]
    assert now <= at < now + timedelta(days=1)
    hour = at.astimezone(zone).hour
    assert not (begin <= hour < end if begin < end else hour >= begin or hour < end)
    assert after_quiet(SimpleNamespace(settings=settings), now, Level.HIGH, [Role.ANALYST]) == now  # type: ignore[arg-type]


HOSTILE = (
    "<script>x</script> *bold* _em_ `code` [click](http://evil.example/a) <!channel> @everyone <@U1|x> #room\n"
    "\x1b[2J\u202egnp.exe https://evil.example ~s~ |t| javascript:alert(1) {{title}} &lt;b&gt;"
)


def test_hostile_content_is_plain_and_bounded(town: Town) -> None:
    number = town.incident(title=HOSTILE * 50)
    town.entity(number, "user", HOSTILE)
    for n in range(20):
        town.entity(number, "host", f"web{n:02d}.city.gov")
    notify.send(town.ws)
    taken = town.post.taken[0]
    assert len(taken["title"]) <= 160
    assert len(taken["message"]) <= 4000
    for text in (taken["title"], taken["message"]):
        for markup in ("<", ">", "*", "`", "](", "@", "~", "|", "{", "http", "evil.example", "\x1b", "\u202e", " _"):
            assert markup not in text
        assert "hxxp" in text
    assert "\uff3cx1b" in taken["message"]
    assert "and 15 more" in taken["message"]
    assert "\n\n\n" not in taken["message"]


def test_names_stay_at_home_where_the_settings_say_so(make_town: Callable[..., Town]) -> None:
    town = make_town(SETTINGS.replace("[notify]", "[notify]\nname_entities = false"))
    number = town.incident()
    town.entity(number, "user", "jdoe")
    notify.send(town.ws)
    assert all("jdoe" not in item["message"] for item in town.post.taken)


@given(st.text(max_size=300))
def test_whatever_a_value_is_it_is_no_markup(value: str) -> None:
    shown = outgoing(value)
    assert len(shown) <= 120 * 4
    assert "\n" not in shown
    assert not set("`*~|<>(){}#\\!&^=$@\"'") & set(shown)
    assert not set("[]") & set(shown.replace("[.]", "").replace("[:]", ""))
    assert "://" not in shown or not shown.partition("://")[0][-1:].isalpha()


def test_no_secret_leaves_the_house(
    town: Town,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BREACHWATCH_ALARM__WEBHOOK_URL", "https://hooks.example/services/T0KENPART12345")
    monkeypatch.setenv("BREACHWATCH_DATABASE__URL", "")
    planted = ["p4ssw0rd-of-bot", TOKEN, "T0KENPART12345"]
    from breachwatch.workspace import open_workspace

    ws = open_workspace(town.ws.root, town.ws.clock)
    assert set(planted) <= known_secrets(ws)
    number = town.incident(title=" and ".join(planted))
    for secret in planted:
        town.entity(number, "user", secret)
    notify.send(ws)
    town.post.status = 403
    town.incident("INC-2026-0002")
    with caplog.at_level(logging.DEBUG):
        errors = notify.send(ws).errors
    said = capfd.readouterr()
    everything = "\n".join(
        [*(f"{item['title']} {item['message']}" for item in town.post.taken), *errors, said.out, said.err]
        + [f"{item.title} {item.body} {item.error}" for item in notify.messages(ws)]
        + [record.getMessage() for record in caplog.records if not record.name.startswith("urllib3")]
    )
    assert len(errors) == 2
    for secret in [*planted, "token-of-the-answer"]:
        assert secret not in everything
    assert "struck out" in town.post.taken[0]["message"]


def test_striking_out_takes_the_longest_first() -> None:
    assert without(["secret", "secret-and-more"], "a secret-and-more b secret") == "a (struck out) b (struck out)"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "needs the secret 'url'"),
        ("nonsense", "none that Apprise can send to"),
        ("syslog://", "none that Apprise can send to"),
        ("json://127.0.0.1:9/deep-secret-path", "could not be reached|did not take it"),
    ],
)
def test_a_wrong_address_is_told_without_repeating_it(
    town: Town, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    import re

    for name in ("ROOM", "PAGER"):
        monkeypatch.setenv(f"BREACHWATCH_SECRET_NOTIFY_{name}_URL", address)
    town.incident()
    errors = notify.send(town.ws).errors
    assert len(errors) == 2
    assert all(re.search(said, error) for error in errors)
    assert all("deep-secret-path" not in error and "nonsense" not in error for error in errors)


def test_mail_is_plain_where_it_is_asked_for_and_escaped_where_not(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    import email
    from email import policy

    with smtp_server() as mail:
        for name, form in (("ROOM", "text"), ("PAGER", "html")):
            url = f"mailto://127.0.0.1:{mail.port}?from=bw@city.gov&to=ops@city.gov&mode=insecure&format={form}"
            monkeypatch.setenv(f"BREACHWATCH_SECRET_NOTIFY_{name}_URL", url)
        town.incident(title="<b>x</b> & http://evil.example")
        done = notify.send(town.ws)
        assert (done.sent, done.errors) == (2, ())
    parsed = [email.message_from_bytes(item, policy=policy.default) for item in mail.taken]
    for item in parsed:
        for part in item.walk():
            if part.get_content_maintype() == "text":
                text = part.get_content()
                assert "<b>" not in text
                assert "evil.example" not in text
        assert "INC-2026-0001, high" in str(item["Subject"])


def test_without_channels_nothing_is_planned(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws()
    assert notify.send(ws) == notify.Sent()
