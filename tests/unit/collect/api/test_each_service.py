"""What each service may do by its documentation, one by one: tokens, clocks, throttling in its words, repetition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from breachwatch.collect.api import pages
from breachwatch.run import ingest
from breachwatch.workspace import Workspace
from tests.unit.collect.api import vendors
from tests.unit.collect.api.conftest import Time
from tests.unit.collect.api.server import NOW, Reply, Request, Service
from tests.unit.collect.api.test_vendors import ALL, CASES, DAYS_AGO, Case, Rows, _pem, records, source

Make = Callable[..., Workspace]


def after_pages(service: Service, case: Case, number: int, act: Callable[[], None]) -> None:
    """Do something once, when so many pages were answered."""
    real, answered = service.reply, []

    def reply(request: Request) -> Reply:
        found = real(request)
        if request.path.startswith(case.page) and found.status == 200:
            answered.append(request)
            if len(answered) == number:
                act()
        return found

    service.reply = reply  # type: ignore[method-assign]


@pytest.mark.parametrize("name", ["entra", "m365", "google-workspace"])
def test_a_token_that_expires_between_pages_is_renewed(
    name: str, make_ws: Make, service: Service, tmp_path: Path, rows: Rows
) -> None:
    case = CASES[name]
    case.serve(service, records(case, DAYS_AGO))
    ws = source(case, make_ws, service, tmp_path)

    def expire() -> None:
        service.token += 1  # the one in use is refused from now on

    after_pages(service, case, 1, expire)
    report = ingest(ws, "cloud")
    assert ([problem.what for problem in report.problems], report.rows) == ([], 4)
    assert service.token == 3  # one at first, one that nobody was given, one more


def test_an_okta_application_renews_its_token_between_pages(
    make_ws: Make, service: Service, tmp_path: Path, rows: Rows
) -> None:
    case = CASES["okta"]
    vendors.okta(service, records(case, DAYS_AGO))
    listing = service.routes["/api/v1/logs"]

    def as_token(request: Request) -> Reply:
        request.headers["authorization"] = "SSWS sesame"
        return listing(request)

    service.routes["/api/v1/logs"] = service.guarded(as_token)
    service.routes["/oauth2/v1/token"] = service.give_token
    (tmp_path / "app.pem").write_text(_pem())
    ws = make_ws(
        f'[[sources]]\nname = "cloud"\nkind = "okta"\n[sources.okta]\nurl = "{service.url}"\nclient_id = "app"\n'
        f'private_key_file = "{tmp_path}/app.pem"\nkey_id = "k1"\n'
    )
    after_pages(service, case, 1, lambda: setattr(service, "token", service.token + 1))
    report = ingest(ws, "cloud")
    assert ([problem.what for problem in report.problems], report.rows, service.token) == ([], 4, 3)


@pytest.mark.parametrize("code", ["ExpiredTokenException", "InvalidSignatureException"])
def test_a_signature_that_aws_finds_too_old_is_made_at_its_time(
    code: str, make_ws: Make, service: Service, tmp_path: Path
) -> None:
    """AWS refuses signatures that are older than some minutes by its own clock."""
    case = CASES["cloudtrail"]
    case.serve(service, records(case, DAYS_AGO))
    lookup = service.routes["/"]

    def strict(request: Request) -> Reply:
        signed = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(signed - service.now) > timedelta(minutes=5):
            return Reply({"__type": code, "message": "Signature expired"}, 400)
        return lookup(request)

    service.routes["/"] = strict
    ws = source(case, make_ws, service, tmp_path, now=NOW - timedelta(hours=2))
    report = ingest(ws, "cloud")
    assert report.rows == 4
    assert "7200 s behind" in report.problems[0].what


@pytest.mark.parametrize("name", ["okta", "google-workspace", "m365"])
def test_a_clock_that_is_behind_here_loses_nothing(name: str, make_ws: Make, service: Service, tmp_path: Path) -> None:
    case = CASES[name]
    case.serve(service, records(case, DAYS_AGO))
    report = ingest(source(case, make_ws, service, tmp_path, now=NOW - timedelta(hours=5)), "cloud")
    assert (report.rows, report.rejects) == (4, 0)
    assert ["18000 s behind" in problem.what for problem in report.problems] == [True]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("cloudtrail", Reply({"__type": "ThrottlingException", "message": "Rate exceeded"}, 400)),
        (
            "google-workspace",
            Reply({"error": {"code": 403, "errors": [{"reason": "userRateLimitExceeded"}], "message": "slow"}}, 403),
        ),
        ("m365", Reply({"error": {"code": "AF429", "message": "Too many requests."}}, 429, {"Retry-After": "3"})),
        ("entra", Reply({"error": {"code": "TooManyRequests"}}, 429, {"Retry-After": "3"})),
        ("okta", Reply({"errorCode": "E0000047"}, 429, {"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "LATER"})),
    ],
)
def test_throttling_in_each_services_own_words_is_waited_out(
    name: str, answer: Reply, make_ws: Make, service: Service, tmp_path: Path, time: Time
) -> None:
    case = CASES[name]
    case.serve(service, records(case, DAYS_AGO))
    later = str(int(NOW.timestamp()) + 3)
    answer.headers = {key: value.replace("LATER", later) for key, value in answer.headers.items()}
    service.inject(case.page, answer)
    report = ingest(source(case, make_ws, service, tmp_path), "cloud")
    assert ([problem.what for problem in report.problems], report.rows) == ([], 4)
    assert [wait for wait in time.waits if wait >= 1] == [3 if answer.headers else 1]


@pytest.mark.parametrize("name", ["entra", "okta", "cloudtrail"])
def test_records_that_a_service_repeats_land_once(
    name: str, make_ws: Make, service: Service, tmp_path: Path, rows: Rows
) -> None:
    """On the same page, on the next, and on the next night."""
    case = CASES[name]
    once = records(case, DAYS_AGO)
    case.serve(service, [once[0], once[0], once[1], once[2], once[1], once[3], once[0]])
    ws = source(case, make_ws, service, tmp_path)
    ingest(ws, "cloud")
    ingest(ws, "cloud")
    assert len(rows(ws, case.dataset, "event_id")) == 4


@ALL
def test_a_page_fetched_again_after_a_crash_lands_once(
    case: Case, make_ws: Make, service: Service, tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process ends when a page has come and nothing of it is on disk."""

    case.serve(service, records(case, DAYS_AGO))
    ws = source(case, make_ws, service, tmp_path)
    real, calls = pages.StreamLog._spool, []

    def spool(self: Any, *args: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise Killed
        real(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(pages.StreamLog, "_spool", spool)
        with pytest.raises(Killed):
            ingest(ws, "cloud")
    fetched = len(service.paths(case.page))
    assert ingest(ws, "cloud").problems == ()
    assert len(service.paths(case.page)) > fetched  # what was not kept was asked for again
    landed = rows(ws, case.dataset, "strftime(time, '%Y-%m-%dT%H:%M:%SZ')")
    assert [at for (at,) in landed] == sorted(DAYS_AGO)


@pytest.mark.parametrize("name", ["m365", "cloudtrail"])
def test_a_service_that_stays_down_is_told_and_the_next_night_goes_on(
    name: str, make_ws: Make, service: Service, tmp_path: Path
) -> None:
    case = CASES[name]
    case.serve(service, records(case, DAYS_AGO))
    ws = source(case, make_ws, service, tmp_path)
    service.inject(case.page, *[Reply({}, 502)] * 200)
    report = ingest(ws, "cloud")
    assert "answered 502" in report.problems[0].what
    assert report.problems[0].lost_data
    service.errors.clear()
    assert ingest(ws, "cloud").rows + report.rows == 4
