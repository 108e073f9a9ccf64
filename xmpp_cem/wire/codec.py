"""Bytes to messages and back: what the rest of the program uses of this package."""

from functools import lru_cache

from xmpp_cem.errors import LocalProtocolError, RemoteProtocolError
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import (
    EventMessage,
    FaultMessage,
    Header,
    Message,
    Noun,
    OperationSet,
    RequestMessage,
    ResponseMessage,
    Verb,
)
from xmpp_cem.model.availability import Leadership, Offer
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.contents import payload_of, read_document
from xmpp_cem.wire.envelope import append_reply, append_request, read_reply, read_request
from xmpp_cem.wire.fields import build
from xmpp_cem.wire.header import Start, append_header, read_header, read_message_id, read_start
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.operation_set import append_operations, read_operations
from xmpp_cem.wire.payloads import IEC61968_9
from xmpp_cem.wire.presence import leadership_element, offer_element, read_extension
from xmpp_cem.wire.profile import Profile, Told
from xmpp_cem.wire.reading_query import append_query, read_query
from xmpp_cem.wire.rules import (
    NEED_BODY,
    ROOTS,
    Flow,
    Root,
    broken_operation,
    broken_rule,
    is_spoken,
)
from xmpp_cem.wire.xml import Draft, Element, append, canonical, parse, qualified
from xmpp_cem.wire.xml import root as new_root

__all__ = ["Flow", "decode", "decode_presence", "encode", "encode_presence"]

LARGEST_OUTPUT = 60_000
"""Bytes of a message that we send: what servers take on their stock settings (design: payload)."""

_ROOTS = {qualified(MESSAGE, name.value): name for name in Root}


def encode(message: Message, profile: Profile = IEC61968_9) -> bytes:
    """Return a message in canonical form: UTF-8, no declaration, no prefixes.

    Raises:
        LocalProtocolError: for a message that the tables of `rules` forbid or `profile` cannot
            say, text that XML cannot carry, or more than 60,000 bytes.
    """
    if not isinstance(message, FaultMessage):
        _judge(message)
        profile.refuse(message)
    if isinstance(message, RequestMessage) and message.operations is not None:
        _judge_operations(message.operations)
    element = new_root(MESSAGE, _root_of(message).value)
    try:
        _fill(element, message, profile)
    except ValueError as error:
        raise LocalProtocolError(f"text that XML cannot carry: {error}") from error
    return _bounded(element)


def decode(data: bytes, flow: Flow, profile: Profile = IEC61968_9) -> Message:
    """Return the message in `data`, whatever prefixes and order of children it uses.

    What later minor revisions add, elements and attributes, is ignored. The bytes may have been
    re-written by servers on their way: authenticity is not judged here.

    Raises:
        RemoteProtocolError: with a code of `codes.Code`, and the MessageID where it can be read.
    """
    element = read_document(data)
    try:
        return _read(element, flow, profile)
    except RemoteProtocolError as error:
        message_id = read_message_id(element)
        raise RemoteProtocolError(error.code, error.reason, message_id) from None


def encode_presence(value: Offer | Leadership) -> bytes:
    """Return a presence's extension in canonical form.

    Raises:
        LocalProtocolError: for text that XML cannot carry or more than 60,000 bytes.
    """
    try:
        element = offer_element(value) if isinstance(value, Offer) else leadership_element(value)
    except ValueError as error:
        raise LocalProtocolError(f"text that XML cannot carry: {error}") from error
    return _bounded(element)


@lru_cache(maxsize=64)  # a server tells each watcher the same, and again with each connection
def decode_presence(extension: bytes) -> Offer | Leadership | None:
    """Return what a presence's extension says, None for an element that is not ours.

    Raises:
        RemoteProtocolError: for bytes that are no XML, and for a broken element of ours.
    """
    return read_extension(parse(extension))


def _bounded(element: Draft) -> bytes:
    data = canonical(element)
    if len(data) > LARGEST_OUTPUT:
        raise LocalProtocolError(f"{len(data)} bytes; at most {LARGEST_OUTPUT} may be sent")
    return data


def _root_of(message: Message) -> Root:
    match message:
        case RequestMessage():
            return Root.REQUEST
        case ResponseMessage():
            return Root.RESPONSE
        case EventMessage():
            return Root.EVENT
        case FaultMessage():
            return Root.FAULT


def _judge(message: Told) -> None:
    header = message.header
    match message:
        case RequestMessage():
            flow = Flow.QUERY if header.verb is Verb.GET else Flow.TRANSACTION
        case ResponseMessage():
            flow = Flow.REPLY
        case EventMessage():
            flow = Flow.EVENT
    broken = broken_rule(flow, header.verb, header.noun)
    if broken:
        raise LocalProtocolError(broken[1])
    if not is_spoken(header.revision):
        raise LocalProtocolError(f"Revision {quoted(header.revision)} is not this profile's")
    _judge_body(header.verb, header.noun, message.body)


def _judge_operations(several: OperationSet) -> None:
    for operation in several.operations:
        broken = broken_operation(operation.verb, operation.noun)
        if broken:
            raise LocalProtocolError(broken[1])
        _judge_body(operation.verb, operation.noun, operation.body)


def _judge_body(verb: Verb, noun: Noun, body: Body | None) -> None:
    if body is None and verb in NEED_BODY:
        raise LocalProtocolError(f"{verb} {noun} needs a payload")
    if body is not None and body.noun != noun:
        raise LocalProtocolError(f"the payload of {noun} is {body.noun}")
    if isinstance(body, EndDeviceControls) and body.unread:
        raise LocalProtocolError("what could not be read cannot be written")


def _fill(element: Draft, message: Message, profile: Profile) -> None:
    if isinstance(message, FaultMessage):
        append_reply(element, message)
        return
    form = profile.formats.get(message.header.noun)
    append_header(element, message.header, form.name(message) if form else message.header.noun)
    if isinstance(message, RequestMessage):
        append_query(element, append_request(element, message), message.query)
    if isinstance(message, ResponseMessage):
        append_reply(element, message)
    if isinstance(message, RequestMessage) and message.operations is not None:
        append_operations(append(element, MESSAGE, "Payload"), message.operations)
    if form is not None and (form.is_whole or message.body is not None):
        form.append(append(element, MESSAGE, "Payload"), message)


def _read(element: Element, flow: Flow, profile: Profile) -> Message:
    name = _ROOTS.get(str(element.tag))
    if name is None:
        raise refusal(Code.INVALID, f"{quoted(str(element.tag))} is no message of IEC 61968-100")
    if name not in ROOTS[flow]:
        raise refusal(Code.VERB, f"flow {flow} carries no {name}")
    if name is Root.FAULT:
        return build(FaultMessage, "FaultMessage", read_reply(element))
    head, start = read_start(element)
    payload = payload_of(element)
    start = {**start, "noun": profile.recognise(payload, start)}
    _judge_start(flow, name, start)
    header = read_header(head, start)
    values = {"header": header, **_read_content(payload, header, profile)}
    match name:
        case Root.REQUEST:
            request = {**read_request(element), **read_query(element)}
            asked = profile.asked(payload, header, request)
            return build(RequestMessage, name, {**values, **asked})
        case Root.RESPONSE:
            reply = profile.complete(payload, read_reply(element))
            return build(ResponseMessage, name, {**values, **reply})
        case Root.EVENT:
            return build(EventMessage, name, values)


def _judge_start(flow: Flow, name: Root, start: Start) -> None:
    """Refuse a verb or noun that does not belong here; a late answer speaks as a reply."""
    spoken = Flow.REPLY if name is Root.RESPONSE else flow
    broken = broken_rule(spoken, str(start["verb"]), str(start["noun"]))
    if broken:
        raise refusal(*broken)
    if spoken is not flow and "correlation_id" not in start:
        raise refusal(Code.HEADER_INCOMPLETE, "CorrelationID is missing in an answer that is late")


def _read_content(payload: Element | None, header: Header, profile: Profile) -> dict[str, object]:
    if header.noun is Noun.OPERATION_SET and header.verb is Verb.EXECUTE:
        if payload is None:
            raise refusal(Code.PAYLOAD_INCOMPLETE, "the payload of OperationSet is missing")
        return {"operations": read_operations(payload)}
    reads = profile.formats.get(header.noun)
    body = reads.read(payload, header) if reads and payload is not None else None
    if body is None and header.verb in NEED_BODY:
        raise refusal(Code.PAYLOAD_INCOMPLETE, f"the payload of {header.noun} is missing")
    return {"body": body}
