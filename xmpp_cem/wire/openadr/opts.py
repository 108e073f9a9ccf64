"""EiOpt: a customer's override as an opt-out, and its end."""

from xmpp_cem.messages.envelope import Header, RequestMessage
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, build, leaves
from xmpp_cem.wire.openadr.names import EI, OADR, PYLD, XCAL
from xmpp_cem.wire.openadr.scalars import read_event
from xmpp_cem.wire.openadr.sources import same_sender
from xmpp_cem.wire.profile import Told
from xmpp_cem.wire.scalars import INSTANT, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child

OVERRIDE = "overrideStatus"

_OPT: Fields = {
    "id": ("optID", TOKEN),
    "type": ("optType", TOKEN),
    "reason": ("optReason", TOKEN),
    "at": ("createdDateTime", INSTANT),
}
_QUALIFIED: Fields = {"id": ("eventID", TOKEN), "number": ("modificationNumber", TOKEN)}


def append_override(payload: Draft, message: Told, status: Status) -> None:
    """Write an override as `oadrCreateOpt`."""
    element = append(payload, OADR, "oadrCreateOpt")
    append(element, EI, "optID", status.id)
    append(element, EI, "optType", "optOut")
    append(element, EI, "optReason", OVERRIDE)
    append(element, EI, "venID", message.header.source)
    append(element, EI, "createdDateTime", INSTANT.write(status.at))
    append(element, PYLD, "requestID", message.header.message_id)
    append(element, EI, "eiTarget")


def append_end(payload: Draft, message: RequestMessage) -> None:
    """Write the end of the override that the request names as `oadrCancelOpt`."""
    element = append(payload, OADR, "oadrCancelOpt")
    append(element, PYLD, "requestID", message.header.message_id)
    append(element, EI, "optID", message.names[0])
    append(element, EI, "venID", message.header.source)


def read_override(payload: Element, header: Header) -> EndDeviceEvents | None:
    """Return the override, None without one or where one ends.

    Raises:
        RemoteProtocolError: 2.29 for an opt-in or a schedule, which have no form here.
    """
    ended = child(payload, OADR, "oadrCancelOpt")
    if ended is not None:
        same_sender(ended, "venID", header)
    element = child(payload, OADR, "oadrCreateOpt")
    if element is None:
        return None
    same_sender(element, "venID", header)
    stated = leaves(element, EI, _OPT)
    if stated.get("type") != "optOut" or child(element, XCAL, "vavailability") is not None:
        kind = quoted(str(stated.get("type", "")))
        raise refusal(Code.RELATION, f"oadrCreateOpt: an optOut from now on is read, not {kind}")
    reason = str(stated.get("reason", ""))
    values = {
        "id": stated.get("id"),
        "type": StatusType.OVERRIDDEN,
        "at": stated.get("at"),
        "event": _event(element),
        "reason": "" if reason == OVERRIDE else reason,
    }
    status = build(Status, "oadrCreateOpt", {k: v for k, v in values.items() if v is not None})
    return build(EndDeviceEvents, "oadrCreateOpt", {"statuses": (status,)})


def _event(element: Element) -> str | None:
    found = child(element, EI, "qualifiedEventID")
    if found is None:
        return None
    stated = leaves(found, EI, _QUALIFIED)
    return read_event(str(stated.get("id", "")), str(stated.get("number", "")))[0]
