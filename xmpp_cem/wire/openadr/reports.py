"""EiReport: readings as TELEMETRY_USAGE, and what is answered about them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from xmpp_cem.messages.envelope import Header, RequestMessage, ResponseMessage, Verb
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.reading import READINGS, Quality, Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, build, leaves
from xmpp_cem.wire.openadr.names import EI, OADR, PYLD, STRM
from xmpp_cem.wire.openadr.periods import append_duration, append_start, read_period
from xmpp_cem.wire.openadr.reportrequests import (
    HISTORY,
    USAGE,
    append_cancel,
    append_ended,
    append_request,
    ends_a_report,
)
from xmpp_cem.wire.openadr.responses import append_response
from xmpp_cem.wire.openadr.scalars import FLOAT, INSTANT, whole
from xmpp_cem.wire.openadr.sources import same_sender
from xmpp_cem.wire.profile import Told
from xmpp_cem.wire.scalars import TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child, children, required

UNASKED = "0"
"""reportRequestID of a report that nobody asked for."""

QUALITIES = {
    Quality.VALID: "Quality Good - Non Specific",
    Quality.ESTIMATED: "Quality Uncertain - Non Specific",
    Quality.QUESTIONABLE: "Quality Bad - Non Specific",
}

_GRAVITY = (Quality.VALID, Quality.ESTIMATED, Quality.QUESTIONABLE)
_WORDS = {
    "Quality Good": Quality.VALID,
    "Quality Limit": Quality.ESTIMATED,
    "Quality Uncertain": Quality.ESTIMATED,
    "No New Value": Quality.ESTIMATED,
    "Quality Bad": Quality.QUESTIONABLE,
    "No Quality": Quality.QUESTIONABLE,
}
_POINT: Fields = {"id": ("rID", TOKEN)}
_QUALITY: Fields = {"quality": ("oadrDataQuality", TOKEN)}
_NAME: Fields = {"name": ("reportName", TOKEN)}


def append_readings(payload: Draft, message: Told) -> None:
    """Write the report, the request for one, or a plain answer."""
    body = message.body
    if isinstance(body, MeterReadings):
        _append_update(append(payload, OADR, "oadrUpdateReport"), message.header, body)
    elif isinstance(message, RequestMessage) and message.header.verb is Verb.CANCEL:
        append_cancel(payload, message)
    elif isinstance(message, RequestMessage):
        append_request(payload, message, USAGE)
    elif isinstance(message, ResponseMessage) and ends_a_report(message):
        append_ended(payload, message)
    else:
        append_response(append(payload, OADR, "oadrUpdatedReport"), message)


def read_readings(payload: Element, header: Header) -> MeterReadings | None:
    """Return the readings of every report of usage, None without an oadrUpdateReport.

    Raises:
        RemoteProtocolError: 2.10 for a report or a data point that is not known here, 2.29 for a
            reply that would end a report, else as `build`.
    """
    thanks = child(payload, OADR, "oadrUpdatedReport")
    if thanks is not None and child(thanks, OADR, "oadrCancelReport") is not None:
        raise refusal(Code.RELATION, "oadrUpdatedReport: ask for the end of a report by itself")
    told = child(payload, OADR, "oadrUpdateReport")
    if told is None:
        return None
    same_sender(told, "venID", header)
    readings: list[dict[str, Any]] = []
    for report in children(told, OADR, "oadrReport"):
        name = str(leaves(report, EI, _NAME).get("name", USAGE))
        if name not in {USAGE, HISTORY}:
            reason = f"report {quoted(name)} is not read, only {USAGE} and {HISTORY}"
            raise refusal(Code.READING_TYPE, reason)
        intervals = child(report, STRM, "intervals")
        for interval in [] if intervals is None else children(intervals, EI, "interval"):
            _take(readings, interval)
    built = tuple(build(Reading, "oadrReport", values) for values in readings)
    return build(MeterReadings, "oadrUpdateReport", {"readings": built})


def point(resource: str, field: str) -> str:
    """Return the rID of a resource's data point."""
    return f"{resource}/{field}"


def points(interval: Element) -> Iterator[tuple[str, str, Element]]:
    """Yield resource, field and element of every data point in an interval."""
    for part in children(interval, OADR, "oadrReportPayload"):
        resource, _, field = str(leaves(part, EI, _POINT).get("id", "")).rpartition("/")
        yield resource, field, part


def value_of(part: Element) -> int:
    """Return the number of a data point, rounded to a whole one.

    Raises:
        RemoteProtocolError: 1.7 when it has none.
    """
    value = leaves(required(part, EI, "payloadFloat"), EI, {"value": ("value", FLOAT)})
    if not isinstance(value.get("value"), Decimal):
        raise refusal(Code.PAYLOAD_INCOMPLETE, "value is missing in payloadFloat")
    return whole(Decimal(str(value["value"])))


def append_number(interval: Draft, resource: str, field: str, value: int) -> Draft:
    """Write a data point."""
    part = append(interval, OADR, "oadrReportPayload")
    append(part, EI, "rID", point(resource, field))
    append(append(part, EI, "payloadFloat"), EI, "value", str(value))
    return part


def _append_update(element: Draft, header: Header, body: MeterReadings) -> None:
    append(element, PYLD, "requestID", header.message_id)
    report = append(element, OADR, "oadrReport")
    if body.readings:
        intervals = append(report, STRM, "intervals")
        for reading in body.readings:
            _append_reading(intervals, reading)
    append(report, EI, "eiReportID", header.message_id)
    append(report, EI, "reportRequestID", header.correlation_id or UNASKED)
    append(report, EI, "reportSpecifierID", USAGE)
    append(report, EI, "reportName", USAGE)
    append(report, EI, "createdDateTime", INSTANT.write(header.timestamp))
    append(element, EI, "venID", header.source)


def _append_reading(intervals: Draft, reading: Reading) -> None:
    """Write an interval for each data point: parties of other makes read only one in each."""
    for field in READINGS:
        value = getattr(reading, field)
        if value is not None:
            interval = append(intervals, EI, "interval")
            append_start(interval, reading.window.start)
            append_duration(interval, reading.window.duration)
            part = append_number(interval, reading.resource, field, value)
            append(part, OADR, "oadrDataQuality", QUALITIES[reading.quality])


def _take(readings: list[dict[str, Any]], interval: Element) -> None:
    """Add an interval's points; one of the same resource and window goes on with its reading."""
    window = read_period(interval, "interval")
    for resource, field, part in points(interval):
        if field not in READINGS:
            named = f"{resource}/{field}" if resource else field
            raise refusal(Code.READING_TYPE, f"rID {quoted(named)} is not known, as pv/power_w is")
        last = readings[-1] if readings else {}
        if not _goes_on(last, resource, window) or field in last:
            last = {"resource": resource, "window": window, "quality": Quality.VALID}
            readings.append(last)
        last[field] = value_of(part)
        last["quality"] = max(last["quality"], _quality(part), key=_GRAVITY.index)


def _goes_on(last: Mapping[str, Any], resource: str, window: Interval) -> bool:
    return (last.get("resource"), last.get("window")) == (resource, window)


def _quality(part: Element) -> Quality:
    stated = str(leaves(part, OADR, _QUALITY).get("quality", QUALITIES[Quality.VALID]))
    words = stated.partition(" - ")[0]
    if words not in _WORDS:
        raise refusal(Code.RELATION, f"oadrDataQuality {quoted(stated)} is not known")
    return _WORDS[words]
