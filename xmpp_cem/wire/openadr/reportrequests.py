"""What EiReport asks for: readings, of the past too, a capability as metadata, and an end of it."""

from collections.abc import Iterable
from datetime import timedelta

from xmpp_cem.messages.envelope import Header, RequestMessage, ResponseMessage
from xmpp_cem.messages.naming import ENDED
from xmpp_cem.messages.readings import GetMeterReadings
from xmpp_cem.model.reading import READINGS
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, build, leaves, text_of
from xmpp_cem.wire.openadr.names import EI, METADATA, OADR, PYLD, XCAL
from xmpp_cem.wire.openadr.periods import append_duration, append_start, read_period
from xmpp_cem.wire.openadr.responses import append_response
from xmpp_cem.wire.openadr.scalars import DURATION
from xmpp_cem.wire.openadr.sources import same_sender
from xmpp_cem.wire.profile import Told
from xmpp_cem.wire.scalars import BOOLEAN, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child, children, required

USAGE, HISTORY = "TELEMETRY_USAGE", "HISTORY_USAGE"
"""Reports of readings: as they come, and of the past. Both have the same content here."""

EVERYTHING = "all"
"""rID with which every data point is asked for; the Request beside says more."""

TO_FOLLOW = "reportToFollow"
"""Option of a cancel: whether a last report is wanted."""

_SPECIFIER: Fields = {"id": ("reportSpecifierID", TOKEN)}
_POINT: Fields = {"id": ("rID", TOKEN)}
_FOLLOWS: Fields = {"follows": (TO_FOLLOW, BOOLEAN)}


def append_request(payload: Draft, message: RequestMessage, specifier: str) -> None:
    """Write `oadrCreateReport` for one report, now; past readings are HISTORY_USAGE."""
    element = append(payload, OADR, "oadrCreateReport")
    append(element, PYLD, "requestID", message.header.message_id)
    request = append(element, OADR, "oadrReportRequest")
    append(request, EI, "reportRequestID", message.header.message_id)
    part = append(request, EI, "reportSpecifier")
    interval = message.query.interval if message.query else None
    append(part, EI, "reportSpecifierID", HISTORY if interval else specifier)
    # No granularity and no repetition: OpenADR's request for one report, now.
    for name, namespace in (("granularity", XCAL), ("reportBackDuration", EI)):
        once = append(part, namespace, name)
        append(once, XCAL, "duration", DURATION.write(timedelta(0)))
    if interval:
        properties = append(append(part, EI, "reportInterval"), XCAL, "properties")
        append_start(properties, interval.start)
        append_duration(properties, interval.duration)
    for point in _points(message.query):
        wanted = append(part, EI, "specifierPayload")
        append(wanted, EI, "rID", point)
        append(wanted, EI, "readingType", "x-notApplicable")


def append_cancel(payload: Draft, message: RequestMessage) -> None:
    """Write `oadrCancelReport` for the reports that the request names."""
    element = append(payload, OADR, "oadrCancelReport")
    append(element, PYLD, "requestID", message.header.message_id)
    for named in message.names:
        append(element, EI, "reportRequestID", named)
    follows = dict(message.options).get(TO_FOLLOW) in {"true", "1"}
    append(element, PYLD, TO_FOLLOW, "true" if follows else "false")
    append(element, EI, "venID", message.header.source)


def append_ended(payload: Draft, message: ResponseMessage) -> None:
    """Write `oadrCanceledReport`: nothing is pending, since nothing is repeated by request."""
    element = append(payload, OADR, "oadrCanceledReport")
    append_response(element, message)
    append(element, OADR, "oadrPendingReports")
    append(element, EI, "venID", message.header.source)


def ends_a_report(message: Told) -> bool:
    """Whether a message answers the cancel of a report."""
    if not isinstance(message, ResponseMessage) or message.body is not None:
        return False
    return ENDED in {each.type for each in message.ids}


def asks_for_metadata(element: Element) -> bool:
    """Whether an oadrCreateReport asks what can be reported: our capability."""
    specifiers = element.iterfind(f"{{{OADR}}}oadrReportRequest/{{{EI}}}reportSpecifier")
    return [str(leaves(each, EI, _SPECIFIER).get("id", "")) for each in specifiers] == [METADATA]


def read_request(payload: Element, request: dict[str, object]) -> dict[str, object]:
    """Return the fields of a request for readings; a query in the Request beside says it better.

    Raises:
        RemoteProtocolError: 2.10 for a report that repeats, for several, for a data point that is
            not known, or for data points that are not the same for each resource.
    """
    element = required(payload, OADR, "oadrCreateReport")
    wanted = children(element, OADR, "oadrReportRequest")
    if len(wanted) != 1:
        raise refusal(Code.READING_TYPE, "oadrCreateReport: one report at a time is told")
    specifier = required(wanted[0], EI, "reportSpecifier")
    back = leaves(
        required(specifier, EI, "reportBackDuration"), XCAL, {"every": ("duration", DURATION)}
    )
    if back.get("every"):
        reason = "reportBackDuration: readings come by themselves, a request tells them once"
        raise refusal(Code.READING_TYPE, reason)
    if "query" in request:
        return request
    query = _query(specifier)
    return {**request, "query": query} if query != GetMeterReadings() else request


def read_cancel(payload: Element, header: Header, request: dict[str, object]) -> dict[str, object]:
    """Return the fields of a request to end reports, by the ids that the element names.

    Raises:
        RemoteProtocolError: 1.7 without any, 1.8 for another party's.
    """
    element = required(payload, OADR, "oadrCancelReport")
    same_sender(element, "venID", header)
    named = tuple(text_of(one).strip() for one in children(element, EI, "reportRequestID"))
    if not named:
        raise refusal(Code.PAYLOAD_INCOMPLETE, "reportRequestID is missing in oadrCancelReport")
    if request.get("ids"):
        return request
    follows = leaves(element, PYLD, _FOLLOWS).get("follows")
    options = ((TO_FOLLOW, "true"),) if follows else ()
    return {**request, "ids": named, "options": (*_pairs(request), *options)}


def _pairs(request: dict[str, object]) -> Iterable[tuple[str, str]]:
    options = request.get("options", ())
    return options if isinstance(options, tuple) else ()


def _points(query: GetMeterReadings | None) -> list[str]:
    """Return the data points of a query, where it names both resources and quantities."""
    fields = [field for field, kind in READINGS.items() if query and kind in query.types]
    devices = query.devices if query else ()
    return [f"{device}/{field}" for device in devices for field in fields] or [EVERYTHING]


def _query(specifier: Element) -> GetMeterReadings:
    """Return what is asked for: every data point, or the same ones of each resource."""
    period = child(specifier, EI, "reportInterval")
    properties = None if period is None else required(period, XCAL, "properties")
    interval = None if properties is None else read_period(properties, "reportInterval")
    parts = children(specifier, EI, "specifierPayload")
    names = [str(leaves(part, EI, _POINT).get("id", "")) for part in parts]
    if names == [EVERYTHING] or not names:
        return build(GetMeterReadings, "oadrCreateReport", {"interval": interval})
    fields: dict[str, list[str]] = {}
    for name in names:
        resource, _, field = name.rpartition("/")
        if not resource or field not in READINGS:
            raise refusal(Code.READING_TYPE, f"rID {quoted(name)} is not known")
        fields.setdefault(resource, []).append(field)
    wanted = {frozenset(each) for each in fields.values()}
    if len(wanted) > 1:
        reason = "oadrCreateReport: ask for the same data points of each resource"
        raise refusal(Code.READING_TYPE, reason)
    types = tuple(kind for field, kind in READINGS.items() if field in next(iter(wanted)))
    values = {"devices": tuple(fields), "types": types, "interval": interval}
    return build(GetMeterReadings, "oadrCreateReport", values)
