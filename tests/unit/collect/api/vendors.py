"""Records and routes of the five services, as their documentation describes them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from tests.unit.collect.api.server import Reply, Request, Service

Record = dict[str, Any]
TENANT = "11111111-2222-3333-4444-555555555555"


def signin(number: int, at: str) -> Record:
    return {
        "id": f"signin-{number}",
        "createdDateTime": at,
        "userPrincipalName": f"clerk{number}@city.example",
        "appDisplayName": "Office 365",
        "ipAddress": "203.0.113.7",
        "status": {"errorCode": 0},
        "isInteractive": True,
    }


def change(number: int, at: str) -> Record:
    return {
        "id": f"audit-{number}",
        "activityDateTime": at,
        "activityDisplayName": "Add user",
        "loggedByService": "Core Directory",
        "result": "success",
        "initiatedBy": {"user": {"userPrincipalName": "admin@city.example"}},
        "targetResources": [],
    }


def okta_event(number: int, at: str) -> Record:
    return {
        "uuid": f"okta-{number}",
        "published": at,
        "eventType": "user.session.start",
        "displayMessage": "User login to Okta",
        "actor": {"alternateId": f"clerk{number}@city.example"},
        "outcome": {"result": "SUCCESS"},
        "client": {"ipAddress": "203.0.113.7"},
    }


def m365_record(number: int, at: str) -> Record:
    return {
        "Id": f"m365-{number}",
        "CreationTime": at.removesuffix("Z"),
        "Operation": "FileDownloaded",
        "RecordType": 6,
        "UserType": 0,
        "UserId": f"clerk{number}@city.example",
        "Workload": "SharePoint",
    }


def activity(number: int, at: str) -> Record:
    return {
        "kind": "admin#reports#activity",
        "id": {"time": at, "uniqueQualifier": str(-number), "applicationName": "login", "customerId": "C03az79cb"},
        "actor": {"email": f"clerk{number}@city.example"},
        "ipAddress": "203.0.113.7",
        "events": [{"type": "login", "name": "login_success"}],
    }


def trail_event(number: int, at: str) -> Record:
    event = {
        "eventVersion": "1.08",
        "eventID": f"trail-{number}",
        "eventTime": at,
        "eventName": "ConsoleLogin",
        "eventSource": "signin.amazonaws.com",
        "awsRegion": "us-east-1",
        "userIdentity": {"type": "IAMUser", "userName": f"clerk{number}"},
    }
    return {"EventId": f"trail-{number}", "EventName": "ConsoleLogin", "CloudTrailEvent": json.dumps(event)}


def graph(service: Service, records: dict[str, list[Record]], page: int = 2) -> None:
    """Microsoft Graph with the token endpoint: newest first, `page` records a page, a link to the next."""
    service.routes[f"/{TENANT}/oauth2/v2.0/token"] = service.give_token

    def listing(request: Request) -> Reply:
        name = request.path.rpartition("/")[2]
        asked = request.query["$filter"]
        field, start, end = re.findall(r"(\w+) ge (\S+) and \w+ le (\S+)", asked)[0]
        found = [r for r in records[name] if start <= r[field] <= end]
        found.sort(key=lambda r: str(r[field]), reverse=True)
        skip = int(request.query.get("$skiptoken", 0))
        document: Record = {"@odata.context": "x", "value": found[skip : skip + page]}
        if skip + page < len(found):
            filtered = asked.replace(" ", "%20")
            link = f"{service.url}{request.path}?$filter={filtered}&$skiptoken={skip + page}"
            document = {"@odata.context": "x", "@odata.nextLink": link, "value": document["value"]}
        return Reply(document)

    for name in records:
        service.routes[f"/v1.0/auditLogs/{name}"] = service.guarded(listing)


def okta(service: Service, events: list[Record], page: int = 2) -> None:
    """The System Log as a polling request meets it: in order of storing, always with a next link."""

    def listing(request: Request) -> Reply:
        if request.headers.get("authorization") != "SSWS sesame":
            return Reply({"errorCode": "E0000011", "errorSummary": "Invalid token provided"}, 401)
        after = int(request.query.get("after", 0))
        found = events[after : after + page]
        link = f"{service.url}/api/v1/logs?limit=1000&sortOrder=ASCENDING&after={after + len(found)}"
        links = f'<{service.url}/api/v1/logs>; rel="self", <{link}>; rel="next"'
        return Reply(found, headers={"Link": links})

    service.routes["/api/v1/logs"] = listing


def management(service: Service, blobs: dict[str, tuple[str, list[Record]]], page: int = 2) -> None:
    """The Management Activity API: blobs by name, each with the time it became available."""
    root = f"/api/v1.0/{TENANT}/activity/feed"
    service.routes[f"/{TENANT}/oauth2/v2.0/token"] = service.give_token
    subscribed: list[str] = []

    def start(request: Request) -> Reply:
        if request.query["contentType"] in subscribed:
            return Reply({"error": {"code": "AF20024", "message": "The subscription is already enabled."}}, 400)
        subscribed.append(request.query["contentType"])
        return Reply({"contentType": request.query["contentType"], "status": "enabled", "webhook": None})

    def listed(request: Request) -> Reply:
        return Reply([{"contentType": name, "status": "enabled"} for name in subscribed])

    def content(request: Request) -> Reply:
        start, end = request.query["startTime"], request.query["endTime"]
        first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))
        assert request.query["PublisherIdentifier"] == TENANT
        if (last - first).total_seconds() > 86400 or (service.now - first).days >= 7:
            return Reply({"error": {"code": "AF20030", "message": "Start time and end time must both be ..."}}, 400)
        found = [name for name, (created, _) in blobs.items() if start <= created.removesuffix("Z") < end]
        skip = int(request.query.get("nextPage", 0))
        document = [
            {"contentId": name, "contentUri": f"{service.url}{root}/audit/{name}", "contentCreated": blobs[name][0]}
            for name in found[skip : skip + page]
        ]
        more = {}
        if skip + page < len(found):
            query = "&".join(f"{k}={v}" for k, v in {**request.query, "nextPage": skip + page}.items())
            more = {"NextPageUri": f"{service.url}{root}/subscriptions/content?{query}"}
        return Reply(document, headers=more)

    def blob(request: Request) -> Reply:
        return Reply(blobs[request.path.rpartition("/")[2]][1])

    service.routes[f"{root}/subscriptions/start"] = service.guarded(start)
    service.routes[f"{root}/subscriptions/list"] = service.guarded(listed)
    service.routes[f"{root}/subscriptions/content"] = service.guarded(content)
    service.routes[f"{root}/audit/"] = service.guarded(blob)


def reports(service: Service, activities: list[Record], page: int = 2) -> None:
    """Google's Reports API and its token endpoint, which takes a signed assertion."""

    def token(request: Request) -> Reply:
        form = parse_qs(request.body.decode())
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        assert form["assertion"][0].count(".") == 2
        return service.give_token(request)

    def listing(request: Request) -> Reply:
        start, end = request.query["startTime"], request.query["endTime"]
        found = [a for a in activities if start <= a["id"]["time"] <= end]
        found.sort(key=lambda a: str(a["id"]["time"]), reverse=True)
        skip = int(request.query.get("pageToken", 0))
        document: Record = {"kind": "admin#reports#activities", "etag": "x"}
        if found:
            document["items"] = found[skip : skip + page]
        if skip + page < len(found):
            document["nextPageToken"] = str(skip + page)
        return Reply(document)

    service.routes["/token"] = token
    service.routes["/admin/reports/v1/activity/users/all/applications/login"] = service.guarded(listing)


def trail(service: Service, events: list[Record], page: int = 2) -> None:
    """CloudTrail's LookupEvents."""

    def lookup(request: Request) -> Reply:
        assert request.headers["x-amz-target"].endswith("LookupEvents")
        assert "Signature=" in request.headers["authorization"]
        asked = json.loads(request.body)
        found = [e for e in events if asked["StartTime"] <= _epoch(e) <= asked["EndTime"]]
        found.sort(key=_epoch, reverse=True)
        skip = int(asked.get("NextToken", 0))
        document: Record = {"Events": found[skip : skip + page]}
        if skip + page < len(found):
            document["NextToken"] = str(skip + page)
        return Reply(document)

    service.routes["/"] = lookup


def _epoch(event: Record) -> float:
    return datetime.fromisoformat(json.loads(event["CloudTrailEvent"])["eventTime"]).timestamp()
