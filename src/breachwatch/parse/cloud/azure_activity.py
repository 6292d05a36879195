"""The Azure activity log: what was done to resources through Azure Resource Manager.

Layouts: diagnostic settings and Event Hubs (`operationName`, `resultType`, ...), the REST API and its Python client
(`operationName.value`, `operation_name.value`), and the Log Analytics table AzureActivity (`OperationNameValue`).
"""

from __future__ import annotations

from typing import Any, Final

from breachwatch.model import actions
from breachwatch.parse.cloud.layout import Record, at, by_whom, decoded, first_text, put_address, spread, text_of
from breachwatch.parse.windows_event import parse_time

_RENAMED: Final = {
    "resulttype": "ActivityStatusValue",
    "resultsignature": "ActivitySubstatusValue",
    "activitystatus": "ActivityStatusValue",
    "activitysubstatus": "ActivitySubstatusValue",
    "category": "CategoryValue",
    "resourcegroupname": "ResourceGroup",
    "_resourceid": "ResourceId",
    "resourceprovider": "ResourceProviderValue",
    "httprequest": "HTTPRequest",
}
_TIMES: Final = ("eventtimestamp", "time", "timegenerated", "submissiontimestamp")
_DONE: Final = frozenset({"success", "succeeded", "accept", "accepted", "0"})
_REFUSED: Final = frozenset({"failure", "failed", "fail", "canceled", "cancelled"})
_UPN: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"
_NAME: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"


def read_azure_activity(record: Record) -> tuple[str, Record, Record]:
    """One operation as (dataset, values, extra)."""
    record = {name.replace("_", "").lower() if "_" in name else name: value for name, value in record.items()}
    found = {name.lower(): value for name, value in record.items()}
    time_text = first_text(*(found.get(name) for name in _TIMES))
    record = {name: value for name, value in record.items() if name.lower() != "time"}
    localised = _plain_values(record)
    identity = decoded(found.get("identity"))
    values, extra = spread("azure.activity", record, _RENAMED)
    operation = first_text(values.get("OperationNameValue"), values.get("OperationName"))
    values["OperationNameValue"] = operation
    values["OperationName"] = localised.get("operationname") or values.get("OperationName")
    values["ActivityStatusValue"] = first_text(values.get("ActivityStatusValue"), text_of(extra.pop("status", None)))
    values["ActivitySubstatusValue"] = first_text(
        values.get("ActivitySubstatusValue"), text_of(extra.pop("substatus", None))
    )
    values["ResourceProviderValue"] = first_text(
        values.get("ResourceProviderValue"), text_of(extra.pop("resourceprovidername", None)), _provider(operation)
    )
    claims = decoded(values.get("Claims")) or at(identity, "claims")
    if values.get("Claims") is None:
        values["Claims"] = text_of(at(identity, "claims"))
    if values.get("Authorization") is None:
        values["Authorization"] = text_of(at(identity, "authorization"))
    values["time"], values["time_text"] = parse_time(time_text), time_text
    values["user"] = first_text(values.get("Caller"), at(claims, _UPN), at(claims, _NAME), at(claims, "appid"))
    address = first_text(
        values.get("CallerIpAddress"),
        *(at(decoded(values.get("HTTPRequest")), name) for name in ("clientIpAddress", "client_ip_address")),
    )
    values["CallerIpAddress"] = address
    put_address(values, address)
    values["program"] = values["ResourceProviderValue"]
    status = (values["ActivityStatusValue"] or "").lower()
    values["outcome"] = (
        actions.SUCCESS if status in _DONE else actions.FAILURE if status in _REFUSED else actions.UNKNOWN
    )
    values["message"] = f"{operation}{by_whom(values)} on {values.get('ResourceId')}: {status or 'no status'}"
    return "azure.activity", values, extra


def _plain_values(record: Record) -> dict[str, str]:
    """Turn `{"value": ..., "localizedValue": ...}` into the value, in place; gives the words for people by name."""
    words = {}
    for name, value in record.items():
        if isinstance(value, dict) and "value" in value and len(value) <= 2:
            word = first_text(value.get("localizedValue"), value.get("localized_value"))
            if word:
                words[name.lower()] = word
            record[name] = value["value"]
    return words


def _provider(operation: Any) -> str | None:
    return operation.split("/", 1)[0] if isinstance(operation, str) and "/" in operation else None
