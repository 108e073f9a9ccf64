"""EndDeviceConfig with our `capability` or `admission` beside it, and the domain's card."""

from xmpp_cem.messages.configuration import Admission, DomainCard, EndDeviceConfig
from xmpp_cem.model.resource import Capability
from xmpp_cem.wire.capability import fill_capability, read_capability
from xmpp_cem.wire.codes import Code, refusal
from xmpp_cem.wire.fields import Fields, attributes, build, leaves, set_attributes, text_of
from xmpp_cem.wire.namespaces import ADMISSION, CAPABILITY, CARD, CONFIG
from xmpp_cem.wire.programmes import append_siblings, read_siblings
from xmpp_cem.wire.scalars import INTEGER, TEXT, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child, children

PARTY: Fields = {"party": ("party", TOKEN)}
DEVICE: Fields = {"id": ("mRID", TOKEN)}
ADMITTED: Fields = {
    "domain": ("domain", TOKEN),
    "service": ("service", TEXT),
    "reports": ("reports", TEXT),
    "uplink": ("uplink", TOKEN),
    "report_every_s": ("reportEverySeconds", INTEGER),
    "confirmed": ("confirmed", INTEGER),
}
FIELDS: Fields = {
    "domain": ("domain", TOKEN),
    "vtn": ("vtn", TEXT),
    "service": ("service", TEXT),
    "profile": ("profile", TEXT),
    "version": ("version", TEXT),
    "uplink": ("uplink", TOKEN),
}


def append_config(payload: Draft, body: EndDeviceConfig) -> None:
    """Write the noun with one EndDevice for each resource, then what it cannot say.

    A party that tells neither capability nor admission has an empty `capability`.
    """
    noun = append(payload, CONFIG, "EndDeviceConfig")
    if body.capability is not None:
        for resource in body.capability.resources:
            append(append(noun, CONFIG, "EndDevice"), CONFIG, "mRID", resource.id)
    if body.capability is not None or body.admission is None:
        element = append(payload, CAPABILITY, "capability")
        set_attributes(element, body, PARTY)
        if body.capability is not None:
            fill_capability(element, CAPABILITY, body.capability)
    if body.admission is not None:
        element = append(payload, ADMISSION, "admission")
        set_attributes(element, body, PARTY)
        _fill_admission(element, body.admission)
    append_siblings(payload, body)


def read_config(payload: Element) -> EndDeviceConfig | None:
    """Return the noun's content, or None without it.

    Raises:
        RemoteProtocolError: 1.8 when noun, capability and admission do not tell of the same.
    """
    noun = child(payload, CONFIG, "EndDeviceConfig")
    if noun is None:
        return None
    told = child(payload, CAPABILITY, "capability")
    admitted = child(payload, ADMISSION, "admission")
    if told is None and admitted is None:
        raise refusal(Code.INVALID, "EndDeviceConfig stands without capability or admission")
    parties = [attributes(part, PARTY) for part in (told, admitted) if part is not None]
    if parties[0] != parties[-1]:
        raise refusal(Code.INVALID, "capability and admission differ in party")
    capability = None if told is None else _read_told(told)
    _agree(noun, capability)
    admission = None if admitted is None else _read_admission(admitted)
    values = {
        **parties[0],
        **read_siblings(payload),
        "capability": capability,
        "admission": admission,
    }
    return build(EndDeviceConfig, "EndDeviceConfig", values)


def append_card(payload: Draft, body: DomainCard) -> None:
    """Write the card."""
    set_attributes(append(payload, CARD, "card"), body, FIELDS)


def read_card(payload: Element) -> DomainCard | None:
    """Return the card, or None without it."""
    element = child(payload, CARD, "card")
    if element is None:
        return None
    return build(DomainCard, "card", attributes(element, FIELDS), FIELDS)


def _read_told(element: Element) -> Capability | None:
    if element.get("revision") is None and element.get("at") is None and not len(element):
        return None
    return read_capability(element, CAPABILITY)


def _agree(noun: Element, capability: Capability | None) -> None:
    stated = [
        str(leaves(device, CONFIG, DEVICE).get("id"))
        for device in children(noun, CONFIG, "EndDevice")
    ]
    told = [] if capability is None else [resource.id for resource in capability.resources]
    if sorted(stated) != sorted(told):
        raise refusal(Code.INVALID, "EndDevice and resource differ in mRID or number")


def _fill_admission(element: Draft, admission: Admission) -> None:
    set_attributes(element, admission, ADMITTED)
    for node in admission.events:
        append(element, ADMISSION, "events", node)
    for watcher in admission.watchers:
        append(element, ADMISSION, "watcher", watcher)


def _read_admission(element: Element) -> Admission:
    values = {
        **attributes(element, ADMITTED),
        "events": tuple(text_of(node) for node in children(element, ADMISSION, "events")),
        "watchers": tuple(text_of(one) for one in children(element, ADMISSION, "watcher")),
    }
    return build(Admission, "admission", values, ADMITTED)
