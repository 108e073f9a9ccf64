"""oadrRegisterReport: a capability as metadata of data points, with their present values."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Header
from xmpp_cem.model.flexibility import Forecast
from xmpp_cem.model.resource import Capability, Resource, ResourceState
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, build, leaves, text_of
from xmpp_cem.wire.openadr.names import EI, OADR, POWER, PYLD, STRM
from xmpp_cem.wire.openadr.periods import (
    append_duration,
    append_start,
    read_period,
)
from xmpp_cem.wire.openadr.reports import UNASKED, append_number, point, points, value_of
from xmpp_cem.wire.openadr.scalars import INSTANT
from xmpp_cem.wire.openadr.units import append_watt_hours, append_watts
from xmpp_cem.wire.scalars import BOOLEAN, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child, children, required

POINTS = {
    "power_w": ("demand", "Direct Read", append_watts),
    "increase_w": ("downRegulationCapacityAvailable", "Derived", append_watts),
    "decrease_w": ("upRegulationCapacityAvailable", "Derived", append_watts),
    "stored_wh": ("storedEnergy", "Direct Read", append_watt_hours),
    "needed_wh": ("availableEnergyStorage", "Direct Read", append_watt_hours),
    "committed_w": ("deltaDemand", "Contract", append_watts),
}
"""A resource's numbers to reportType, readingType and unit. Regulation is seen from the grid, as
markets do: a customer who takes less regulates up."""

FORECASTS = {
    "forecast_power_w": ("power_w", "demand"),
    "forecast_increase_w": ("increase_w", "downRegulationCapacityAvailable"),
    "forecast_decrease_w": ("decrease_w", "upRegulationCapacityAvailable"),
}
"""Data points of a forecast to its numbers and reportType; their readingType is Projected."""

STATE = "state"
METADATA = "METADATA_TELEMETRY_STATUS"

_STATES = {
    ResourceState.AVAILABLE: ("true", "false"),
    ResourceState.LIMITED: ("true", "false"),
    ResourceState.OPTED_OUT: ("true", "true"),
    ResourceState.OUT_OF_SERVICE: ("false", "false"),
}
"""State to oadrOnline and oadrManualOverride, which have no third value for a limited resource."""

_REPORT: Fields = {
    "name": ("reportName", TOKEN),
    "specifier": ("reportSpecifierID", TOKEN),
    "at": ("createdDateTime", INSTANT),
}
_STATUS: Fields = {
    "is_online": ("oadrOnline", BOOLEAN),
    "is_overridden": ("oadrManualOverride", BOOLEAN),
}
_POINT: Fields = {"id": ("rID", TOKEN)}
_NAMED: Fields = {"id": ("resourceID or rID", TOKEN)}
_SPECIFIER = re.compile(r"capability-(\d{1,16})")


def append_capability(payload: Draft, header: Header, body: EndDeviceConfig) -> None:
    """Write a party's capability."""
    capability = body.capability
    element = append(payload, OADR, "oadrRegisterReport")
    append(element, PYLD, "requestID", header.message_id)
    report = append(element, OADR, "oadrReport")
    if capability is not None:
        if capability.resources:
            intervals = append(report, STRM, "intervals")
            _append_values(intervals, capability)
            for resource in capability.resources:
                _append_forecast(intervals, resource)
        for resource in capability.resources:
            _append_descriptions(report, resource)
        append(report, EI, "reportRequestID", UNASKED)
        append(report, EI, "reportSpecifierID", f"capability-{capability.revision}")
        append(report, EI, "reportName", METADATA)
        append(report, EI, "createdDateTime", INSTANT.write(capability.at))
    append(element, EI, "venID", body.party)


def read_capability(element: Element) -> Capability:
    """Return the capability; one of another make has the seconds of its time as its revision.

    Raises:
        RemoteProtocolError: 1.7 without a report, 2.10 for a report of something else, else as
            `build`.
    """
    reports = children(element, OADR, "oadrReport")
    if not reports:
        raise refusal(Code.PAYLOAD_INCOMPLETE, "oadrReport is missing in oadrRegisterReport")
    resources: dict[str, dict[str, Any]] = {}
    for report in reports:
        _read_descriptions(report, resources)
        intervals = child(report, STRM, "intervals")
        for interval in [] if intervals is None else children(intervals, EI, "interval"):
            _read_values(interval, resources)
    stated = leaves(reports[-1], EI, _REPORT)
    values = {
        **{field: stated[field] for field in ("at",) if field in stated},
        "revision": _revision(stated),
        "resources": tuple(
            build(Resource, "oadrReport", one, _NAMED) for one in resources.values()
        ),
    }
    return build(Capability, "oadrRegisterReport", values, _REPORT)


def _append_values(intervals: Draft, capability: Capability) -> None:
    interval = append(intervals, EI, "interval")
    append_start(interval, capability.at)
    for resource in capability.resources:
        for field, value in _numbers(resource):
            append_number(interval, resource.id, field, value)
        part = append(interval, OADR, "oadrReportPayload")
        append(part, EI, "rID", point(resource.id, STATE))
        status = append(part, OADR, "oadrPayloadResourceStatus")
        online, overridden = _STATES[resource.state]
        append(status, OADR, "oadrOnline", online)
        append(status, OADR, "oadrManualOverride", overridden)


def _numbers(resource: Resource) -> Iterator[tuple[str, int]]:
    """Yield the data points that a resource has; where nothing is committed, nothing is said."""
    for field in POINTS:
        value = getattr(resource, field)
        if value is not None and (value or field != "committed_w"):
            yield field, value


def _append_forecast(intervals: Draft, resource: Resource) -> None:
    for told in resource.forecast:
        interval = append(intervals, EI, "interval")
        append_start(interval, told.window.start)
        append_duration(interval, told.window.duration)
        for name, (field, _) in FORECASTS.items():
            append_number(interval, resource.id, name, getattr(told, field))


def _append_descriptions(report: Draft, resource: Resource) -> None:
    points_told = [(field, *POINTS[field]) for field, _ in _numbers(resource)]
    if resource.forecast:
        points_told += [(n, kind, "Projected", append_watts) for n, (_, kind) in FORECASTS.items()]
    for field, kind, reading, append_unit in points_told:
        element = _append_source(report, resource, field)
        append(element, EI, "reportType", kind)
        append_unit(element)
        append(element, EI, "readingType", reading)
    element = _append_source(report, resource, STATE)
    append(element, EI, "reportType", "x-resourceStatus")
    append(element, EI, "readingType", "x-notApplicable")


def _append_source(report: Draft, resource: Resource, field: str) -> Draft:
    element = append(report, OADR, "oadrReportDescription")
    append(element, EI, "rID", point(resource.id, field))
    if resource.kind:
        subject = append(append(element, EI, "reportSubject"), POWER, "endDeviceAsset")
        append(subject, POWER, "mrid", resource.kind)
    append(append(element, EI, "reportDataSource"), EI, "resourceID", resource.id)
    return element


def _read_descriptions(report: Element, resources: dict[str, dict[str, Any]]) -> None:
    name = str(leaves(report, EI, _REPORT).get("name", METADATA))
    if not name.startswith("METADATA_"):
        raise refusal(Code.READING_TYPE, f"report {quoted(name)} is no metadata")
    for element in children(report, OADR, "oadrReportDescription"):
        stated = str(leaves(element, EI, _POINT).get("id", ""))
        source = child(element, EI, "reportDataSource")
        named = None if source is None else child(source, EI, "resourceID")
        resource = stated.rpartition("/")[0] if named is None else text_of(named).strip()
        subject = child(element, EI, "reportSubject")
        asset = None if subject is None else child(subject, POWER, "endDeviceAsset")
        kind = "" if asset is None else text_of(required(asset, POWER, "mrid"))
        resources.setdefault(resource or stated, {"id": resource or stated, "kind": kind})


def _read_values(interval: Element, resources: dict[str, dict[str, Any]]) -> None:
    told: dict[str, dict[str, Any]] = {}
    for resource, field, part in points(interval):
        if resource not in resources or field not in {STATE, *POINTS, *FORECASTS}:
            named = f"{resource}/{field}" if resource else field
            raise refusal(Code.READING_TYPE, f"rID {quoted(named)} is not known")
        if field == STATE:
            resources[resource][STATE] = _state(required(part, OADR, "oadrPayloadResourceStatus"))
        elif field in FORECASTS:
            told.setdefault(resource, {})[FORECASTS[field][0]] = value_of(part)
        else:
            resources[resource][field] = value_of(part)

    for resource, numbers in told.items():
        each = {"window": read_period(interval, "interval"), **numbers}
        known = resources[resource].get("forecast", ())
        resources[resource]["forecast"] = (*known, build(Forecast, "interval", each))


def _state(element: Element) -> ResourceState:
    status = leaves(element, OADR, _STATUS)
    if not status.get("is_online", False):
        return ResourceState.OUT_OF_SERVICE
    is_overridden = status.get("is_overridden", False)
    return ResourceState.OPTED_OUT if is_overridden else ResourceState.AVAILABLE


def _revision(stated: dict[str, object]) -> int:
    found = _SPECIFIER.fullmatch(str(stated.get("specifier", "")))
    if found:
        return int(found[1])
    at = stated.get("at")
    return max(0, int(at.timestamp())) if isinstance(at, datetime) else 0
