"""EiRegisterParty: registration, and what the VTN tells a registered party."""

from collections.abc import Mapping

from xmpp_cem.messages.configuration import Admission, EndDeviceConfig
from xmpp_cem.messages.envelope import Header, RequestMessage, ResponseMessage, Verb
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, build, leaves, read, written
from xmpp_cem.wire.namespaces import ADMISSION
from xmpp_cem.wire.openadr.capability import append_capability, read_capability
from xmpp_cem.wire.openadr.names import EI, METADATA, OADR, PYLD
from xmpp_cem.wire.openadr.reportrequests import append_request
from xmpp_cem.wire.openadr.responses import append_response
from xmpp_cem.wire.openadr.sources import same_sender, sender
from xmpp_cem.wire.profile import Told
from xmpp_cem.wire.scalars import INTEGER, TEXT, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child, children, required

PROFILE, TRANSPORT = "2.0b", "xmpp"

_ADMITTED: Fields = {
    "domain": ("domain", TOKEN),
    "service": ("service", TEXT),
    "reports": ("reports", TEXT),
    "uplink": ("uplink", TOKEN),
    "report_every_s": ("reportEverySeconds", INTEGER),
    "confirmed": ("confirmed", INTEGER),
}
_LISTS = {"events": "events", "watchers": "watcher"}
_EXTENSION: Fields = {"name": ("oadrExtensionName", TOKEN)}
_INFO: Fields = {"key": ("oadrKey", TOKEN), "value": ("oadrValue", TEXT)}


def append_config(payload: Draft, message: Told) -> None:
    """Write a registration, its confirmation, a capability, or what is asked about them."""
    body, header = message.body, message.header
    if isinstance(body, EndDeviceConfig):
        if body.capability is not None:
            append_capability(payload, header, body)
        elif body.admission is not None or isinstance(message, ResponseMessage):
            _append_confirmation(append(payload, OADR, "oadrCreatedPartyRegistration"), message)
        else:
            _append_registration(append(payload, OADR, "oadrCreatePartyRegistration"), message)
    elif isinstance(message, RequestMessage) and asks_another(message):
        append_request(payload, message, METADATA)
    elif isinstance(message, RequestMessage):
        is_query = header.verb is Verb.GET
        name = "oadrQueryRegistration" if is_query else "oadrCancelPartyRegistration"
        element = append(payload, OADR, name)
        append(element, PYLD, "requestID", header.message_id)
        if not is_query:
            append(element, EI, "registrationID", header.source)
            append(element, EI, "venID", header.source)
    else:
        append_response(append(payload, OADR, "oadrResponse"), message)


def asks_another(message: RequestMessage) -> bool:
    """Whether a query is for another party's capability, and not for one's own registration."""
    is_query = message.header.verb is Verb.GET
    return is_query and bool(message.names) and message.names[0] != message.header.source


def read_config(payload: Element, header: Header) -> EndDeviceConfig | None:
    """Return what was registered, confirmed or offered; None for a query and a plain answer.

    Raises:
        RemoteProtocolError: 1.8 for another transport than XMPP, 1.9 for another profile than
            2.0b, else as `build`.
    """
    again = child(payload, OADR, "oadrRequestReregistration")
    if again is not None:
        required(again, EI, "venID")
    capability = child(payload, OADR, "oadrRegisterReport")
    if capability is not None:
        party = sender(capability, "venID") or header.source
        values = {"party": party, "capability": read_capability(capability)}
        return build(EndDeviceConfig, "oadrRegisterReport", values)
    wanted = child(payload, OADR, "oadrCreatePartyRegistration")
    if wanted is not None:
        return _read_registration(wanted, header)
    confirmed = child(payload, OADR, "oadrCreatedPartyRegistration")
    return None if confirmed is None else _read_confirmation(confirmed, header)


def _append_registration(element: Draft, message: Told) -> None:
    body = message.body
    append(element, PYLD, "requestID", message.header.message_id)
    party = body.party if isinstance(body, EndDeviceConfig) else message.header.source
    append(element, EI, "venID", party)
    append(element, OADR, "oadrProfileName", PROFILE)
    append(element, OADR, "oadrTransportName", TRANSPORT)
    # No oadrTransportAddress: the address is what the sender's server has stamped on the iq.
    for name in ("oadrReportOnly", "oadrXmlSignature"):
        append(element, OADR, name, "false")
    append(element, OADR, "oadrVenName", party)
    append(element, OADR, "oadrHttpPullModel", "false")


def _read_registration(element: Element, header: Header) -> EndDeviceConfig:
    fields: Fields = {
        "profile": ("oadrProfileName", TOKEN),
        "transport": ("oadrTransportName", TOKEN),
    }
    stated = leaves(element, OADR, fields)
    if stated.get("profile") != PROFILE:
        raise refusal(Code.REVISION, f"oadrProfileName {quoted(str(stated.get('profile')))}")
    if stated.get("transport") != TRANSPORT:
        raise refusal(Code.INVALID, f"oadrTransportName {quoted(str(stated.get('transport')))}")
    party = sender(element, "venID") or header.source
    return build(EndDeviceConfig, "oadrCreatePartyRegistration", {"party": party})


def _append_confirmation(element: Draft, message: Told) -> None:
    body = message.body
    append_response(element, message)
    party = body.party if isinstance(body, EndDeviceConfig) else message.header.source
    append(element, EI, "registrationID", party)
    append(element, EI, "venID", party)
    append(element, EI, "vtnID", message.header.source)
    profile = append(append(element, OADR, "oadrProfiles"), OADR, "oadrProfile")
    append(profile, OADR, "oadrProfileName", PROFILE)
    transport = append(append(profile, OADR, "oadrTransports"), OADR, "oadrTransport")
    append(transport, OADR, "oadrTransportName", TRANSPORT)
    if isinstance(body, EndDeviceConfig) and body.admission is not None:
        extensions = append(element, OADR, "oadrExtensions")
        _append_admission(append(extensions, OADR, "oadrExtension"), body.admission)


def _append_admission(element: Draft, admission: Admission) -> None:
    append(element, OADR, "oadrExtensionName", ADMISSION)
    pairs = list(written(admission, _ADMITTED))
    for field, key in _LISTS.items():
        pairs += [(key, text) for text in getattr(admission, field)]
    for key, text in pairs:
        info = append(element, OADR, "oadrInfo")
        append(info, OADR, "oadrKey", key)
        append(info, OADR, "oadrValue", text)


def _read_confirmation(element: Element, header: Header) -> EndDeviceConfig | None:
    same_sender(element, "vtnID", header)
    admission = None
    extensions = child(element, OADR, "oadrExtensions")
    for extension in [] if extensions is None else children(extensions, OADR, "oadrExtension"):
        if leaves(extension, OADR, _EXTENSION).get("name") == ADMISSION:
            admission = _read_admission(extension)
    party = sender(element, "venID")
    if party is None:
        return None  # who asks and is not registered is told the profiles alone
    values = {"party": party, "admission": admission}
    return build(EndDeviceConfig, "oadrCreatedPartyRegistration", values)


def _read_admission(element: Element) -> Admission:
    texts: dict[str, str] = {}
    lists: Mapping[str, list[str]] = {key: [] for key in _LISTS.values()}
    for part in children(element, OADR, "oadrInfo"):
        stated = leaves(part, OADR, _INFO)
        key, value = str(stated.get("key", "")), str(stated.get("value", ""))
        if key in lists:
            lists[key].append(value)
        elif key in texts:
            raise refusal(Code.INVALID, f"more than one oadrKey {quoted(key)}")
        else:
            texts[key] = value
    values = {field: tuple(lists[key]) for field, key in _LISTS.items()}
    return build(Admission, "oadrExtension", {**read(texts, _ADMITTED), **values})
