"""One service, asked: waits, tokens, bounds, other hosts, other clocks, secrets, time that runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from breachwatch.collect.api import exchange as exchanging
from breachwatch.errors import SettingsError
from breachwatch.run import ingest
from breachwatch.workspace import Workspace
from tests.unit.collect.api import vendors
from tests.unit.collect.api.conftest import Time
from tests.unit.collect.api.server import NOW, Reply, Service, running
from tests.unit.collect.api.test_vendors import CASES, DAYS_AGO, records, source

Make = Callable[..., Workspace]
OKTA, ENTRA = CASES["okta"], CASES["entra"]


@pytest.fixture
def okta(make_ws: Make, service: Service, tmp_path: Path) -> Workspace:
    vendors.okta(service, records(OKTA, DAYS_AGO))
    return source(OKTA, make_ws, service, tmp_path)


def said(report: Any) -> str:
    return " ".join(problem.what for problem in report.problems)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 1.0),
        ({"Retry-After": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90.0),
        ({"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": str(int(NOW.timestamp()) + 40)}, 40.0),
        ({"Retry-After": "soon"}, 1.0),
    ],
)
def test_it_waits_as_long_as_the_service_asks(
    headers: dict[str, str], seconds: float, okta: Workspace, service: Service, time: Time
) -> None:
    service.inject("/api/v1/logs", Reply({}, 429, headers))
    assert ingest(okta, "cloud").rows == 4
    assert time.waits == [seconds]


def test_waits_grow_and_end(okta: Workspace, service: Service, time: Time) -> None:
    service.inject("/api/v1/logs", *[Reply({}, 500)] * 10)
    report = ingest(okta, "cloud")
    assert time.waits == [1, 2, 4, 8, 16, 32]
    assert "answered 500" in said(report)
    assert report.problems[0].lost_data
    service.errors.clear()
    assert ingest(okta, "cloud").rows == 4


def test_a_wait_longer_than_the_run_ends_it_and_the_next_goes_on(okta: Workspace, service: Service) -> None:
    pages = []
    route = service.routes["/api/v1/logs"]

    def throttled_after_one(request: Any) -> Reply:
        pages.append(request)
        return route(request) if len(pages) == 1 else Reply({}, 429, {"Retry-After": "86000"})

    service.routes["/api/v1/logs"] = throttled_after_one
    report = ingest(okta, "cloud")
    assert report.rows == 2
    assert "the next run goes on from there" in said(report)
    assert not report.problems[0].lost_data
    service.routes["/api/v1/logs"] = route
    service.asked.clear()
    assert ingest(okta, "cloud").rows == 2
    assert [request.query.get("after") for request in service.asked] == ["2", "4"]  # nothing is fetched again


def test_a_token_that_expires_in_mid_run_is_renewed_once(make_ws: Make, service: Service, tmp_path: Path) -> None:
    ENTRA.serve(service, records(ENTRA, DAYS_AGO))
    ws = source(ENTRA, make_ws, service, tmp_path)
    service.inject(
        "/v1.0/auditLogs", Reply({"value": []}), Reply({"error": {"code": "InvalidAuthenticationToken"}}, 401)
    )
    assert said(ingest(ws, "cloud")) == ""
    assert service.token == 2
    service.inject("/v1.0/auditLogs", *[Reply({"error": {"code": "Forbidden", "message": "no"}}, 401)] * 2)
    report = ingest(ws, "cloud")
    assert "AuditLog.Read.All" in said(report)
    assert service.errors == []


@pytest.mark.parametrize("case", [OKTA, ENTRA], ids=["okta", "entra"])
def test_a_token_is_never_sent_elsewhere(
    case: Any, make_ws: Make, service: Service, tmp_path: Path, time: Time
) -> None:
    case.serve(service, records(case, DAYS_AGO))
    ws = source(case, make_ws, service, tmp_path)
    with running() as other:
        target = f"{other.url}{case.page}"
        service.inject(case.page, Reply(None, 302, {"Location": target}))
        assert "redirects" in said(ingest(ws, "cloud"))
        event = case.record(9, DAYS_AGO[0])
        away = Reply([event], headers={"Link": f'<{target}>; rel="next"'})
        if case is ENTRA:
            away = Reply({"value": [event], "@odata.nextLink": target})
        service.inject(case.page, away)
        assert "elsewhere" in said(ingest(ws, "cloud"))
        assert other.asked == []


def test_an_answer_is_bounded(okta: Workspace, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanging, "LONGEST_BODY", 1000)
    service.inject("/api/v1/logs", Reply(raw=b"[" + b" " * 2000 + b"]"))
    assert "more than 1000 bytes" in said(ingest(okta, "cloud"))


@pytest.mark.parametrize("raw", [b"[" * 200_000, b"\xff\xfe[]", b"", b"<html>", b'{"value": 3}'])
def test_a_strange_answer_is_told_and_not_kept(raw: bytes, okta: Workspace, service: Service) -> None:
    service.inject("/api/v1/logs", *[Reply(raw=raw)] * exchanging.ATTEMPTS)
    report = ingest(okta, "cloud")
    assert (report.rows, report.bytes, report.problems[0].lost_data) == (0, 0, True)


@pytest.mark.parametrize("hours", [-5, 5])
def test_another_clock_loses_nothing(hours: int, make_ws: Make, service: Service, tmp_path: Path) -> None:
    ENTRA.serve(service, records(ENTRA, DAYS_AGO))
    ws = source(ENTRA, make_ws, service, tmp_path, now=NOW + timedelta(hours=hours))
    report = ingest(ws, "cloud")
    assert f"18000 s {'behind' if hours < 0 else 'ahead of'}" in said(report)
    assert report.rows == 4


def test_a_forgotten_page_token_asks_for_the_span_anew(make_ws: Make, service: Service, tmp_path: Path) -> None:
    ENTRA.serve(service, records(ENTRA, ["2026-11-21T23:30:00Z", "2026-11-21T23:31:00Z", "2026-11-21T23:32:00Z"]))
    ws = source(ENTRA, make_ws, service, tmp_path)
    listing, linked = service.routes["/v1.0/auditLogs/signIns"], []

    def forgetful(request: Any) -> Reply:
        if "$skiptoken" in request.query and not linked:
            linked.append(request)
            return Reply({"error": {"code": "BadRequest", "message": "Skip token is null."}}, 400)
        return listing(request)

    service.routes["/v1.0/auditLogs/signIns"] = forgetful
    report = ingest(ws, "cloud")
    assert (report.rows, said(report)) == (3, "")
    assert linked


def test_secrets_show_nowhere(
    okta: Workspace, service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    service.inject("/api/v1/logs", Reply({"errorCode": "E1", "errorSummary": "what is sesame\x1b[31m?"}, 400))
    report = ingest(okta, "cloud")
    assert "[secret]" not in said(report)  # an answer that repeats a secret is not read at all
    assert "repeats our secret" in said(report)
    service.inject("/api/v1/logs", Reply([{"uuid": "sesame"}]))
    assert ingest(okta, "cloud").bytes == 0
    assert "sesame" not in caplog.text + said(report)
    assert not [path for path in okta.root.rglob("*") if path.is_file() and b"sesame" in path.read_bytes()]


def test_a_secret_comes_from_the_environment(make_ws: Make, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    vendors.okta(service, records(OKTA, DAYS_AGO))
    toml = f'[[sources]]\nname = "okta-city"\nkind = "okta"\n[sources.okta]\nurl = "{service.url}"\n'
    with pytest.raises(SettingsError, match="BREACHWATCH_SECRET_OKTA_CITY_TOKEN"):
        ingest(make_ws(toml), "okta-city")
    monkeypatch.setenv("BREACHWATCH_SECRET_OKTA_CITY_TOKEN", "sesame")
    assert ingest(make_ws(toml), "okta-city").rows == 4


def test_the_proxy_of_the_environment_is_used(
    okta: Workspace, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        proxy.routes["proxy:"] = lambda request: Reply([])
        assert said(ingest(okta, "cloud")) == ""
        assert proxy.paths() == [f"proxy:{service.url.removeprefix('http://')}/api/v1/logs"]
    assert service.asked == []


def test_content_that_expired_is_told_as_lost(make_ws: Make, service: Service, tmp_path: Path) -> None:
    case = CASES["m365"]
    case.serve(service, records(case, DAYS_AGO))
    service.inject(case.page, Reply({"error": {"code": "AF20051", "message": "Content has already expired."}}, 400))
    report = ingest(source(case, make_ws, service, tmp_path), "cloud")
    assert "is gone" in said(report)
    assert report.problems[0].lost_data
    assert report.rows == 4  # the other piece holds them all
