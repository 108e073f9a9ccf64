"""Namespaces, services and elements of OpenADR 2.0b (IEC 62746-10-1)."""

from collections.abc import Mapping

from xmpp_cem.messages.envelope import Noun, Verb

OADR = "http://openadr.org/oadr-2.0b/2012/07"
EI = "http://docs.oasis-open.org/ns/energyinterop/201110"
PYLD = "http://docs.oasis-open.org/ns/energyinterop/201110/payloads"
EMIX = "http://docs.oasis-open.org/ns/emix/2011/06"
POWER = "http://docs.oasis-open.org/ns/emix/2011/06/power"
SCALE = "http://docs.oasis-open.org/ns/emix/2011/06/siscale"
XCAL = "urn:ietf:params:xml:ns:icalendar-2.0"
STRM = "urn:ietf:params:xml:ns:icalendar-2.0:stream"

EI_EVENT, EI_REPORT, EI_REGISTER, EI_OPT = "EiEvent", "EiReport", "EiRegisterParty", "EiOpt"

METADATA = "METADATA"
"""reportSpecifierID by which metadata of all data points is asked for."""

MARKET_CONTEXT = "urn:xmpp-cem:programme:any"
"""The programme of events that name none; OpenADR wants one named."""

PROGRAMME = "urn:xmpp-cem:programme:id:"
"""What stands before the id of a programme that an event names."""

MAPPED = frozenset({Noun.CONTROLS, Noun.EVENTS, Noun.READINGS, Noun.CONFIG})
"""Our nouns that OpenADR has a service for."""

SERVICES: Mapping[str, Mapping[str, Noun]] = {
    EI_EVENT: {
        "oadrDistributeEvent": Noun.CONTROLS,
        "oadrRequestEvent": Noun.CONTROLS,
        "oadrCreatedEvent": Noun.EVENTS,
    },
    EI_REPORT: {
        "oadrUpdateReport": Noun.READINGS,
        "oadrUpdatedReport": Noun.READINGS,
        "oadrCreateReport": Noun.READINGS,
        "oadrCreatedReport": Noun.READINGS,
        "oadrCancelReport": Noun.READINGS,
        "oadrCanceledReport": Noun.READINGS,
        "oadrResponse": Noun.READINGS,
        "oadrRegisterReport": Noun.CONFIG,
        "oadrRegisteredReport": Noun.CONFIG,
    },
    EI_REGISTER: {
        "oadrCreatePartyRegistration": Noun.CONFIG,
        "oadrCreatedPartyRegistration": Noun.CONFIG,
        "oadrCancelPartyRegistration": Noun.CONFIG,
        "oadrCanceledPartyRegistration": Noun.CONFIG,
        "oadrQueryRegistration": Noun.CONFIG,
        "oadrRequestReregistration": Noun.CONFIG,
        "oadrResponse": Noun.CONFIG,
    },
    EI_OPT: {
        "oadrCreateOpt": Noun.EVENTS,
        "oadrCreatedOpt": Noun.EVENTS,
        "oadrCancelOpt": Noun.EVENTS,
        "oadrCanceledOpt": Noun.EVENTS,
        "oadrResponse": Noun.EVENTS,
    },
}
"""Service and element to our noun; who sends decides on `oadrResponse` of EiEvent."""

VERBS: Mapping[str, Verb] = {
    "oadrRequestEvent": Verb.GET,
    "oadrCreateReport": Verb.GET,
    "oadrQueryRegistration": Verb.GET,
    "oadrRequestReregistration": Verb.GET,
    "oadrCancelPartyRegistration": Verb.DELETE,
    "oadrCancelOpt": Verb.CANCEL,
    "oadrCancelReport": Verb.CANCEL,
    "oadrCanceledReport": Verb.REPLY,
    "oadrResponse": Verb.REPLY,
    "oadrUpdatedReport": Verb.REPLY,
    "oadrCreatedReport": Verb.REPLY,
    "oadrRegisteredReport": Verb.REPLY,
    "oadrCanceledPartyRegistration": Verb.REPLY,
    "oadrCreatedOpt": Verb.REPLY,
    "oadrCanceledOpt": Verb.REPLY,
}
"""Elements without content to the one verb that they fit."""
