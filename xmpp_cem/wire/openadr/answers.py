"""oadrCreatedEvent: answers to events."""

import re
from typing import Any

from xmpp_cem.messages.envelope import Header
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.ids import EventId, MessageId, PartyId, derived_id
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, build, leaves
from xmpp_cem.wire.openadr.names import EI, OADR, PYLD
from xmpp_cem.wire.openadr.responses import append_response, meant_code, told_code
from xmpp_cem.wire.openadr.scalars import INSTANT, read_event, write_event
from xmpp_cem.wire.openadr.sources import same_sender
from xmpp_cem.wire.profile import Told
from xmpp_cem.wire.scalars import TEXT, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child, children, required

OPTS = {Opt.IN: "optIn", Opt.OUT: "optOut"}

_OPTS = {text: opt for opt, text in OPTS.items()}
_RESPONSE: Fields = {
    "code": ("responseCode", TOKEN),
    "text": ("responseDescription", TEXT),
    "opt": ("optType", TOKEN),
}
_QUALIFIED: Fields = {"id": ("eventID", TOKEN), "number": ("modificationNumber", TOKEN)}
_DESCRIBED = re.compile(
    r"(?:(?P<power_w>-?\d{1,13}) W|all), capability (?P<revision>\d{1,16}), "
    r"answer (?P<sequence>\d{1,16})(?:, until (?P<until>[0-9TZ:.-]{20,30}))?(?:: (?P<reason>.+))?"
)


def answer_id(event: EventId, party: PartyId) -> MessageId:
    """Return the mRID of a party's answer to an event, which OpenADR has no place for."""
    return derived_id("answer", event, party)


def append_answers(payload: Draft, message: Told, body: EndDeviceEvents) -> None:
    """Write `oadrCreatedEvent`; what OpenADR has no place for is described in words."""
    element = append(append(payload, OADR, "oadrCreatedEvent"), PYLD, "eiCreatedEvent")
    append_response(element, message)
    responses = append(element, EI, "eventResponses")
    for answer in body.answers:
        part = append(responses, EI, "eventResponse")
        append(part, EI, "responseCode", told_code(answer.code))
        append(part, EI, "responseDescription", _description(answer))
        append(part, PYLD, "requestID", message.header.message_id)
        qualified = append(part, EI, "qualifiedEventID")
        event_id, number = write_event(answer.event, answer.order)
        append(qualified, EI, "eventID", event_id)
        append(qualified, EI, "modificationNumber", number)
        append(part, EI, "optType", OPTS[answer.opt])
    append(element, EI, "venID", message.header.source)


def read_answers(payload: Element, header: Header) -> EndDeviceEvents | None:
    """Return the answers, None without `oadrCreatedEvent`.

    An opt-in that does not describe watts promises all that is asked, as OpenADR means it. One
    with a responseCode that tells of a failure is a no, whatever it opts.

    Raises:
        RemoteProtocolError: 1.8 for an opt that is none, or for another party.
    """
    created = child(payload, OADR, "oadrCreatedEvent")
    if created is None:
        return None
    element = required(created, PYLD, "eiCreatedEvent")
    same_sender(element, "venID", header)
    responses = child(element, EI, "eventResponses")
    parts = [] if responses is None else children(responses, EI, "eventResponse")
    answers = tuple(_read_answer(part, header) for part in parts)
    return build(EndDeviceEvents, "oadrCreatedEvent", {"answers": answers})


def _description(answer: Answer) -> str:
    promised = "all" if answer.is_whole else f"{answer.power_w} W"
    stated = f"{promised}, capability {answer.revision}, answer {answer.sequence}"
    if answer.until is not None:
        stated += f", until {INSTANT.write(answer.until)}"
    return f"{stated}: {answer.reason}" if answer.reason else stated


def _read_answer(part: Element, header: Header) -> Answer:
    stated = leaves(part, EI, _RESPONSE)
    code, opt = str(stated.get("code", "")), str(stated.get("opt", ""))
    if opt not in _OPTS:
        raise refusal(Code.INVALID, f"optType {quoted(opt)} is neither optIn nor optOut")
    why = meant_code(code)
    meant = Opt.OUT if why else _OPTS[opt]
    qualified = leaves(required(part, EI, "qualifiedEventID"), EI, _QUALIFIED)
    event, order = read_event(str(qualified.get("id", "")), str(qualified.get("number", "")))
    values = {
        "id": answer_id(event, header.source),
        "event": event,
        "order": order,
        "opt": meant,
        "at": header.timestamp,
        "code": why,
        **_described(str(stated.get("text", "")), meant, header),
    }
    return build(Answer, "eventResponse", values)


def _described(text: str, opt: Opt, header: Header) -> dict[str, Any]:
    """Return what a description says; one in words of another make is the reason."""
    found = _DESCRIBED.fullmatch(text)
    if found is None:
        return counted(text, opt, header)
    numbers = {name: int(found[name] or 0) for name in ("power_w", "revision", "sequence")}
    whole = {} if found["power_w"] else {"is_whole": True}
    ends = {"until": INSTANT.read(found["until"])} if found["until"] else {}
    return {**numbers, **whole, **ends, "reason": found["reason"] or ""}


def counted(reason: str, opt: Opt, header: Header) -> dict[str, Any]:
    """Return what an answer of another make says: a yes is whole, and the later one wins."""
    count = max(1, int(header.timestamp.timestamp() * 1000))
    values = {"power_w": 0, "revision": 0, "sequence": count, "reason": reason[:256]}
    return values | ({"is_whole": True} if opt is Opt.IN else {})
