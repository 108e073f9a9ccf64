"""EiOpt: an owner's opt schedules, a customer's override, an opt to one event, and their ends."""

from uuid import UUID

from xmpp_cem.messages.envelope import Header, RequestMessage, ResponseMessage
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.messages.naming import ENDED, OPT
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.ids import MessageId, PartyId, derived_id
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, build, leaves, text_of
from xmpp_cem.wire.openadr.answers import OPTS, answer_id, counted
from xmpp_cem.wire.openadr.calendars import append_times, read_times
from xmpp_cem.wire.openadr.names import EI, EMIX, MARKET_CONTEXT, OADR, PROGRAMME, PYLD
from xmpp_cem.wire.openadr.responses import append_response
from xmpp_cem.wire.openadr.scalars import INSTANT, read_event
from xmpp_cem.wire.openadr.sources import same_sender
from xmpp_cem.wire.openadr.targets import read_resources
from xmpp_cem.wire.profile import Told
from xmpp_cem.wire.scalars import TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child, required

OVERRIDE, SCHEDULE = "overrideStatus", "x-schedule"

_OPTS = {text: opt for opt, text in OPTS.items()}
_OPT: Fields = {
    "id": ("optID", TOKEN),
    "opt": ("optType", TOKEN),
    "reason": ("optReason", TOKEN),
    "at": ("createdDateTime", INSTANT),
}
_CONTEXT: Fields = {"named": ("marketContext", TOKEN)}
_QUALIFIED: Fields = {"id": ("eventID", TOKEN), "number": ("modificationNumber", TOKEN)}


def opt_id(text: str, party: PartyId) -> MessageId:
    """Return the mRID of an opt; of an optID that is no UUID one that always follows from it."""
    try:
        return str(UUID(text)) if str(UUID(text)) == text else derived_id("opt", party, text)
    except ValueError:
        return derived_id("opt", party, text)


def append_override(payload: Draft, message: Told, status: Status) -> None:
    """Write an override as `oadrCreateOpt` without times."""
    element = append(payload, OADR, "oadrCreateOpt")
    append(element, EI, "optID", status.id)
    append(element, EI, "optType", OPTS[Opt.OUT])
    append(element, EI, "optReason", OVERRIDE)
    append(element, EI, "venID", message.header.source)
    append(element, EI, "createdDateTime", INSTANT.write(status.at))
    append(element, PYLD, "requestID", message.header.message_id)
    append(element, EI, "eiTarget")


def append_schedules(payload: Draft, message: Told, schedules: tuple[OptSchedule, ...]) -> None:
    """Write opt schedules that differ in their times alone as one `oadrCreateOpt`."""
    first = schedules[0]
    element = append(payload, OADR, "oadrCreateOpt")
    append(element, EI, "optID", first.id)
    append(element, EI, "optType", OPTS[first.opt])
    append(element, EI, "optReason", SCHEDULE)
    if first.programme:
        append(element, EMIX, "marketContext", PROGRAMME + first.programme)
    append(element, EI, "venID", message.header.source)
    append_times(element, schedules)
    append(element, EI, "createdDateTime", INSTANT.write(message.header.timestamp))
    append(element, PYLD, "requestID", message.header.message_id)
    target = append(element, EI, "eiTarget")
    for resource in first.resources:
        append(target, EI, "resourceID", resource)


def append_end(payload: Draft, message: RequestMessage) -> None:
    """Write the end of the opt that the request names as `oadrCancelOpt`."""
    element = append(payload, OADR, "oadrCancelOpt")
    append(element, PYLD, "requestID", message.header.message_id)
    append(element, EI, "optID", message.names[0])
    append(element, EI, "venID", message.header.source)


def append_taken(payload: Draft, message: ResponseMessage) -> None:
    """Write the answer to an opt schedule or to its end, by the type of the ID that it names."""
    (named,) = message.ids
    is_end = named.type == ENDED
    element = append(payload, OADR, "oadrCanceledOpt" if is_end else "oadrCreatedOpt")
    append_response(element, message)
    append(element, EI, "optID", named.text)


def names_an_opt(message: Told) -> bool:
    """Whether a message answers an opt schedule or its end."""
    if not isinstance(message, ResponseMessage) or message.body is not None:
        return False
    return [each.type in {OPT, ENDED} for each in message.ids] == [True]


def read_ended(payload: Element, header: Header) -> MessageId | None:
    """Return which opt ends, None where none does.

    Raises:
        RemoteProtocolError: 1.7 without an optID, 1.8 for another party's.
    """
    ended = child(payload, OADR, "oadrCancelOpt")
    if ended is None:
        return None
    same_sender(ended, "venID", header)
    return opt_id(text_of(required(ended, EI, "optID")).strip(), header.source)


def read_opt(payload: Element, header: Header) -> EndDeviceEvents | None:
    """Return opt schedules, an override or an answer; None without an oadrCreateOpt.

    With times it is a schedule, with an event and without times an answer to that, and with neither
    an override that stands until it ends.

    Raises:
        RemoteProtocolError: 2.29 for times of one event only, an opt-in with neither, or a market
            that is no programme of ours, 2.13 for a part of a party that is no resource.
    """
    element = child(payload, OADR, "oadrCreateOpt")
    if element is None:
        return None
    same_sender(element, "venID", header)
    stated = leaves(element, EI, _OPT)
    if stated.get("opt") not in _OPTS:
        raise refusal(Code.INVALID, f"optType {quoted(str(stated.get('opt', '')))} is not known")
    if "id" not in stated:
        raise refusal(Code.PAYLOAD_INCOMPLETE, "optID is missing in oadrCreateOpt")
    stated["id"] = opt_id(str(stated["id"]), header.source)
    stated["opt"] = _OPTS[str(stated["opt"])]
    if child(element, OADR, "oadrDeviceClass") is not None:
        raise refusal(Code.TARGET, "oadrCreateOpt: an oadrDeviceClass is not read here")
    times, event = read_times(element), child(element, EI, "qualifiedEventID")
    if times is not None and event is not None:
        raise refusal(Code.RELATION, "oadrCreateOpt: times for one event only are not read")
    if times is not None:
        return _schedules(element, stated, times)
    if event is not None:
        return _answer(element, event, stated, header)
    return _override(element, stated)


def _schedules(
    element: Element, stated: dict[str, object], times: list[dict[str, object]]
) -> EndDeviceEvents:
    reason = str(stated.get("reason", ""))
    alike = {
        "id": stated["id"],
        "opt": stated["opt"],
        "programme": _programme(element),
        "resources": read_resources(required(element, EI, "eiTarget")),
        "reason": "" if reason == SCHEDULE else reason,
    }
    built = tuple(build(OptSchedule, "oadrCreateOpt", {**alike, **time}) for time in times)
    return build(EndDeviceEvents, "oadrCreateOpt", {"schedules": built})


def _programme(element: Element) -> str | None:
    named = str(leaves(element, EMIX, _CONTEXT).get("named", MARKET_CONTEXT))
    if named == MARKET_CONTEXT:
        return None
    if not named.startswith(PROGRAMME):
        raise refusal(Code.RELATION, f"marketContext {quoted(named)} is no programme here")
    return named.removeprefix(PROGRAMME)


def _answer(
    element: Element, event: Element, stated: dict[str, object], header: Header
) -> EndDeviceEvents:
    if read_resources(required(element, EI, "eiTarget")):
        raise refusal(Code.TARGET, "oadrCreateOpt: an event is answered for the whole party")
    qualified = leaves(event, EI, _QUALIFIED)
    named, order = read_event(str(qualified.get("id", "")), str(qualified.get("number", "")))
    values = {
        "id": answer_id(named, header.source),
        "event": named,
        "order": order,
        "opt": stated["opt"],
        "at": header.timestamp,
        **counted(str(stated.get("reason", "")), Opt(str(stated["opt"])), header),
    }
    answer = build(Answer, "oadrCreateOpt", values)
    return build(EndDeviceEvents, "oadrCreateOpt", {"answers": (answer,)})


def _override(element: Element, stated: dict[str, object]) -> EndDeviceEvents:
    if stated.pop("opt") is not Opt.OUT:
        raise refusal(Code.RELATION, "oadrCreateOpt: an optIn needs times or an event")
    if read_resources(required(element, EI, "eiTarget")):
        raise refusal(Code.TARGET, "oadrCreateOpt: an override without times is of a whole party")
    reason = str(stated.pop("reason", ""))
    values = {
        **stated,
        "type": StatusType.OVERRIDDEN,
        "reason": "" if reason == OVERRIDE else reason,
    }
    status = build(Status, "oadrCreateOpt", values)
    return build(EndDeviceEvents, "oadrCreateOpt", {"statuses": (status,)})
