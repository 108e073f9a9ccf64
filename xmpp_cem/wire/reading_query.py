"""GetMeterReadings, what a Request for MeterReadings asks for."""

from collections.abc import Mapping

from xmpp_cem.messages.readings import GetMeterReadings
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.codes import Code, refusal
from xmpp_cem.wire.fields import INTERVAL, append_leaves, build, leaves, text_of
from xmpp_cem.wire.namespaces import GET_READINGS, MESSAGE
from xmpp_cem.wire.reading_types import read_type
from xmpp_cem.wire.xml import Draft, Element, append, child, children, required

_UNSUPPORTED = ("EndDeviceGroup", "UsagePoint", "ReadingQuality")
"""What the noun can also select by: to pass over it would answer more than was asked for."""


def append_query(parent: Draft, request: Draft | None, query: GetMeterReadings | None) -> None:
    """Write the query as the last child of the message's Request, nothing without a query."""
    if query is None:
        return
    element = append(
        request or append(parent, MESSAGE, "Request"), GET_READINGS, "GetMeterReadings"
    )
    for device in query.devices:
        append(append(element, GET_READINGS, "EndDevice"), GET_READINGS, "mRID", device)
    for kind in query.types:
        names = append(append(element, GET_READINGS, "ReadingType"), GET_READINGS, "Names")
        append(names, GET_READINGS, "name", str(kind))
    if query.interval is not None:
        schedule = append(element, GET_READINGS, "TimeSchedule")
        interval = append(schedule, GET_READINGS, "scheduleInterval")
        append_leaves(interval, GET_READINGS, query.interval, INTERVAL)


def read_query(root: Element) -> Mapping[str, GetMeterReadings]:
    """Return `query` where the Request holds one.

    Raises:
        RemoteProtocolError: 2.6 for a broken reading type, 2.10 for an unknown one, 1.8 for a
            selection that the profile does not have, else as `build`.
    """
    request = child(root, MESSAGE, "Request")
    element = None if request is None else child(request, GET_READINGS, "GetMeterReadings")
    if element is None:
        return {}
    for name in _UNSUPPORTED:
        if children(element, GET_READINGS, name):
            raise refusal(Code.INVALID, f"GetMeterReadings: nothing is selected by {name} here")
    devices = (
        required(part, GET_READINGS, "mRID")
        for part in children(element, GET_READINGS, "EndDevice")
    )
    types = (
        required(required(part, GET_READINGS, "Names"), GET_READINGS, "name")
        for part in children(element, GET_READINGS, "ReadingType")
    )
    values = {
        "devices": tuple(text_of(device).strip() for device in devices),
        "types": tuple(read_type(text_of(kind)) for kind in types),
        "interval": _read_interval(element),
    }
    return {"query": build(GetMeterReadings, "GetMeterReadings", values)}


def _read_interval(element: Element) -> Interval | None:
    schedule = child(element, GET_READINGS, "TimeSchedule")
    if schedule is None:
        return None
    interval = required(schedule, GET_READINGS, "scheduleInterval")
    return build(Interval, "scheduleInterval", leaves(interval, GET_READINGS, INTERVAL))
