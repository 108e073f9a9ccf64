"""The profile openadr-2.0b: OpenADR's payloads (IEC 62746-10-1) in our envelope and flows."""

from collections.abc import Callable, Mapping

from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, ResponseMessage, Verb
from xmpp_cem.messages.events import EndDeviceEvents, StatusType
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.openadr.answers import append_answers, read_answers
from xmpp_cem.wire.openadr.distribution import append_controls, read_controls
from xmpp_cem.wire.openadr.gaps import GAPS
from xmpp_cem.wire.openadr.losses import LOSSES
from xmpp_cem.wire.openadr.names import (
    EI_EVENT,
    EI_OPT,
    EI_REGISTER,
    EI_REPORT,
    MAPPED,
    OADR,
    SERVICES,
    VERBS,
)
from xmpp_cem.wire.openadr.opts import (
    append_end,
    append_override,
    append_schedules,
    append_taken,
    names_an_opt,
    read_ended,
    read_opt,
)
from xmpp_cem.wire.openadr.registration import append_config, asks_another, read_config
from xmpp_cem.wire.openadr.reportrequests import asks_for_metadata, read_cancel, read_request
from xmpp_cem.wire.openadr.reports import append_readings, read_readings
from xmpp_cem.wire.openadr.responses import append_response, complete
from xmpp_cem.wire.openadr.sources import sender
from xmpp_cem.wire.payloads import STANDALONE
from xmpp_cem.wire.profile import NounFormat, Profile, Told
from xmpp_cem.wire.xml import Draft, Element, append, local_name, qualified


def _always(service: str) -> Callable[[Told], str]:
    return lambda _: service


def _events_service(message: Told) -> str:
    body = message.body
    has_opt = isinstance(body, EndDeviceEvents) and bool(body.statuses or body.schedules)
    return EI_OPT if has_opt or _ends_opt(message) or names_an_opt(message) else EI_EVENT


def _ends_opt(message: Told) -> bool:
    return isinstance(message, RequestMessage) and message.body is None


def _config_service(message: Told) -> str:
    body = message.body
    has_capability = isinstance(body, EndDeviceConfig) and body.capability is not None
    wants_capability = isinstance(message, RequestMessage) and asks_another(message)
    return EI_REPORT if has_capability or wants_capability else EI_REGISTER


def _append_events(payload: Draft, message: Told) -> None:
    body = message.body
    if isinstance(message, RequestMessage) and body is None:
        append_end(payload, message)
    elif isinstance(body, EndDeviceEvents) and body.schedules:
        append_schedules(payload, message, body.schedules)
    elif isinstance(message, ResponseMessage) and names_an_opt(message):
        append_taken(payload, message)
    elif isinstance(body, EndDeviceEvents) and body.statuses:
        append_override(payload, message, body.statuses[0])
    elif isinstance(body, EndDeviceEvents):
        append_answers(payload, message, body)
    else:
        append_response(append(payload, OADR, "oadrResponse"), message)


def _read_events(payload: Element, header: Header) -> EndDeviceEvents | None:
    return read_answers(payload, header) or read_opt(payload, header)


def _asked(
    payload: Element | None, header: Header, request: dict[str, object]
) -> dict[str, object]:
    """Return the fields of a Request, with what OpenADR's element says where it does not."""
    if payload is None:
        return request
    match header.verb, header.noun:
        case Verb.GET, Noun.READINGS:
            return read_request(payload, request)
        case Verb.CANCEL, Noun.READINGS:
            return read_cancel(payload, header, request)
        case Verb.CANCEL, Noun.EVENTS if ended := read_ended(payload, header):
            return request if request.get("ids") else {**request, "ids": (ended,)}
        case _:
            return request


def _recognise(payload: Element | None, start: Mapping[str, object]) -> str:
    """Return the noun; nouns of ours that OpenADR has no service for stand as they are."""
    name = str(start["noun"])
    if name not in SERVICES:
        if name in MAPPED:
            raise refusal(Code.NOUN, f"{name} has a service of OpenADR in this profile")
        return name
    element = _only(payload, name)
    kind = local_name(element)
    if kind not in SERVICES[name] and (name, kind) != (EI_EVENT, "oadrResponse"):
        raise refusal(Code.INVALID, f"{quoted(kind)} does not belong to {name}")
    verb = str(start["verb"])
    if VERBS.get(kind, verb) != verb:
        raise refusal(Code.VERB, f"{quoted(verb)} does not fit {kind}")
    if kind == "oadrCreateReport" and asks_for_metadata(element):
        return Noun.CONFIG
    if kind in SERVICES[name]:
        return SERVICES[name][kind]
    # Both sides answer so: a VEN to events, naming itself, and a VTN to their answers.
    return Noun.CONTROLS if sender(element, "venID") == start["source"] else Noun.EVENTS


def _only(payload: Element | None, service: str) -> Element:
    found = [] if payload is None else list(payload.iterchildren(qualified(OADR, "*")))
    if not found:
        raise refusal(Code.PAYLOAD_INCOMPLETE, f"{service} has no element of OpenADR")
    if len(found) > 1:
        raise refusal(Code.INVALID, f"{service} has more than one element of OpenADR")
    return found[0]


OPENADR_20B = Profile(
    name="openadr-2.0b",
    schema="oadr_20b.xsd",
    formats={
        **{noun: form for noun, form in STANDALONE.items() if noun not in MAPPED},
        Noun.CONTROLS: NounFormat(_always(EI_EVENT), append_controls, read_controls, is_whole=True),
        Noun.EVENTS: NounFormat(_events_service, _append_events, _read_events, is_whole=True),
        Noun.READINGS: NounFormat(
            _always(EI_REPORT), append_readings, read_readings, is_whole=True
        ),
        Noun.CONFIG: NounFormat(_config_service, append_config, read_config, is_whole=True),
    },
    recognise=_recognise,
    complete=complete,
    asked=_asked,
    losses=LOSSES,
    gaps=GAPS,
    tells_the_set=True,
    says_rules=False,
    statuses=frozenset({StatusType.OVERRIDDEN}),
)
"""What our flows say as an OpenADR 2.0b party says it; `losses` lists what it cannot say."""
